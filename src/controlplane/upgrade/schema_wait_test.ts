import assert from "node:assert/strict";
import { SCHEMA_PATIENCE_MS, SchemaWaits } from "./schema_wait.ts";

Deno.test("an image waits while a visit is due, and never longer than its patience", () => {
  const waits = new SchemaWaits();
  assert.equal(waits.left("a", "x", true, 1_000), SCHEMA_PATIENCE_MS);
  assert.equal(waits.left("a", "x", true, 5_000), SCHEMA_PATIENCE_MS - 4_000);
  assert.equal(waits.left("a", "x", true, 1_000 + SCHEMA_PATIENCE_MS), 0);
  assert.equal(waits.left("a", "x", true, 5_000 + SCHEMA_PATIENCE_MS), 0, "and not anew");
});

Deno.test("nothing waits where no visit is due, and the next wait is a new one", () => {
  const waits = new SchemaWaits();
  assert.equal(waits.left("a", "x", true, 0), SCHEMA_PATIENCE_MS);
  assert.equal(waits.left("a", "x", false, 4_000), 0);
  assert.equal(waits.left("a", "x", true, 6_000), SCHEMA_PATIENCE_MS);
});

Deno.test("each image and each control plane has a wait of its own", () => {
  const waits = new SchemaWaits();
  waits.left("a", "x", true, 0);
  assert.equal(waits.left("b", "x", true, 9_000), SCHEMA_PATIENCE_MS);
  assert.equal(waits.left("a", "y", true, 9_000), SCHEMA_PATIENCE_MS);
});

Deno.test("waits of long ago, and of a clock that was set back, are forgotten", () => {
  const waits = new SchemaWaits();
  waits.left("a", "x", true, 10_000_000);
  assert.equal(waits.left("a", "x", true, 20_000_000), SCHEMA_PATIENCE_MS);
  assert.equal(waits.left("a", "x", true, 5_000), SCHEMA_PATIENCE_MS);
});
