import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import type { Task, TaskEvent, TaskExecutor, TaskOutcome } from "../link.ts";
import { IDLE_LOAD, MockExecutor } from "../testing/mock_executor.ts";
import type { Down, Up } from "./messages.ts";
import { TaskHost, type TaskHostOptions, TaskStopped } from "./task_host.ts";
import { aTask, FakeChannel, never } from "./testing.ts";

function rig(options: Partial<TaskHostOptions> & { executor?: TaskExecutor } = {}) {
  const clock = new FakeClock();
  const executor = new MockExecutor();
  const host = new TaskHost({ executor, log: silentLogger, clock, ...options });
  const channel = new FakeChannel<Up>();
  host.attach(channel);
  const receive = (message: Down, on = channel) => host.received(on, message);
  const give = (number: number, differing: Partial<Task> = {}) =>
    receive({ kind: "task", number, task: aTask(differing) });
  return { clock, executor, host, channel, receive, give };
}

function executing(execute: TaskExecutor["execute"]): { executor: TaskExecutor } {
  return { executor: { execute, load: () => IDLE_LOAD } };
}

Deno.test("a task is carried out, its events and its outcome are told", async () => {
  const { host, channel, executor, give, receive } = rig();
  const event: TaskEvent = { kind: "progress", done: 1, message: "half" };
  executor.answer("echo", ({ tell }) => {
    tell(event);
    return { ok: true, output: { a: 1 } };
  });
  give(1);
  assert.equal(host.runningTasks, 1);
  await settle();
  assert.deepEqual(channel.sent, [
    { kind: "event", number: 1, event },
    { kind: "outcome", number: 1, outcome: { ok: true, output: { a: 1 } } },
  ]);
  assert.equal(host.runningTasks, 0);
  assert.equal(host.lastTaken, 1);
  receive({ kind: "ack", number: 1 });
  await host.settled(never);
});

Deno.test("a number that was taken is not taken again, running, finished or acknowledged", async () => {
  const { executor, channel, give, receive } = rig();
  const held = executor.hold("echo");
  give(1);
  give(1);
  const { release } = await held;
  release({ ok: true, output: {} });
  await settle();
  give(1);
  receive({ kind: "ack", number: 1 });
  give(1);
  await settle();
  assert.equal(executor.tasks.length, 1);
  assert.equal(channel.sent.length, 1);
});

Deno.test("on the next stream what was not acknowledged is told anew, and messages of the old one count for nothing", async () => {
  const { host, channel, executor, give } = rig();
  give(1);
  give(2);
  await settle();
  host.received(channel, { kind: "ack", number: 1 });
  const next = new FakeChannel<Up>();
  host.detach(channel);
  host.attach(next);
  assert.deepEqual(next.sent.map(({ kind, number }) => [kind, number]), [["outcome", 2]]);
  give(3);
  host.received(channel, { kind: "ack", number: 2 });
  await settle();
  assert.equal(executor.tasks.length, 2);
  const third = new FakeChannel<Up>();
  host.attach(third);
  assert.deepEqual(third.sent.map(({ number }) => number), [2]);
});

Deno.test("tasks go on without a stream, and what they tell meanwhile comes with the next", async () => {
  const { host, channel, executor, give } = rig();
  const held = executor.hold("echo");
  give(1);
  const { tell, release } = await held;
  host.detach(channel);
  tell({ kind: "output", stream: "stdout", text: "while away" });
  release({ ok: true, output: {} });
  await settle();
  assert.deepEqual(channel.sent, []);
  const next = new FakeChannel<Up>();
  host.attach(next);
  assert.deepEqual(next.sent.map(({ kind }) => kind), ["event", "outcome"]);
});

Deno.test("a canceled task stops, and its outcome is told all the same", async () => {
  const { channel, executor, give, receive } = rig();
  const held = executor.hold("echo");
  give(1);
  const { signal } = await held;
  receive({ kind: "cancel", number: 1, reason: "enough" });
  receive({ kind: "cancel", number: 99, reason: "nothing" });
  await settle();
  assert.ok(signal.reason instanceof TaskStopped);
  assert.equal(signal.reason.code, "canceled");
  assert.deepEqual(channel.sent, [
    { kind: "outcome", number: 1, outcome: { ok: false, code: "canceled", message: "enough" } },
  ]);
});

