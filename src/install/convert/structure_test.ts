import assert from "node:assert/strict";
import { checkStructure, withoutNulls } from "./structure.ts";

Deno.test("a structure that Kubernetes knows passes as it is", () => {
  const volume = {
    name: "v",
    projected: { sources: [{ secret: { name: "s", items: [{ key: "k", path: "p" }] } }] },
  };
  assert.deepEqual(checkStructure("Volume", volume), { value: volume, problems: [] });
  const resources = { limits: { cpu: 1, memory: "1Gi", "example.com/gpu": "1" } };
  assert.deepEqual(checkStructure("ResourceRequirements", resources), { value: resources, problems: [] });
});

Deno.test("unknown fields are left out at every depth, each told with its path", () => {
  const { value, problems } = checkStructure("Container", {
    name: "c",
    imagee: "x",
    env: [{ name: "A" }, { name: "B", valueForm: {} }],
    livenessProbe: { httpGet: { port: 80, paht: "/" } },
  });
  assert.deepEqual(value, {
    name: "c",
    env: [{ name: "A" }, { name: "B" }],
    livenessProbe: { httpGet: { port: 80 } },
  });
  assert.deepEqual(problems.map(({ path }) => path), [
    ".imagee",
    ".env[1].valueForm",
    ".livenessProbe.httpGet.paht",
  ]);
  assert.match(problems[0]?.what ?? "", /^is not a field of Kubernetes' Container/);
});

Deno.test("a structure that Kubernetes would refuse is not used, and every reason is told", () => {
  const { value, problems } = checkStructure("Container", { image: 7, ports: [{ containerPort: "80" }] });
  assert.equal(value, undefined);
  assert.deepEqual(problems.map(({ path }) => path).toSorted(), [
    ".image",
    ".name",
    ".ports[0].containerPort",
  ]);
  for (const other of ["text", 7, true, []]) {
    assert.equal(checkStructure("Toleration", other).value, undefined, JSON.stringify(other));
  }
});

Deno.test("null means absent", () => {
  assert.deepEqual(checkStructure("Volume", { name: "v", secret: null, emptyDir: {} }).value, {
    name: "v",
    emptyDir: {},
  });
  assert.deepEqual(withoutNulls({ a: null, b: [null, { c: null, d: 0 }], e: "" }), { b: [{ d: 0 }], e: "" });
  assert.equal(withoutNulls(null), null);
});
