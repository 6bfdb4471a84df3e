import assert from "node:assert/strict";
import { CoderControlPlanes } from "./control_plane.ts";
import { byAge, hasDot, isAccessDisabled, namingOf } from "./control_plane_naming.ts";

const metadata = (name: string) => ({ metadata: { name, namespace: "a" } });

Deno.test("a dot anywhere in a name is one", () => {
  assert.deepEqual(["coder", "my-coder", "my.coder", "a.b.c"].map((name) => hasDot(metadata(name))), [
    false,
    false,
    true,
    true,
  ]);
  assert.equal(hasDot({ metadata: {} }), false);
  assert.equal(CoderControlPlanes.plural, "codercontrolplanes");
});

Deno.test("access is disabled by true alone", () => {
  assert.equal(isAccessDisabled({ spec: { operatorAccess: { disabled: true } } }), true);
  assert.equal(isAccessDisabled({ spec: { operatorAccess: {} } }), false);
  assert.equal(isAccessDisabled({ spec: {} }), false);
  assert.equal(isAccessDisabled({}), false);
});

Deno.test("what is no naming is Auto", () => {
  assert.equal(namingOf({ spec: { aggregation: { naming: "Plain" } } }), "Plain");
  assert.equal(namingOf({ spec: { aggregation: { naming: "Prefixed" } } }), "Prefixed");
  for (const naming of ["", "plain", 3, null] as unknown[]) {
    assert.equal(namingOf({ spec: { aggregation: { naming: naming as string } } }), "Auto");
  }
  assert.equal(namingOf({}), "Auto");
});

Deno.test("the oldest comes first, and of two of one second the one whose name is first", () => {
  const [early, late] = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"];
  const all = [{ createdAt: late, id: "a/a" }, { createdAt: early, id: "a/c" }, {
    createdAt: early,
    id: "a/b",
  }];
  assert.deepEqual(all.sort(byAge).map(({ id }) => id), ["a/b", "a/c", "a/a"]);
});
