import assert from "node:assert/strict";
import { ManualClock } from "../kube/testing/manual_clock.ts";
import { occasionally } from "./occasional.ts";

Deno.test("the same thing is said once a minute, another one at once", async () => {
  const clock = new ManualClock();
  const may = occasionally(clock);
  assert.deepEqual([may("a"), may("a"), may("b"), may("a")], [true, false, true, false]);
  await clock.advance(59_999);
  assert.equal(may("a"), false);
  await clock.advance(1);
  assert.deepEqual([may("a"), may("a")], [true, false]);
});

Deno.test("what callers choose cannot fill the memory", () => {
  const may = occasionally(new ManualClock());
  for (let index = 0; index < 64; index++) assert.equal(may(`key ${index}`), true);
  assert.equal(may("key 0"), false);
  assert.equal(may("one more"), true, "everything else is forgotten");
  assert.equal(may("key 0"), true);
});
