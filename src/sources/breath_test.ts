import assert from "node:assert/strict";
import { breaths } from "./breath.ts";

Deno.test("others take their turn when a piece was long, and not before", async () => {
  let now = 0;
  let turns = 0;
  const breath = breaths(() => now);
  setTimeout(() => turns++, 0);
  for (let piece = 0; piece < 100; piece++) await breath();
  assert.equal(turns, 0);
  now = 8;
  await breath();
  assert.equal(turns, 1);
});
