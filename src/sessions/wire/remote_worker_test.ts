import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { WorkerLostError } from "../link.ts";
import { IDLE_LOAD } from "../testing/mock_executor.ts";
import { mockHello } from "../testing/mock_worker.ts";
import type { Down, Up } from "./messages.ts";
import { RemoteWorker, type RemoteWorkerOptions } from "./remote_worker.ts";
import { aTask, FakeChannel, never } from "./testing.ts";

function rig(options: Partial<RemoteWorkerOptions> = {}) {
  const clock = new FakeClock();
  const changes: boolean[] = [];
  const resent: number[] = [];
  const worker = new RemoteWorker({
    id: "w1",
    registration: "r1",
    hello: mockHello(),
    load: IDLE_LOAD,
    clock,
    now: () => 1_000_000 + clock.now(),
    log: silentLogger,
    graceMs: 100,
    changed: ({ isConnected }) => void changes.push(isConnected),
    resent: (tasks) => void resent.push(tasks),
    ...options,
  });
  const channel = new FakeChannel<Down>();
  const open = () => worker.opened(channel, 0);
  const answer = (number: number, output = {}) =>
    worker.received(channel, { kind: "outcome", number, outcome: { ok: true, output } });
  return { clock, worker, channel, changes, resent, open, answer };
}

const shown = (channel: FakeChannel<Down>) => channel.sent.map(({ kind, number }) => `${kind} ${number}`);

