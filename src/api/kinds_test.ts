import assert from "node:assert/strict";
import { kindDefinitions } from "./kinds.ts";

Deno.test("every kind shows phase, readiness, version or image, address and age", () => {
  for (const { columns, resource } of kindDefinitions) {
    const shown = columns.filter(({ priority }) => priority === undefined).map(({ name }) => name);
    // Of a control plane the version that answers says more than the image that is asked for, which is one flag away.
    const what = resource.kind === "CoderControlPlane" ? "Version" : "Image";
    assert.deepEqual(shown, ["Phase", "Ready", what, "URL", "Age"], resource.kind);
    assert.ok(columns.some(({ name }) => name === "Image"), resource.kind);
    for (const { description, name } of columns) {
      assert.ok(description.endsWith("."), `${resource.kind} ${name}`);
    }
  }
});

Deno.test("short names are unique and are no resource of Kubernetes", () => {
  const names = kindDefinitions.flatMap(({ shortNames }) => shortNames);
  assert.deepEqual(names, ["ccp", "cprov", "cwp"]);
  assert.equal(new Set(names).size, names.length);
});

Deno.test("a rule over the whole object passes where an old object exists", () => {
  for (const { rules } of kindDefinitions) {
    for (const rule of rules) {
      assert.equal(rule.optionalOldSelf, true);
      assert.match(rule.rule, /^oldSelf\.hasValue\(\) \|\| /);
    }
  }
});

Deno.test("only kinds whose replicas an autoscaler may own can be scaled", () => {
  assert.deepEqual(kindDefinitions.map(({ scale }) => scale), [false, true, true]);
});
