import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { MockExecutor } from "../testing/mock_executor.ts";
import { mockHello } from "../testing/mock_worker.ts";
import { WorkerHub } from "./hub.ts";
import { createLocalPair } from "./local_pair.ts";
import { LocalDoor } from "./local_door.ts";
import { aTask, never, Witness } from "./testing.ts";
import { WireError } from "./wire_error.ts";
import { WorkerLoop, type WorkerLoopOptions } from "./worker_loop.ts";

function rig(options: Partial<WorkerLoopOptions> = {}) {
  const clock = new FakeClock();
  const witness = new Witness();
  const hub = new WorkerHub({ listener: witness, log: silentLogger, clock, heartbeatTimeoutMs: 300_000 });
  const door = new LocalDoor(hub, "w1");
  const executor = new MockExecutor();
  const make = () =>
    new WorkerLoop(door, {
      hello: mockHello(),
      executor,
      log: silentLogger,
      clock,
      random: () => 0.5,
      ...options,
    });
  return { clock, witness, hub, door, executor, make };
}

Deno.test("it registers, carries tasks out, gives signs of life, and says farewell when it is stopped", async () => {
  const { clock, witness, executor, make } = rig();
  const loop = make();
  const stop = new AbortController();
  const run = loop.run(stop.signal);
  const worker = await witness.worker();
  await settle();
  assert.equal(loop.isConnected, true);
  assert.equal((await worker.run(aTask(), { signal: never })).ok, true);
  executor.loadNow = { ...executor.loadNow, processes: 7 };
  await clock.advance(30_000);
  assert.equal(worker.load.processes, 7);
  await clock.advance(3_600_000);
  assert.equal(witness.joinedWorkers.length, 1, "never stale");
  stop.abort();
  await run;
  assert.equal(loop.isConnected, false);
  assert.equal(witness.news.at(-1), "left w1: it was stopped");
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("signs of life come often enough for the coordinator, however seldom they are wanted", async () => {
  const { clock, witness, make } = rig({ heartbeatMs: 3_600_000 });
  const stop = new AbortController();
  const run = make().run(stop.signal);
  await witness.worker();
  await clock.advance(1_200_000);
  assert.equal(witness.joinedWorkers.length, 1);
  stop.abort();
  await run;
});

Deno.test("a stream that breaks is opened again, with longer and longer pauses while nothing helps", async () => {
  const pauses: number[] = [];
  const warn = (_message: string, fields?: Readonly<Record<string, unknown>>) => {
    if (typeof fields?.["delay_ms"] === "number") pauses.push(fields["delay_ms"]);
  };
  const { clock, witness, door, make } = rig({ log: { ...silentLogger, warn } });
  const stop = new AbortController();
  const loop = make();
  const run = loop.run(stop.signal);
  const worker = await witness.worker();
  await clock.advance(6_000);
  door.isCut = true;
  door.breakStream();
  await clock.advance(40_000);
  assert.equal(loop.isConnected, false);
  assert.equal(worker.isConnected, false);
  assert.deepEqual(pauses.slice(0, 8), [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  door.isCut = false;
  await clock.advance(6_000);
  assert.equal(worker.isConnected, true);
  assert.equal(witness.joinedWorkers.length, 1);
  stop.abort();
  await run;
});

Deno.test("a coordinator that has forgotten it gets a new registration, and old tasks are stopped", async () => {
  const { clock, witness, door, executor, make } = rig();
  const stop = new AbortController();
  const run = make().run(stop.signal);
  const worker = await witness.worker();
  const held = executor.hold("echo");
  const task = aTask({ deadlineMs: 3_600_000 });
  const lost = assert.rejects(worker.run(task, { signal: never }), { name: "WorkerLostError" });
  const { signal } = await held;
  door.isCut = true;
  door.breakStream();
  await clock.advance(300_000);
  await lost;
  assert.equal(signal.aborted, false, "the worker does not know yet");
  door.isCut = false;
  await clock.advance(10_000);
  assert.equal(witness.joinedWorkers.length, 2);
  assert.match((signal.reason as Error).message, /has forgotten/);
  assert.equal((await witness.joinedWorkers[1]!.run(aTask(), { signal: never })).ok, true);
  stop.abort();
  await run;
});

Deno.test("draining, the coordinator knows at once; what is begun is finished, and then it ends", async () => {
  const { clock, witness, executor, make } = rig();
  const loop = make();
  const run = loop.run(never);
  const worker = await witness.worker();
  const held = executor.hold("echo");
  const outcome = worker.run(aTask(), { signal: never });
  const { release } = await held;
  loop.drain();
  loop.drain();
  await settle();
  assert.equal(worker.isDraining, true);
  assert.equal(
    (await worker.run(aTask(), { signal: never })).ok,
    true,
    "sessions that it has go on meanwhile",
  );
  release({ ok: true, output: { late: true } });
  assert.deepEqual(await outcome, { ok: true, output: { late: true } });
  await run;
  assert.equal(witness.news.at(-1), "left w1: it has finished, and was stopped");
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("draining does not wait for ever", async () => {
  const { clock, witness, executor, make } = rig({ drainMs: 1_000 });
  const loop = make();
  const run = loop.run(never);
  const worker = await witness.worker();
  const held = executor.hold("echo");
  const lost = assert.rejects(worker.run(aTask(), { signal: never }), { mayHaveRun: true });
  const { signal } = await held;
  loop.drain();
  await clock.advance(999);
  assert.equal(signal.aborted, false);
  await clock.advance(1);
  await run;
  await lost;
  assert.equal(signal.aborted, true);
});

Deno.test("drained before it ran, or stopped, it does nothing", async () => {
  const { witness, make } = rig();
  const loop = make();
  loop.drain();
  await settle();
  await loop.run(never);
  await make().run(AbortSignal.abort());
  assert.deepEqual(witness.news, []);
});

Deno.test("a second process takes the place of the first, which ends with a clear message", async () => {
  const { witness, make, clock } = rig();
  const first = make().run(never);
  const told = assert.rejects(first, (error: unknown) => {
    assert.ok(error instanceof WireError && error.code === "superseded");
    assert.match(error.message, /Give each worker a name and a token of its own/);
    return true;
  });
  await witness.worker();
  await settle();
  const stop = new AbortController();
  const second = make().run(stop.signal);
  await told;
  await witness.worker(2);
  await clock.advance(60_000);
  assert.equal(witness.joinedWorkers.length, 2);
  stop.abort();
  await second;
});

Deno.test("refused at the start it ends; later it goes on for five minutes", async () => {
  const { clock, witness, door, make } = rig();
  const refusal = new WireError("unauthenticated", "the token is not good");
  const good = [door.register.bind(door), door.dial.bind(door)] as const;
  const refuse = () => {
    door.register = () => Promise.reject(refusal);
    door.dial = () => Promise.reject(refusal);
  };
  refuse();
  await assert.rejects(make().run(never), refusal);
  [door.register, door.dial] = good;
  const loop = make();
  let ended: unknown;
  const run = loop.run(never).catch((error) => void (ended = error));
  await witness.worker();
  refuse();
  door.breakStream();
  await clock.advance(200_000);
  assert.equal(ended, undefined);
  [door.register, door.dial] = good;
  await clock.advance(10_000);
  assert.equal(loop.isConnected, true, "its token was replaced in time");
  refuse();
  door.breakStream();
  await clock.advance(320_000);
  await run;
  assert.equal(ended, refusal);
});

Deno.test("what the coordinator cannot understand ends it at once", async () => {
  const { door, make } = rig();
  const refusal = new WireError("invalid", "hello cannot be so");
  door.register = () => Promise.reject(refusal);
  await assert.rejects(make().run(never), refusal);
});

Deno.test("a coordinator that does not answer is tried again", async () => {
  const { clock, witness, door, make } = rig();
  const good = door.register.bind(door);
  const signals: AbortSignal[] = [];
  door.register = ((_hello, _load, signal: AbortSignal) =>
    new Promise((_resolve, reject) => {
      signals.push(signal);
      signal.addEventListener("abort", () => reject(signal.reason));
    })) as typeof door.register & ((...args: unknown[]) => Promise<never>);
  const stop = new AbortController();
  const run = make().run(stop.signal);
  await clock.advance(9_999);
  assert.equal(signals[0]?.aborted, false);
  await clock.advance(1);
  assert.match((signals[0]?.reason as Error).message, /did not answer within 10000 ms/);
  door.register = good;
  await clock.advance(1_000);
  await witness.worker();
  stop.abort();
  await run;
});

Deno.test("a heartbeat that is not taken makes it connect anew", async () => {
  const { clock, witness, door, make } = rig();
  const stop = new AbortController();
  const run = make().run(stop.signal);
  await witness.worker();
  const good = door.heartbeat.bind(door);
  door.heartbeat = () => Promise.reject(new Error("no"));
  await clock.advance(30_000);
  door.heartbeat = good;
  await clock.advance(1_000);
  const connections = witness.news.filter((line) => line === "w1 connected").length;
  assert.ok(connections >= 2, witness.news.join("; "));
  assert.equal(witness.joinedWorkers.length, 1);
  stop.abort();
  await run;
});

Deno.test("a coordinator and a worker in one process", async () => {
  const { hub, witness, clock } = rig();
  const executor = new MockExecutor();
  const client = createLocalPair({
    hub,
    id: "embedded",
    hello: mockHello(),
    executor,
    log: silentLogger,
    clock,
  });
  const stop = new AbortController();
  const run = client.run(stop.signal);
  const worker = await witness.worker();
  assert.equal(worker.id, "embedded");
  const body = new Uint8Array([1, 2, 3]);
  executor.answer("fs.write", ({ task }) => ({ ok: true, output: { bytes: task.body?.length } }));
  assert.deepEqual(await worker.run(aTask({ operation: "fs.write", body }), { signal: never }), {
    ok: true,
    output: { bytes: 3 },
  });
  stop.abort();
  await run;
});
