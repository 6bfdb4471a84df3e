import assert from "node:assert/strict";
import { slim } from "./slim.ts";

Deno.test("values of environment variables go, their names and sources stay", () => {
  const from = { name: "B", valueFrom: { secretKeyRef: { name: "s", key: "k" } } };
  const pod = { spec: { containers: [{ name: "c", env: [{ name: "A", value: "v" }, from] }] } };
  assert.deepEqual(slim(pod), {
    spec: { containers: [{ name: "c", env: [{ name: "A", value: "[left out]" }, from] }] },
  });
  assert.deepEqual(slim({ spec: { extraEnv: [{ name: "A", value: "v" }] } }), {
    spec: { extraEnv: [{ name: "A", value: "[left out]" }] },
  });
});

Deno.test("managed fields and what was applied last go", () => {
  const metadata = {
    name: "x",
    managedFields: [{ manager: "m" }],
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", team: "a" },
  };
  assert.deepEqual(slim({ metadata }), { metadata: { name: "x", annotations: { team: "a" } } });
});

Deno.test("of Secrets and ConfigMaps the keys stay, alone and in lists", () => {
  const secret = { kind: "Secret", data: { key: "dmFsdWU=" }, stringData: "odd" };
  const shown = { kind: "Secret", data: { key: "[left out]" }, stringData: "[left out]" };
  assert.deepEqual([slim(secret), slim([secret])], [shown, [shown]]);
});

Deno.test("data of another depth is no Secret's, and odd shapes stay as they are", () => {
  const odd = { spec: { data: { a: 1 }, env: "text", list: [null, 1, { env: [null, "x"] }] } };
  assert.deepEqual(slim(odd), odd);
});
