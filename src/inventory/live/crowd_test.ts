import assert from "node:assert/strict";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { sleep } from "../../telemetry/clock.ts";
import { Crowd } from "./crowd.ts";

async function rig() {
  const clock = new FakeClock();
  const end = new AbortController();
  const state = { size: 0, tookMs: 10, changed: [] as string[], failure: undefined as Error | undefined };
  const asked: number[] = [];
  const looked: string[] = [];
  const crowd = new Crowd({
    clock,
    size: () => state.size,
    async changed(signal) {
      asked.push(clock.now());
      await sleep(state.tookMs, signal, clock);
      if (state.failure !== undefined) throw state.failure;
      return state.changed.splice(0);
    },
    look: (ids) => Promise.resolve(void looked.push(...ids)),
  });
  const running = crowd.run(end.signal);
  await settle();
  return {
    clock,
    state,
    asked,
    looked,
    crowd,
    async [Symbol.asyncDispose]() {
      end.abort();
      await settle();
      await running;
    },
  };
}

Deno.test("jobs are not asked for while only a few are built", async () => {
  await using there = await rig();
  there.state.size = 2;
  there.crowd.wake();
  await there.clock.advance(60_000);
  assert.deepEqual(there.asked, []);
});

Deno.test("of many, those that have changed are looked at within a second", async () => {
  await using there = await rig();
  there.state.size = 50;
  there.state.changed = ["known"];
  there.crowd.wake();
  await there.clock.advance(700);
  assert.deepEqual(there.looked, [], "what was there before has its own looks");
  there.state.changed = ["a", "b"];
  await there.clock.advance(700);
  assert.deepEqual(there.looked, ["a", "b"]);
  await there.clock.advance(6_000);
  assert.ok(there.asked.length <= 14, `${there.asked.length} lists in about 8 s`);
  there.state.size = 1;
  await there.clock.advance(2_000);
  const { length } = there.asked;
  await there.clock.advance(60_000);
  assert.equal(there.asked.length, length, "it is over");
});

Deno.test("a Coder that is slow is not busy with it for more than a fiftieth of its time", async () => {
  await using there = await rig();
  there.state.size = 50;
  there.state.tookMs = 200;
  there.crowd.wake();
  await there.clock.advance(100_000);
  assert.ok(there.asked.length <= 11, `${there.asked.length} lists in 100 s`);
});

Deno.test("where jobs cannot be listed it is tried again seldom", async () => {
  await using there = await rig();
  there.state.size = 50;
  there.state.failure = new Error("no");
  there.crowd.wake();
  await there.clock.advance(60_000);
  assert.ok(there.asked.length <= 3);
  there.state.failure = undefined;
  await there.clock.advance(31_000);
  there.state.changed = ["a"];
  await there.clock.advance(1_000);
  assert.deepEqual(there.looked, ["a"]);
});