Deno.test("a task that is late is stopped, and one that does not stop is told to be late without it", async () => {
  const signals: AbortSignal[] = [];
  const { clock, channel, give } = rig({
    ...executing((_task, _tell, signal) => {
      signals.push(signal);
      return new Promise<TaskOutcome>(() => {});
    }),
    graceMs: 100,
  });
  give(1, { deadlineMs: 500, operation: "run.command" });
  await clock.advance(499);
  assert.equal(signals[0]?.aborted, false);
  await clock.advance(1);
  assert.equal(signals[0]?.aborted, true);
  assert.deepEqual(channel.sent, []);
  await clock.advance(100);
  const message = "run.command was stopped at the worker: it took longer than its 500 ms";
  assert.deepEqual(channel.sent, [
    { kind: "outcome", number: 1, outcome: { ok: false, code: "deadline", message } },
  ]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("an executor that rejects, which it must not, makes an outcome", async () => {
  const errors: string[] = [];
  const log = { ...silentLogger, error: (message: string) => void errors.push(message) };
  const { channel, receive, give } = rig({
    log,
    ...executing((_task, _tell, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        if (_task.operation === "echo") reject(new Error("a secret of the inside"));
      })
    ),
  });
  give(1);
  give(2, { operation: "run.command" });
  await settle();
  receive({ kind: "cancel", number: 2, reason: "enough" });
  await settle();
  assert.deepEqual(channel.sent.map((up) => up.kind === "outcome" && !up.outcome.ok && up.outcome.code), [
    "internal",
    "canceled",
  ]);
  assert.doesNotMatch(JSON.stringify(channel.sent), /a secret of the inside/);
  assert.equal(errors.length, 1);
});

Deno.test("nothing is told after the outcome", async () => {
  const { channel, executor, give } = rig();
  const held = executor.hold("echo");
  give(1);
  const { tell, release } = await held;
  release({ ok: true, output: {} });
  await settle();
  tell({ kind: "progress", done: 1, message: "late" });
  assert.deepEqual(channel.sent.map(({ kind }) => kind), ["outcome"]);
});

Deno.test("while the stream is full nothing is sent; events give way, and are counted", async () => {
  const dropped: string[] = [];
  const metrics = {
    counter: () => ({
      inc: (labels: Record<string, string> = {}, value = 1) =>
        void dropped.push(`${labels["kind"]} ${value}`),
    }),
    gauge: () => ({ set() {}, inc() {}, dec() {}, remove() {} }),
    histogram: () => ({ observe() {} }),
  };
  const { host, channel, executor, give } = rig({ maxEventBytes: 1_000, metrics });
  const held = executor.hold("echo");
  give(1);
  const { tell, release } = await held;
  channel.answer = () => "full";
  tell({ kind: "output", stream: "stdout", text: "first" });
  for (let count = 0; count < 9; count++) tell({ kind: "progress", done: count, message: "" });
  for (let count = 0; count < 9; count++) tell({ kind: "output", stream: "stdout", text: "x".repeat(100) });
  release({ ok: true, output: {} });
  await settle();
  assert.equal(channel.sent.length, 1);
  assert.ok(dropped.some((line) => line.startsWith("progress")));
  assert.ok(dropped.some((line) => line.startsWith("output")));
  channel.answer = () => "sent";
  host.drained(new FakeChannel<Up>());
  assert.equal(channel.sent.length, 1, "another stream's");
  host.drained(channel);
  assert.equal(channel.sent.at(-1)?.kind, "outcome");
  assert.match(JSON.stringify(channel.sent), /characters of output are not shown here/);
});

Deno.test("an outcome that does not fit is replaced by one that says so", async () => {
  const { channel, executor, give } = rig();
  channel.answer = (up) => up.kind === "outcome" && up.outcome.ok ? "too_large" : "sent";
  executor.answer("echo", { ok: true, output: {}, body: new Uint8Array(9) });
  give(1);
  await settle();
  const [first] = channel.sent;
  assert.ok(first?.kind === "outcome" && !first.outcome.ok);
  assert.equal(first.outcome.code, "limit");
});

Deno.test("a stream that is closed already is left alone until the next", async () => {
  const { host, channel, give } = rig();
  channel.answer = () => "closed";
  give(1);
  await settle();
  const next = new FakeChannel<Up>();
  host.attach(next);
  assert.deepEqual(next.sent.map(({ number }) => number), [1]);
});

Deno.test("with another registration all is forgotten: tasks stop, and numbers begin anew", async () => {
  const { host, executor, give } = rig();
  const held = executor.hold("echo");
  give(7);
  const { signal, release } = await held;
  const settled = host.settled(never);
  host.restart("another registration");
  await settled;
  assert.equal((signal.reason as TaskStopped).message, "another registration");
  assert.equal(host.lastTaken, 0);
  release({ ok: true, output: {} });
  await settle();
  const next = new FakeChannel<Up>();
  host.attach(next);
  assert.deepEqual(next.sent, []);
  host.received(next, { kind: "task", number: 1, task: aTask() });
  await settle();
  assert.deepEqual(next.sent.map(({ number }) => number), [1]);
});

Deno.test("shut, it takes nothing more", async () => {
  const { host, executor, give } = rig();
  give(1);
  assert.equal(host.shut(), 1);
  give(2);
  await settle();
  assert.equal(executor.tasks.length, 1);
});

Deno.test("waiting until all is settled ends with its signal", async () => {
  const { host, executor, give } = rig();
  void executor.hold("echo");
  give(1);
  const stop = new AbortController();
  const settled = host.settled(stop.signal);
  stop.abort();
  await settled;
  await host.settled(stop.signal);
  assert.equal(host.runningTasks, 1);
});
