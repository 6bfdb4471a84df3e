import assert from "node:assert/strict";
import { Health } from "../telemetry/health.ts";
import { FakeClock, settle } from "../telemetry/testing/fake_clock.ts";
import { type Controller, createController } from "./controller.ts";
import type { LeaderElection } from "./leadership.ts";
import { createManager, type ManagerOptions } from "./manager.ts";
import type { Phase, Runnable } from "./runnable.ts";
import { primary } from "./source.ts";
import { FakeCache, FakeInformer, LineLog, make, WIDGET } from "./testing/fakes.ts";

/** A manager with one controller whose passes a test ends by hand, and a record of what happened in what order. */
function rig(options: Partial<ManagerOptions> & { synced?: boolean; passes?: boolean } = {}) {
  const [clock, log, health, end, widgets] = [
    new FakeClock(),
    new LineLog(),
    new Health(),
    new AbortController(),
    new FakeInformer(),
  ];
  const events: string[] = [];
  const cache = new FakeCache({ synced: options.synced ?? true });
  const passes: { signal: AbortSignal; end: PromiseWithResolvers<void> }[] = [];
  const controller = createController({
    name: "widget",
    watches: [primary(widgets)],
    clock,
    resyncMs: 0,
    async reconcile(_, { signal }) {
      events.push("pass begins");
      const end = Promise.withResolvers<void>();
      passes.push({ signal, end });
      await end.promise;
      events.push("pass ends");
    },
  });
  const runnable = (phase: Phase): Runnable => ({
    name: `${phase} thing`,
    phase,
    async run(signal) {
      events.push(`${phase} starts`);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      events.push(`${phase} ends`);
    },
  });
  const manager = createManager({
    cache,
    controllers: [controller],
    runnables: [runnable("leading"), runnable("synced"), runnable("serving")],
    flush: [{ name: "events", run: () => Promise.resolve(void events.push("flushes")) }],
    health,
    log,
    clock,
    ...options,
  });
  const ready = () =>
    health.check("readiness").filter(({ trouble }) => trouble !== "").map(({ trouble }) => trouble);
  return { clock, log, health, end, widgets, events, cache, passes, controller, manager, ready };
}

/** An election that a test decides, telling when the Lease is released. */
function byHand(events: string[]) {
  let start: (signal: AbortSignal) => void = () => {};
  const terms: AbortController[] = [];
  const election: LeaderElection = {
    run({ signal, onStartedLeading }) {
      events.push("stands");
      return new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          events.push("lease released");
          resolve();
        });
        start = (leading) => {
          leading.addEventListener("abort", () => resolve());
          onStartedLeading(leading);
        };
      });
    },
  };
  return {
    election,
    win() {
      terms.push(new AbortController());
      start(terms.at(-1)!.signal);
    },
    lose: () => terms.at(-1)!.abort(),
  };
}

Deno.test("everything starts in order; servers hand over while the work in hand ends, and the rest follows", async () => {
  const events: string[] = [];
  const { election, win } = byHand(events);
  const flush = [{ name: "events", run: () => Promise.resolve(void events.push("flushes")) }];
  const runnables = (["serving", "synced", "leading"] as const).map((phase): Runnable => ({
    name: phase,
    phase,
    async run(signal) {
      events.push(`${phase} starts`);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      events.push(`${phase} ends`);
    },
  }));
  const { manager, end, widgets, passes, cache, ready } = rig({ synced: false, election, flush, runnables });
  widgets.put(make(WIDGET, "a"));
  const run = manager.run(end.signal);
  await settle();
  assert.deepEqual(events, ["serving starts"]);
  assert.equal(cache.started, true);
  assert.equal(manager.state, "syncing");
  cache.sync();
  await settle();
  assert.deepEqual(events, ["serving starts", "synced starts", "stands"]);
  assert.equal(manager.state, "standby");
  assert.deepEqual(ready(), []);
  win();
  await settle();
  assert.equal(manager.state, "leading");
  assert.equal(passes.length, 1);
  events.length = 0;

  end.abort();
  assert.deepEqual(ready(), ["shutting down"]);
  await settle();
  assert.deepEqual(events, ["synced ends", "leading ends"]);
  assert.equal(passes[0]!.signal.aborted, false);
  assert.equal(cache.stopped, false);
  passes[0]!.end.resolve();
  await run;
  assert.deepEqual(events, ["synced ends", "leading ends", "lease released", "flushes", "serving ends"]);
  assert.equal(cache.stopped, true);
  assert.equal(manager.state, "stopped");
});