Deno.test("a task goes to the worker, its events to the caller, and its outcome is acknowledged", async () => {
  const { worker, channel, open, answer, clock } = rig();
  open();
  const events: unknown[] = [];
  const outcome = worker.run(aTask(), { signal: never, onEvent: (event) => void events.push(event) });
  const event = { kind: "output", stream: "stderr", text: "x" } as const;
  worker.received(channel, { kind: "event", number: 1, event });
  answer(1, { a: 1 });
  assert.deepEqual(await outcome, { ok: true, output: { a: 1 } });
  assert.deepEqual(events, [event]);
  assert.deepEqual(shown(channel), ["task 1", "ack 1"]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("tasks wait for a stream, and what is sent again is counted", async () => {
  const { worker, channel, changes, resent, open, answer } = rig();
  const outcome = worker.run(aTask(), { signal: never });
  open();
  assert.deepEqual(shown(channel), ["task 1"]);
  worker.closed(new FakeChannel<Down>());
  assert.equal(worker.isConnected, true, "another stream's end");
  worker.closed(channel);
  assert.equal(worker.isConnected, false);
  open();
  assert.deepEqual(shown(channel), ["task 1", "task 1"]);
  assert.deepEqual(resent, [1]);
  assert.deepEqual(changes, [true, false, true]);
  answer(1);
  assert.equal((await outcome).ok, true);
});

Deno.test("another stream takes the place of the one before, which counts for nothing then", async () => {
  const { worker, channel, changes, open, answer } = rig();
  open();
  const outcome = worker.run(aTask(), { signal: never });
  const next = new FakeChannel<Down>();
  worker.opened(next, 1);
  assert.equal(channel.closed[0]?.code, "unavailable");
  answer(1);
  worker.drained(channel);
  assert.deepEqual(next.sent, [], "it was taken");
  worker.received(next, { kind: "outcome", number: 1, outcome: { ok: true, output: {} } });
  assert.equal((await outcome).ok, true);
  assert.deepEqual(changes, [true]);
});

Deno.test("an outcome that is told twice counts once, and is acknowledged twice", async () => {
  const { worker, channel, open, answer } = rig();
  open();
  const outcome = worker.run(aTask(), { signal: never });
  answer(1, { a: 1 });
  answer(1, { a: 2 });
  assert.deepEqual(await outcome, { ok: true, output: { a: 1 } });
  assert.deepEqual(shown(channel), ["task 1", "ack 1", "ack 1"]);
});

Deno.test("a caller that gives up rejects with its reason, and the worker is told", async () => {
  const { worker, channel, open, answer } = rig();
  open();
  const stop = new AbortController();
  const outcome = worker.run(aTask(), { signal: stop.signal });
  stop.abort(new Error("enough"));
  await assert.rejects(outcome, { message: "enough" });
  answer(1);
  assert.deepEqual(shown(channel), ["task 1", "cancel 1", "ack 1"]);
  await assert.rejects(worker.run(aTask(), { signal: stop.signal }), { message: "enough" });
  assert.equal(channel.sent.length, 3, "nothing was sent for it");
});

Deno.test("a task that was sent and is late is a deadline, one that was not is unavailable", async () => {
  const { worker, channel, open, clock } = rig();
  const never1 = worker.run(aTask({ deadlineMs: 1_000 }), { signal: never });
  await clock.advance(1_100);
  const outcome = await never1;
  assert.ok(!outcome.ok && outcome.code === "unavailable");
  assert.match(outcome.message, /was not begun: worker w1/);
  open();
  assert.deepEqual(channel.sent, []);
  const late = worker.run(aTask({ deadlineMs: 1_000 }), { signal: never });
  await clock.advance(1_099);
  assert.deepEqual(shown(channel), ["task 2"]);
  await clock.advance(1);
  const second = await late;
  assert.ok(!second.ok && second.code === "deadline");
  assert.deepEqual(shown(channel), ["task 2", "cancel 2"]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("lost for good: every task says whether it may have run", async () => {
  const { worker, channel, open, clock } = rig();
  open();
  const outcomes = [worker.run(aTask(), { signal: never }), worker.run(aTask(), { signal: never })];
  worker.closed(channel);
  outcomes.push(worker.run(aTask({ operation: "fs.write" }), { signal: never }));
  const told = Promise.all(outcomes.map((outcome) =>
    outcome.catch((error: WorkerLostError) => {
      assert.ok(error instanceof WorkerLostError);
      assert.equal(error.workerId, "w1");
      return [error.mayHaveRun, error.message];
    })
  ));
  worker.end("it was stopped", undefined, 1);
  worker.end("again", undefined);
  assert.deepEqual(await told, [
    [
      true,
      "worker w1 went away (it was stopped) while it may have been at echo for session sess-0123456789abcdef",
    ],
    [false, "worker w1 went away (it was stopped) before it had echo for session sess-0123456789abcdef"],
    [false, "worker w1 went away (it was stopped) before it had fs.write for session sess-0123456789abcdef"],
  ]);
  await assert.rejects(
    worker.run(aTask(), { signal: never }),
    (error: unknown) => error instanceof WorkerLostError && !error.mayHaveRun,
  );
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("without a farewell whatever was sent may have run", async () => {
  const { worker, open } = rig();
  open();
  const outcome = worker.run(aTask(), { signal: never });
  const told = assert.rejects(
    outcome,
    (error: unknown) => error instanceof WorkerLostError && error.mayHaveRun,
  );
  worker.end("silence", undefined);
  await told;
});

Deno.test("while the stream is full nothing is sent", async () => {
  const { worker, channel, open, answer } = rig();
  open();
  channel.answer = () => "full";
  const outcomes = [1, 2, 3].map(() => worker.run(aTask(), { signal: never }));
  assert.deepEqual(shown(channel), ["task 1"]);
  channel.answer = () => "sent";
  worker.drained(channel);
  assert.deepEqual(shown(channel), ["task 1", "task 2", "task 3"]);
  for (const number of [1, 2, 3]) answer(number);
  await Promise.all(outcomes);
});

Deno.test("a task that does not fit says so, and the stream goes on", async () => {
  const { worker, channel, open, answer } = rig();
  open();
  channel.answer = (down) => down.kind === "task" && down.task.body !== undefined ? "too_large" : "sent";
  const large = worker.run(aTask({ body: new Uint8Array(9) }), { signal: never });
  const small = worker.run(aTask(), { signal: never });
  const outcome = await large;
  assert.ok(!outcome.ok && outcome.code === "limit");
  answer(2);
  assert.equal((await small).ok, true);
});

Deno.test("a stream that is closed already is none", async () => {
  const { worker, channel, changes, open } = rig();
  open();
  channel.answer = () => "closed";
  const lost = assert.rejects(worker.run(aTask(), { signal: never }), { name: "WorkerLostError" });
  assert.equal(worker.isConnected, false);
  assert.deepEqual(changes, [true, false]);
  worker.end("test", undefined);
  await lost;
});

Deno.test("signs of life, load and draining are kept, and told where they change", () => {
  const { worker, clock, changes, channel, open } = rig();
  assert.equal(worker.registeredAt, 1_000_000);
  clock.advanceSync(500);
  assert.equal(worker.silentMs, 500);
  worker.heard();
  assert.deepEqual([worker.silentMs, worker.lastHeardAt, changes.length], [0, 1_000_500, 0]);
  worker.heard({ ...IDLE_LOAD, processes: 3 }, true);
  assert.deepEqual([worker.load.processes, worker.isDraining, changes.length], [3, true, 1]);
  open();
  clock.advanceSync(500);
  worker.received(channel, { kind: "event", number: 9, event: { kind: "progress", done: 0, message: "" } });
  assert.equal(worker.silentMs, 0);
});

Deno.test("a caller whose listener throws gets its outcome", async () => {
  const errors: string[] = [];
  const { worker, channel, open, answer } = rig({
    log: { ...silentLogger, error: (message) => void errors.push(message) },
  });
  open();
  const onEvent = () => {
    throw new Error("no");
  };
  const outcome = worker.run(aTask(), { signal: never, onEvent });
  const up: Up = { kind: "event", number: 1, event: { kind: "progress", done: 1, message: "" } };
  worker.received(channel, up);
  answer(1);
  assert.equal((await outcome).ok, true);
  assert.equal(errors.length, 1);
  await settle();
});
