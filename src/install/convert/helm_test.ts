import assert from "node:assert/strict";
import { parseControlPlane } from "../../api/control_plane.ts";
import { CHART_VALUES, OTHER_VALUES } from "../../../tests/cli/helm_values.ts";
import { Random, randomValues } from "../../../tests/cli/random_values.ts";
import { ConvertError } from "./convert_error.ts";
import { convertHelmValues } from "./helm.ts";
import { manifestText } from "./manifest.ts";
import { converted } from "./testing.ts";
import { parseValues } from "./values_text.ts";

Deno.test("the control plane has the chart's name unless another is given", () => {
  const { apiVersion, kind, metadata } = converted("").object;
  assert.deepEqual({ apiVersion, kind, metadata }, {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: "coder" },
  });
  assert.deepEqual(converted("", { name: "dev", namespace: "team" }).object.metadata, {
    name: "dev",
    namespace: "team",
  });
});

Deno.test("a name that cannot name a Service is refused", () => {
  for (const name of ["", "Dev", "1st", "a.b", "x".repeat(64)]) {
    assert.throws(
      () => converted("", { name }),
      (error) => error instanceof ConvertError && /cannot name/.test(error.message),
    );
  }
});

Deno.test("a workspace proxy is refused, with what to write instead", () => {
  assert.throws(
    () => converted("coder: {workspaceProxy: true}"),
    /CoderWorkspaceProxy.*CODER_PRIMARY_ACCESS_URL/,
  );
});

Deno.test("values that the chart does not have are told, each at the top of what is unknown", () => {
  const { said } = converted("coder: {imgae: {tag: x}, service: {typ: x}}\nother: {a: {b: 1}}\nglobal: {}\n");
  assert.deepEqual(said.map((line) => line.split(":")[0]), ["coder.imgae", "coder.service.typ", "other"]);
  assert.match(said[0] ?? "", /is not a value of the chart that this program knows/);
});

Deno.test("objects of one's own are named by their kind", () => {
  const { said } = converted(
    "extraTemplates: ['kind: ConfigMap', {apiVersion: v1, kind: Secret}, '{{ fail }}']\n",
  );
  assert.deepEqual(said.map((line) => line.replace(/ of your own.*/, "")), [
    "extraTemplates[0]: ConfigMap",
    "extraTemplates[1]: Secret",
    "extraTemplates[2]: an object",
  ]);
});

Deno.test("another name for the Deployment alone is told, the same name is not", () => {
  assert.match(converted("nameOverride: dev\n").said.join(), /^nameOverride: the Deployment is called coder/);
  assert.deepEqual(converted("nameOverride: dev\n", { name: "dev" }).said, []);
});

Deno.test("whatever the values, the result is a control plane that reads back from its YAML as it was", () => {
  for (let seed = 1000; seed < 1600; seed++) {
    const conversion = convertHelmValues(randomValues(new Random(seed), [...CHART_VALUES, ...OTHER_VALUES]));
    const { object, notes } = conversion;
    assert.doesNotThrow(() => parseControlPlane(object), `seed ${seed}`);
    assert.deepEqual(
      parseValues(manifestText(conversion)),
      JSON.parse(JSON.stringify(object)),
      `seed ${seed}`,
    );
    for (const { path, what } of notes) assert.ok(path !== "" && what !== "", `seed ${seed}`);
  }
});

Deno.test("what the user wrote is not changed", () => {
  const values = {
    coder: { podLabels: { "app.kubernetes.io/name": "x", a: "b" }, env: [{ name: "A", value: 1 }] },
  };
  const before = structuredClone(values);
  convertHelmValues(values);
  assert.deepEqual(values, before);
});
