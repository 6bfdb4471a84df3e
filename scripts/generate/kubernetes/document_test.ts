import assert from "node:assert/strict";
import { definitionOf, reachable, refTarget, shortName, shortNames } from "./document.ts";
import { extract } from "./testing.ts";

Deno.test("everything below a definition is reachable, a structure inside itself included", () => {
  assert.deepEqual(reachable(extract.definitions, ["io.k8s.api.test.v1.Part"]), [
    "io.k8s.api.test.v1.Part",
    "io.k8s.api.test.v1.Selector",
    "io.k8s.apimachinery.pkg.api.resource.Quantity",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
  ]);
});

Deno.test("a definition that is missing is an error that says what to run", () => {
  assert.throws(() => definitionOf(extract, "io.k8s.Nothing"), /io\.k8s\.Nothing.*--refresh-openapi/);
});

Deno.test("only references into the definitions count", () => {
  assert.equal(refTarget({ $ref: "#/definitions/a.B" }), "a.B");
  assert.equal(refTarget({ $ref: "https://elsewhere" }), undefined);
  assert.equal(refTarget({ type: "string" }), undefined);
});

Deno.test("short names are last parts, apart from those that two definitions would share", () => {
  assert.equal(shortName("io.k8s.api.apps.v1.Deployment"), "Deployment");
  assert.equal(shortName("io.k8s.api.core.v1.Event"), "CoreEvent");
  assert.equal(shortName("io.k8s.api.events.v1.Event"), "Event");
  assert.throws(
    () => shortNames(["a.v1.Thing", "b.v1.Thing"]),
    /b\.v1\.Thing and a\.v1\.Thing are both called Thing/,
  );
  assert.deepEqual([...shortNames(["a.v1.X", "b.v1.Y"]).values()], ["X", "Y"]);
});
