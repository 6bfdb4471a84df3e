import assert from "node:assert/strict";
import { measure } from "./cache_memory.ts";

Deno.test("10,000 cached objects of every measured kind take at most 6 KiB each", async () => {
  const { area, rows } = await measure();
  assert.equal(area, "cache");
  assert.equal(rows.length, 3);
  for (const { what, measured, met, value } of rows) {
    assert.equal(met, true, `${what}: ${measured}`);
    assert.ok(value > 100, `${what}: ${value} bytes cannot be true`);
  }
});
