import assert from "node:assert/strict";
import { template } from "../../inventory/testing/records.ts";
import { changeRecord } from "../convert/testing.ts";
import { StaleError } from "../writing/target.ts";
import { checkSeen, type SeenTemplate } from "./template_seen.ts";

const [OLD, NEW] = ["1", "2"].map((digit) => `0000000${digit}-0000-4000-8000-000000000000`) as [
  string,
  string,
];
const now = template({ active_version_id: OLD });
const seen = (before: SeenTemplate, is: Partial<SeenTemplate>, isBuilt = true) => {
  try {
    checkSeen(before, { template: now, change: undefined, ...is } as never, isBuilt);
    return true;
  } catch (error) {
    assert.ok(error instanceof StaleError);
    return false;
  }
};
const plain = { template: now, change: undefined };
const building = changeRecord({ text: "a", version: NEW });
const failure = { reason: "BuildFailed" as const, message: "", log: [], at: "" };

Deno.test("a template is as it was seen where nothing that is shown has changed, whatever its time says", () => {
  assert.ok(seen(plain, {}));
  assert.ok(seen(plain, { template: template({ ...now, updated_at: "2030-01-01T00:00:00Z" }) }));
  assert.ok(!seen(plain, { template: template({ ...now, description: "new" }) }));
  assert.ok(!seen(plain, { template: template({ ...now, default_ttl_ms: 1 }) }));
  assert.ok(!seen({ template: undefined, change: undefined }, {}));
  const moved = template({ ...now, active_version_id: NEW });
  assert.deepEqual([seen(plain, { template: moved }), seen(plain, { template: moved }, false)], [
    false,
    false,
  ]);
});

Deno.test("files are as they were seen while the same are built, and when they have been", () => {
  const before = { template: now, change: building };
  assert.ok(seen(before, { change: building }));
  assert.ok(!seen(before, { change: changeRecord({ text: "b" }) }));
  assert.ok(!seen(before, {}), "they were given up");
  assert.ok(seen(before, { template: template({ ...now, active_version_id: NEW }) }), "they were promoted");
  assert.ok(!seen(plain, { change: building }));
  assert.ok(seen(before, { change: { ...building, failure } }), "they have failed meanwhile");
  assert.ok(!seen(plain, { change: { ...building, failure } }));
  const superseded = { ...failure, reason: "Superseded" as const };
  assert.ok(seen(plain, { change: { ...building, failure: superseded } }), "others took their place");
  assert.ok(seen(plain, { change: { ...building, hold: true } }), "what is tried is not shown");
});
