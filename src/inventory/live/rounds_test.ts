import assert from "node:assert/strict";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { Rounds, type Task } from "./rounds.ts";

function rounds() {
  const clock = new FakeClock();
  const made = new Rounds(clock);
  const done: string[] = [];
  const end = new AbortController();
  const task = (name: string, everyMs: number, work: () => Promise<void> = async () => {}): Task => ({
    name,
    async run() {
      done.push(`${name} ${clock.now()}`);
      await work();
      return everyMs;
    },
  });
  return {
    clock,
    rounds: made,
    done,
    task,
    start: () => made.run(end.signal),
    async [Symbol.asyncDispose]() {
      end.abort();
      await settle();
    },
  };
}

Deno.test("each task comes at its own pace", async () => {
  await using rig = rounds();
  rig.rounds.add(rig.task("a", 10));
  rig.rounds.add(rig.task("b", 25), 5);
  rig.start();
  await rig.clock.advance(31);
  assert.deepEqual(rig.done, ["a 0", "b 5", "a 10", "a 20", "b 30", "a 30"]);
});

Deno.test("one task at a time: what takes long holds up the others, and the most overdue comes first", async () => {
  await using rig = rounds();
  const slow = () => new Promise<void>((resolve) => void rig.clock.setTimer(resolve, 100));
  rig.rounds.add(rig.task("slow", 1_000, slow));
  rig.rounds.add(rig.task("b", 1_000), 50);
  rig.rounds.add(rig.task("c", 1_000), 20);
  rig.start();
  await rig.clock.advance(150);
  assert.deepEqual(rig.done, ["slow 0", "c 100", "b 100"]);
});

Deno.test("a task can be hastened, never put off", async () => {
  await using rig = rounds();
  const task = rig.task("a", 100);
  rig.rounds.add(task);
  rig.start();
  await rig.clock.advance(10);
  rig.rounds.hasten(task, 500);
  assert.equal(rig.rounds.dueInMs(task), 90);
  rig.rounds.hasten(task, 20);
  await rig.clock.advance(25);
  assert.deepEqual(rig.done, ["a 0", "a 30"]);
});

Deno.test("a task that is being done is not hastened", async () => {
  await using rig = rounds();
  const task: Task = rig.task("a", 100, async () => {
    assert.equal(rig.rounds.dueInMs(task), undefined);
    rig.rounds.hasten(task, 0);
    await Promise.resolve();
  });
  rig.rounds.add(task);
  rig.start();
  await rig.clock.advance(50);
  assert.deepEqual(rig.done, ["a 0"]);
});

Deno.test("a task that is added while nothing is due is done at once", async () => {
  await using rig = rounds();
  rig.start();
  await rig.clock.advance(50);
  rig.rounds.add(rig.task("late", 100));
  await rig.clock.advance(1);
  assert.deepEqual(rig.done, ["late 50"]);
});

Deno.test("a task that adds itself keeps the time that it chose", async () => {
  await using rig = rounds();
  const task: Task = rig.task("a", 1_000, () => {
    if (rig.done.length === 1) rig.rounds.add(task, 7);
    return Promise.resolve();
  });
  rig.rounds.add(task);
  rig.start();
  await rig.clock.advance(20);
  assert.deepEqual(rig.done, ["a 0", "a 7"]);
});

Deno.test("after its end nothing is done, and no timer is left", async () => {
  const rig = rounds();
  rig.rounds.add(rig.task("a", 10));
  const running = rig.start();
  await rig.clock.advance(5);
  await rig[Symbol.asyncDispose]();
  await running;
  await rig.clock.advance(100);
  assert.deepEqual(rig.done, ["a 0"]);
  assert.equal(rig.clock.pendingTimers, 0);
});
