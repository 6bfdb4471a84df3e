import assert from "node:assert/strict";
import { FakeClock, settle } from "../telemetry/testing/fake_clock.ts";
import {
  type ElectionCallbacks,
  type LeaderElection,
  noElection,
  StuckWorkError,
  takePart,
} from "./leadership.ts";
import { LineLog } from "./testing/fakes.ts";

/** An election whose outcome a test decides. `events` tells what happened in what order. */
function rig(options: { lossGraceMs?: number } = {}) {
  const [clock, log, drain, overdue] = [
    new FakeClock(),
    new LineLog(),
    new AbortController(),
    Promise.withResolvers<void>(),
  ];
  const events: string[] = [];
  const works: { leading: AbortSignal; end: PromiseWithResolvers<void> }[] = [];
  const terms: { callbacks: ElectionCallbacks; lose(error?: Error): void; win(): void }[] = [];
  const election: LeaderElection = {
    run(callbacks) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const leading = new AbortController();
      events.push("stands");
      callbacks.signal.addEventListener("abort", () => {
        events.push("releases");
        leading.abort();
        resolve();
      });
      terms.push({
        callbacks,
        win: () => void callbacks.onStartedLeading(leading.signal),
        lose(error) {
          events.push("loses");
          leading.abort();
          callbacks.onStoppedLeading();
          if (error !== undefined) reject(error);
          else resolve();
        },
      });
      return promise;
    },
  };
  const work = async (leading: AbortSignal) => {
    const end = Promise.withResolvers<void>();
    works.push({ leading, end });
    events.push("works");
    await end.promise;
    events.push("has ended work");
  };
  const part = takePart({
    election,
    work,
    drain: drain.signal,
    drainOverdue: overdue.promise,
    log,
    clock,
    ...options,
  });
  return { clock, log, drain, overdue, events, works, terms, part };
}

Deno.test("the Lease is kept through the drain and released after the work has ended", async () => {
  const { drain, events, works, terms, part } = rig();
  terms[0]!.win();
  drain.abort();
  await settle();
  assert.deepEqual(events, ["stands", "works"]);
  assert.equal(works[0]!.leading.aborted, false);
  works[0]!.end.resolve();
  await part;
  assert.deepEqual(events, ["stands", "works", "has ended work", "releases"]);
});

Deno.test("a stand-by ends its candidacy at once when the drain begins", async () => {
  const { drain, events, part } = rig();
  await settle();
  drain.abort();
  await part;
  assert.deepEqual(events, ["stands", "releases"]);
});

Deno.test("nobody stands where the drain has begun already", async () => {
  let stood = false;
  const election: LeaderElection = { run: () => Promise.resolve(void (stood = true)) };
  const [drainOverdue, clock, log] = [new Promise<void>(() => {}), new FakeClock(), new LineLog()];
  await takePart({
    election,
    work: () => Promise.resolve(),
    drain: AbortSignal.abort(),
    drainOverdue,
    log,
    clock,
  });
  assert.equal(stood, false);
});

Deno.test("after a loss it stands again, but not before the work in hand has ended", async () => {
  const { events, works, terms, drain, part } = rig();
  terms[0]!.win();
  terms[0]!.lose();
  assert.equal(works[0]!.leading.aborted, true);
  await settle();
  assert.deepEqual(events, ["stands", "works", "loses"]);
  works[0]!.end.resolve();
  await settle();
  assert.deepEqual(events, ["stands", "works", "loses", "has ended work", "releases", "stands"]);
  terms[1]!.win();
  await settle();
  assert.equal(works.length, 2);
  drain.abort();
  works[1]!.end.resolve();
  await part;
});

Deno.test("work that does not end after a loss makes the process give up", async () => {
  const { clock, events, terms, part } = rig({ lossGraceMs: 3_000 });
  terms[0]!.win();
  terms[0]!.lose();
  const failed = assert.rejects(part, (error: unknown) => {
    assert.ok(error instanceof StuckWorkError);
    assert.match(error.message, /did not end within 3 s/);
    return true;
  });
  await clock.advance(3_000);
  await failed;
  assert.deepEqual(events, ["stands", "works", "loses"]);
});

Deno.test("the same where the election itself waits for the work before it says that it has lost", async () => {
  const [clock, leading] = [new FakeClock(), new AbortController()];
  const election: LeaderElection = {
    run: async ({ onStartedLeading }) => await onStartedLeading(leading.signal),
  };
  const part = takePart({
    election,
    work: () => new Promise(() => {}),
    drain: new AbortController().signal,
    drainOverdue: new Promise(() => {}),
    log: new LineLog(),
    clock,
  });
  const failed = assert.rejects(part, StuckWorkError);
  await settle();
  leading.abort();
  await clock.advance(10_000);
  await failed;
});

Deno.test("leadership that is lost in the moment it is won counts as a loss", async () => {
  const clock = new FakeClock();
  const part = takePart({
    election: { run: async ({ onStartedLeading }) => await onStartedLeading(AbortSignal.abort()) },
    work: () => new Promise(() => {}),
    drain: new AbortController().signal,
    drainOverdue: new Promise(() => {}),
    log: new LineLog(),
    clock,
  });
  const failed = assert.rejects(part, StuckWorkError);
  await clock.advance(10_000);
  await failed;
});

Deno.test("work that does not end within the drain leaves the Lease to expire", async () => {
  const { drain, overdue, events, terms, part } = rig();
  terms[0]!.win();
  drain.abort();
  overdue.resolve();
  await assert.rejects(part, /left to expire/);
  assert.ok(!events.includes("releases"), events.join());
});

Deno.test("an election that fails is tried again after a pause, and the failure is logged", async () => {
  const { clock, events, terms, log, drain, part } = rig();
  terms[0]!.lose(new Error("leases are forbidden"));
  await clock.advance(4_999);
  assert.deepEqual(events, ["stands", "loses"]);
  await clock.advance(1);
  assert.deepEqual(events, ["stands", "loses", "stands"]);
  assert.equal(log.at("error").length, 1);
  drain.abort();
  await part;
});

Deno.test("an election that fails while leading is not stood for again before the work has ended", async () => {
  const { clock, events, works, terms, drain, part } = rig();
  terms[0]!.win();
  terms[0]!.lose(new Error("broken"));
  await clock.advance(9_000);
  assert.equal(terms.length, 1);
  works[0]!.end.resolve();
  await clock.advance(5_000);
  assert.equal(terms.length, 2);
  assert.ok(events.includes("has ended work"));
  drain.abort();
  await part;
});

Deno.test("a new leader is told to the log", async () => {
  const { terms, log, drain, part } = rig();
  terms[0]!.callbacks.onNewLeader("other_1");
  assert.deepEqual(log.lines.at(-1)!.fields, { identity: "other_1" });
  drain.abort();
  await part;
});

Deno.test("a process that is alone leads at once and until its end", async () => {
  const end = new AbortController();
  let leads = false;
  const run = noElection.run({
    signal: end.signal,
    onStartedLeading: (leading) => {
      leads = !leading.aborted;
      return Promise.resolve();
    },
    onStoppedLeading() {},
    onNewLeader() {},
  });
  assert.equal(leads, true);
  end.abort();
  await run;
  leads = false;
  await noElection.run({
    signal: AbortSignal.abort(),
    onStartedLeading: () => Promise.resolve(void (leads = true)),
    onStoppedLeading() {},
    onNewLeader() {},
  });
  assert.equal(leads, false);
});