Deno.test("a process without election leads as soon as its caches have synced", async () => {
  const { manager, end, widgets, passes, events } = rig();
  widgets.put(make(WIDGET, "a"));
  const run = manager.run(end.signal);
  await settle();
  assert.equal(manager.state, "leading");
  passes[0]!.end.resolve();
  end.abort();
  await run;
  assert.deepEqual(events, [
    ...["serving starts", "synced starts", "leading starts", "pass begins", "pass ends"],
    ...["synced ends", "leading ends", "flushes", "serving ends"],
  ]);
});

Deno.test("a stand-by is ready, reconciles nothing, and ends at once", async () => {
  const { election } = byHand([]);
  const { manager, end, widgets, passes, ready } = rig({ election });
  widgets.put(make(WIDGET, "a"));
  const run = manager.run(end.signal);
  await settle();
  assert.deepEqual(ready(), []);
  assert.equal(passes.length, 0);
  end.abort();
  await run;
});

Deno.test("while caches are not synced readiness says why, nobody leads, and the log reminds", async () => {
  const { manager, end, cache, clock, log, ready, events } = rig({ synced: false });
  assert.deepEqual(ready(), ["not synced yet", "waiting for caches"]);
  cache.trouble = [{ resource: "coderprovisioners.coder.com", why: "the CRD is missing" }];
  const run = manager.run(end.signal);
  await settle();
  assert.deepEqual(ready(), [
    "not synced yet (coderprovisioners.coder.com: the CRD is missing)",
    "waiting for caches",
  ]);
  await clock.advance(20_000);
  assert.deepEqual(log.at("warn"), ["waiting for caches to sync", "waiting for caches to sync"]);
  assert.deepEqual(events, ["serving starts"]);
  end.abort();
  await run;
  assert.deepEqual(events, ["serving starts", "flushes", "serving ends"]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("an end that has come before the start ends everything in order all the same", async () => {
  const { manager, end, events } = rig();
  end.abort();
  await manager.run(end.signal);
  assert.deepEqual(events, ["serving starts", "flushes", "serving ends"]);
});

Deno.test("passes that take too long are told to stop when the drain time is over", async () => {
  const { manager, end, widgets, passes, clock, log } = rig({ drainMs: 10_000 });
  widgets.put(make(WIDGET, "slow"));
  const run = manager.run(end.signal);
  await settle();
  end.abort();
  await clock.advance(9_999);
  assert.equal(passes[0]!.signal.aborted, false);
  await clock.advance(1);
  assert.equal(passes[0]!.signal.aborted, true);
  const [line] = log.lines.filter(({ level }) => level === "warn");
  assert.deepEqual(line!.fields["inHand"], ["widget ns/slow"]);
  passes[0]!.end.resolve();
  await run;
});

Deno.test("passes that do not stop even then are an error, and the Lease is not released", async () => {
  const events: string[] = [];
  const { election, win } = byHand(events);
  const { manager, end, widgets, clock } = rig({ election, drainMs: 10_000, abortGraceMs: 5_000 });
  widgets.put(make(WIDGET, "stuck"));
  const run = manager.run(end.signal);
  await settle();
  win();
  await settle();
  end.abort();
  const failed = assert.rejects(run, /did not end within the drain time/);
  await clock.advance(15_000);
  await failed;
  assert.ok(!events.includes("lease released"), events.join());
});

Deno.test("losing leadership tells passes to stop at once and goes back to stand-by when they have", async () => {
  const events: string[] = [];
  const { election, win, lose } = byHand(events);
  const { manager, end, widgets, passes, cache, ready } = rig({ election });
  widgets.put(make(WIDGET, "a"));
  const run = manager.run(end.signal);
  await settle();
  win();
  await settle();
  lose();
  assert.equal(passes[0]!.signal.aborted, true);
  await settle();
  assert.equal(events.filter((event) => event === "stands").length, 1);
  passes[0]!.end.resolve();
  await settle();
  assert.equal(manager.state, "standby");
  assert.equal(events.filter((event) => event === "stands").length, 2);
  assert.equal(cache.stopped, false);
  assert.deepEqual(ready(), []);
  win();
  await settle();
  assert.equal(passes.length, 2, "a new term looks at every object again");
  passes[1]!.end.resolve();
  end.abort();
  await run;
});

Deno.test("passes that outlive their leadership end the process with an error", async () => {
  const { election, win, lose } = byHand([]);
  const { manager, end, widgets, clock } = rig({ election, lossGraceMs: 4_000, abortGraceMs: 1, drainMs: 1 });
  widgets.put(make(WIDGET, "a"));
  const run = manager.run(end.signal);
  await settle();
  win();
  await settle();
  lose();
  const failed = assert.rejects(run, /Leadership was lost/);
  await clock.advance(4_000);
  await failed;
});

Deno.test("something that fails ends the whole process in order, with its reason", async () => {
  for (const phase of ["serving", "synced", "leading"] as const) {
    const broken: Runnable = {
      name: "api server",
      phase,
      run: () => Promise.reject(new Error("port in use")),
    };
    const { manager, end, events, health } = rig({ runnables: [broken] });
    await assert.rejects(manager.run(end.signal), (error: Error) => {
      assert.match(error.message, /api server failed/);
      assert.match(String(error.cause), /port in use/);
      return true;
    });
    assert.deepEqual(events, ["flushes"], phase);
    assert.equal(health.draining, true);
  }
});

Deno.test("a controller that fails as a whole, and caches that cannot start, end the process too", async () => {
  const failing: Controller = {
    name: "broken",
    run: () => Promise.reject(new Error("no")),
    enqueue() {},
    running: false,
    inHand: () => [],
    idleWithWorkMs: () => 0,
  };
  await assert.rejects(
    rig({ controllers: [failing] }).manager.run(new AbortController().signal),
    /Controller broken/,
  );
  const { manager, cache } = rig({ synced: false });
  cache.synced.reject("a declaration clashes");
  await assert.rejects(manager.run(new AbortController().signal), /a declaration clashes/);
});

Deno.test("something that ends by itself does not end the process", async () => {
  const brief: Runnable = { name: "once", phase: "synced", run: () => Promise.resolve() };
  const { manager, end } = rig({ runnables: [brief] });
  const run = manager.run(end.signal);
  await settle();
  assert.equal(manager.state, "leading");
  end.abort();
  await run;
});

Deno.test("what fails or hangs while stopping is logged and left behind", async () => {
  const failing: Runnable = {
    name: "failing",
    phase: "serving",
    run: (signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("late")))),
  };
  const hanging: Runnable = { name: "hanging", phase: "synced", run: () => new Promise(() => {}) };
  const flush = [
    { name: "never", run: () => new Promise<void>(() => {}) },
    { name: "broken", run: () => Promise.reject(new Error("no connection")) },
  ];
  const { manager, end, clock, log } = rig({
    runnables: [failing, hanging],
    flush,
    closeMs: 1_000,
    drainMs: 3_000,
  });
  const run = manager.run(end.signal);
  await settle();
  end.abort();
  await clock.advance(3_000);
  await clock.advance(1_000);
  await run;
  assert.deepEqual(log.at("warn"), [
    "work in hand takes too long and is stopped",
    "did not end in time and is left behind",
    "not everything could be sent before the end",
    "not everything could be sent before the end",
    "failed while stopping",
  ]);
});

Deno.test("a manager runs once", async () => {
  const { manager, end } = rig();
  end.abort();
  await manager.run(end.signal);
  await assert.rejects(manager.run(end.signal), /runs once/);
});
