import assert from "node:assert/strict";
import { keyText, type ObjectKey } from "../api/object.ts";
import { KubeApiError } from "../kube/errors.ts";
import { PrometheusMetrics } from "../telemetry/prometheus.ts";
import { FakeClock, settle } from "../telemetry/testing/fake_clock.ts";
import { type ControllerOptions, createController } from "./controller.ts";
import { type Reconcile, type ReconcileContext, TerminalError } from "./reconcile.ts";
import { owned, primary } from "./source.ts";
import { changed, controlledBy, FakeInformer, GADGET, key, LineLog, make, WIDGET } from "./testing/fakes.ts";

/** A controller for widgets on a clock of its own, running until `end`. */
function running(reconcile: Reconcile, options: Partial<ControllerOptions> = {}) {
  const [widgets, gadgets, clock, log] = [
    new FakeInformer(),
    new FakeInformer(GADGET),
    new FakeClock(),
    new LineLog(),
  ];
  const metrics = new PrometheusMetrics();
  const [stop, abort] = [new AbortController(), new AbortController()];
  const controller = createController({
    name: "widget",
    reconcile,
    watches: [primary(widgets), owned(gadgets, WIDGET)],
    log,
    clock,
    metrics,
    random: () => 1,
    resyncMs: 0,
    ...options,
  });
  const start = () => controller.run({ stop: stop.signal, abort: abort.signal });
  const sample = async (series: string) => {
    const line = (await metrics.text()).split("\n").find((line) => line.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  return { controller, widgets, gadgets, clock, log, stop, abort, start, sample };
}

/** A reconcile function whose passes a test ends by hand. */
function gated() {
  const passes: { key: ObjectKey; context: ReconcileContext; end: PromiseWithResolvers<void> }[] = [];
  const reconcile: Reconcile = async (key, context) => {
    const end = Promise.withResolvers<void>();
    passes.push({ key, context, end });
    await end.promise;
  };
  return { passes, reconcile };
}

Deno.test("every object is reconciled at the start, and again when it changes, but not for its status", async () => {
  const seen: string[] = [];
  const { widgets, stop, start } = running((key) => {
    seen.push(keyText(key));
    return Promise.resolve();
  });
  const widget = make(WIDGET, "a");
  widgets.put(widget);
  const run = start();
  await settle();
  assert.deepEqual(seen, ["ns/a"]);
  const written = changed(widget, {}, { status: { ready: true } });
  widgets.put(written);
  await settle();
  assert.deepEqual(seen, ["ns/a"]);
  widgets.put(changed(written, { generation: 2 }));
  await settle();
  widgets.remove(written);
  await settle();
  assert.deepEqual(seen, ["ns/a", "ns/a", "ns/a"]);
  stop.abort();
  await run;
});

Deno.test("a child that changes wakes its owner", async () => {
  const seen: string[] = [];
  const { gadgets, stop, start } = running((key) => {
    seen.push(keyText(key));
    return Promise.resolve();
  });
  const run = start();
  const owner = make(WIDGET, "owner");
  gadgets.put(make(GADGET, "g", { ownerReferences: controlledBy(owner) }));
  gadgets.put(make(GADGET, "stray"));
  await settle();
  assert.deepEqual(seen, ["ns/owner"]);
  stop.abort();
  await run;
});

Deno.test("no more passes than workers, never two for one object, and a change meanwhile is seen", async () => {
  const { passes, reconcile } = gated();
  const { controller, widgets, stop, start } = running(reconcile, { concurrency: 2 });
  for (const name of ["a", "b", "c"]) widgets.put(make(WIDGET, name));
  const run = start();
  await settle();
  assert.deepEqual(passes.map(({ key }) => key.name), ["a", "b"]);
  controller.enqueue(key("a"));
  await settle();
  assert.equal(passes.length, 2);
  passes[0]!.end.resolve();
  await settle();
  assert.deepEqual(
    passes.map(({ key }) => key.name),
    ["a", "b", "a"],
    "the live change goes before the listed object",
  );
  passes[1]!.end.resolve();
  passes[2]!.end.resolve();
  await settle();
  passes[3]!.end.resolve();
  await settle();
  assert.deepEqual(passes.map(({ key }) => key.name), ["a", "b", "a", "c"]);
  stop.abort();
  await run;
});

Deno.test("one object that always fails backs off and does not hold up the others", async () => {
  const seen = new Map<string, number>();
  const { widgets, clock, log, stop, start, sample } = running(({ name }) => {
    seen.set(name, (seen.get(name) ?? 0) + 1);
    if (name === "bad") throw new Error("cannot");
    return Promise.resolve();
  }, { concurrency: 1 });
  for (const name of ["bad", "good", "fine"]) widgets.put(make(WIDGET, name));
  const run = start();
  await settle();
  assert.deepEqual([...seen], [["bad", 1], ["good", 1], ["fine", 1]]);
  await clock.advance(5);
  await clock.advance(9);
  assert.equal(seen.get("bad"), 2);
  await clock.advance(1);
  assert.equal(seen.get("bad"), 3);
  assert.equal(await sample('controller_runtime_reconcile_errors_total{controller="widget"}'), 3);
  assert.equal(await sample('controller_runtime_reconcile_total{controller="widget",result="error"}'), 3);
  assert.equal(await sample('controller_runtime_reconcile_total{controller="widget",result="success"}'), 2);
  assert.equal(await sample('controller_runtime_reconcile_panics_total{controller="widget"}'), 0);
  assert.equal(await sample('workqueue_retries_total{name="widget",controller="widget"}'), 3);
  const failed = log.lines.filter(({ message }) => message === "reconcile failed, trying again");
  assert.deepEqual(failed.map(({ fields }) => [fields["name"], fields["failures"], fields["againInMs"]]), [
    ["bad", 1, 5],
    ["bad", 2, 10],
    ["bad", 3, 20],
  ]);
  stop.abort();
  await run;
});

Deno.test("success ends the back-off", async () => {
  let fail = true;
  const { widgets, controller, clock, log, stop, start } = running(() => {
    if (fail) throw new Error("cannot");
    return Promise.resolve();
  });
  widgets.put(make(WIDGET, "a"));
  const run = start();
  await clock.advance(5);
  fail = false;
  await clock.advance(10);
  fail = true;
  controller.enqueue(key("a"));
  await settle();
  const waits = log.lines.filter(({ level }) => level === "error").map(({ fields }) => fields["againInMs"]);
  assert.deepEqual(waits, [5, 10, 5]);
  stop.abort();
  await run;
});

Deno.test("a result can ask for another pass later, which is not a failure", async () => {
  let passes = 0;
  const { widgets, clock, stop, start, sample } = running(() => {
    passes++;
    return Promise.resolve({ requeueAfterMs: 1_000 });
  });
  widgets.put(make(WIDGET, "a"));
  const run = start();
  await settle();
  await clock.advance(999);
  assert.equal(passes, 1);
  await clock.advance(1);
  assert.equal(passes, 2);
  assert.equal(
    await sample('controller_runtime_reconcile_total{controller="widget",result="requeue_after"}'),
    2,
  );
  assert.equal(await sample('workqueue_retries_total{name="widget",controller="widget"}'), 0);
  stop.abort();
  await run;
});

Deno.test("a wait that makes no sense is none", async () => {
  for (const requeueAfterMs of [0, -5, NaN, Infinity]) {
    const { widgets, clock, stop, start } = running(() => Promise.resolve({ requeueAfterMs }));
    widgets.put(make(WIDGET, "a"));
    const run = start();
    await settle();
    assert.equal(clock.pendingTimers, 0, `${requeueAfterMs}`);
    stop.abort();
    await run;
  }
});

Deno.test("a terminal error is not tried again before the object changes", async () => {
  let passes = 0;
  const { widgets, clock, stop, start, sample } = running(() => {
    passes++;
    throw new TerminalError("never");
  });
  const widget = make(WIDGET, "a");
  widgets.put(widget);
  const run = start();
  await clock.advance(1_000_000);
  assert.equal(passes, 1);
  widgets.put(changed(widget, { generation: 2 }));
  await settle();
  assert.equal(passes, 2);
  assert.equal(await sample('controller_runtime_terminal_reconcile_errors_total{controller="widget"}'), 2);
  assert.equal(await sample('controller_runtime_reconcile_errors_total{controller="widget"}'), 2);
  stop.abort();
  await run;
});

Deno.test("a conflict is tried again soon and troubles nobody", async () => {
  let passes = 0;
  const { widgets, clock, log, stop, start, sample } = running(() => {
    if (passes++ === 0) throw new KubeApiError(409, "Conflict", "changed", { method: "PUT", path: "/x" });
    return Promise.resolve();
  });
  widgets.put(make(WIDGET, "a"));
  const run = start();
  await clock.advance(5);
  assert.equal(passes, 2);
  assert.deepEqual([...log.at("error"), ...log.at("warn")], []);
  assert.equal(await sample('controller_runtime_reconcile_total{controller="widget",result="requeue"}'), 1);
  assert.equal(await sample('controller_runtime_reconcile_errors_total{controller="widget"}'), 0);
  stop.abort();
  await run;
});

Deno.test("a server's Retry-After is honoured", async () => {
  let passes = 0;
  const { widgets, clock, stop, start } = running(() => {
    passes++;
    throw new KubeApiError(429, "TooManyRequests", "slow", { method: "GET", path: "/x" }, 4_000);
  });
  widgets.put(make(WIDGET, "a"));
  const run = start();
  await clock.advance(3_999);
  assert.equal(passes, 1);
  await clock.advance(1);
  assert.equal(passes, 2);
  stop.abort();
  await run;
});

Deno.test("a mistake in the program is counted as a panic and tried again", async () => {
  let passes = 0;
  const { widgets, clock, stop, start, sample } = running(() => {
    passes++;
    const missing = undefined as unknown as { spec: string };
    return Promise.resolve(void missing.spec);
  });
  widgets.put(make(WIDGET, "a"));
  const run = start();
  await clock.advance(5);
  assert.equal(passes, 2);
  assert.equal(await sample('controller_runtime_reconcile_panics_total{controller="widget"}'), 2);
  stop.abort();
  await run;
});

Deno.test("a pass is told to stop at its deadline, and that is a failure like others", async () => {
  const reasons: unknown[] = [];
  const { widgets, clock, log, stop, start, sample } = running(
    (_, { signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          reasons.push((signal.reason as Error).name);
          reject(signal.reason);
        })
      ),
    { deadlineMs: 1_000 },
  );
  widgets.put(make(WIDGET, "a"));
  const run = start();
  await clock.advance(1_000);
  assert.deepEqual(reasons, ["ReconcileDeadlineError"]);
  assert.equal(await sample('controller_runtime_reconcile_timeouts_total{controller="widget"}'), 1);
  assert.equal(log.at("error").length, 1);
  await clock.advance(5 + 1_000);
  assert.equal(reasons.length, 2);
  stop.abort();
  await run;
});

Deno.test("a pass that ignores its signal blocks its own object alone, is reported, and may come back", async () => {
  const { passes, reconcile } = gated();
  const { controller, widgets, clock, log, stop, start, sample } = running(reconcile, {
    concurrency: 1,
    deadlineMs: 1_000,
    stuckGraceMs: 100,
  });
  widgets.put(make(WIDGET, "stuck"));
  widgets.put(make(WIDGET, "other"));
  const run = start();
  await clock.advance(1_099);
  assert.equal(passes.length, 1);
  assert.equal(passes[0]!.context.signal.aborted, true);
  await clock.advance(1);
  assert.deepEqual(passes.map(({ key }) => key.name), ["stuck", "other"]);
  assert.match(log.at("error").join(), /stuck/);
  assert.equal(await sample('coder_k8s_stuck_reconciles{controller="widget"}'), 1);
  assert.deepEqual(controller.inHand().map(({ key, overdueMs }) => [key.name, overdueMs]), [["stuck", 100], [
    "other",
    0,
  ]]);

  passes[1]!.end.resolve();
  controller.enqueue(key("stuck"));
  controller.enqueue(key("third"));
  await settle();
  assert.deepEqual(passes.map(({ key }) => key.name), ["stuck", "other", "third"]);
  passes[2]!.end.resolve();
  passes[0]!.end.resolve();
  await settle();
  assert.deepEqual(passes.at(-1)!.key.name, "stuck", "what was asked for meanwhile is done now");
  assert.equal(await sample('coder_k8s_stuck_reconciles{controller="widget"}'), 0);
  assert.match(log.at("warn").join(), /ended after all/);
  passes.at(-1)!.end.resolve();
  stop.abort();
  await run;
});

Deno.test("passes that go on for long stand aside, up to a number, and keep their keys until they end", async () => {
  const { passes, reconcile } = gated();
  const { controller, widgets, clock, stop, start } = running(reconcile, {
    concurrency: 2,
    aside: { afterMs: 1_000, most: 3 },
  });
  const names = ["a", "b", "c", "d", "e", "f"];
  for (const name of names) widgets.put(make(WIDGET, name));
  const begun = () => passes.map(({ key }) => key.name).join("");
  const run = start();
  await clock.advance(999);
  assert.equal(begun(), "ab");
  assert.equal(controller.idleWithWorkMs(), 0, "both workers are busy");
  await clock.advance(1);
  assert.equal(begun(), "abcd");
  controller.enqueue(key("a"));
  await clock.advance(1_000);
  assert.equal(begun(), "abcde", "a, b and one more stand aside; the other keeps its worker");
  assert.deepEqual(controller.inHand().map(({ key }) => key.name), ["a", "b", "c", "d", "e"]);
  passes[0]!.end.resolve();
  await clock.advance(1_000);
  assert.equal(begun(), "abcdea", "there is room for one more; what was asked for meanwhile is done now");
  passes[3]!.end.resolve();
  await settle();
  assert.equal(begun(), "abcdeaf");
  for (const { end } of passes) end.resolve();
  await settle();
  assert.equal(controller.inHand().length, 0);
  stop.abort();
  await run;
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a run that is told to abort ends with the passes that stand aside", async () => {
  const reasons: unknown[] = [];
  const { widgets, abort, clock, start } = running(
    (_, { signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        })
      ),
    { concurrency: 1, aside: { afterMs: 10, most: 10 } },
  );
  for (const name of ["a", "b", "c"]) widgets.put(make(WIDGET, name));
  const run = start();
  await clock.advance(10);
  await clock.advance(10);
  const reason = new Error("leadership lost");
  abort.abort(reason);
  await run;
  assert.deepEqual(reasons, [reason, reason, reason]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("told to stop, passes in hand may finish and nothing new begins", async () => {
  const { passes, reconcile } = gated();
  const { controller, widgets, stop, start } = running(reconcile, { concurrency: 1 });
  for (const name of ["a", "b"]) widgets.put(make(WIDGET, name));
  let ended = false;
  const run = start().then(() => ended = true);
  await settle();
  stop.abort();
  controller.enqueue(key("c"));
  await settle();
  assert.equal(ended, false);
  assert.equal(controller.running, true);
  assert.equal(passes[0]!.context.signal.aborted, false);
  passes[0]!.end.resolve();
  await run;
  assert.deepEqual(passes.length, 1);
  assert.equal(controller.running, false);
  assert.equal(widgets.handlers.size, 0);
});

Deno.test("told to abort, passes in hand are told too, and their end is no failure", async () => {
  const { widgets, abort, log, clock, start, sample } = running((_, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  );
  widgets.put(make(WIDGET, "a"));
  const run = start();
  await settle();
  abort.abort(new Error("leadership lost"));
  await run;
  assert.deepEqual(log.at("error"), []);
  assert.equal(await sample('controller_runtime_reconcile_errors_total{controller="widget"}'), 0);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a failure during an orderly stop is still reported", async () => {
  const { passes, reconcile } = gated();
  const { widgets, stop, log, start } = running(reconcile);
  widgets.put(make(WIDGET, "a"));
  const run = start();
  await settle();
  stop.abort();
  passes[0]!.end.reject(new Error("cannot"));
  await run;
  assert.equal(log.at("error").length, 1);
});

Deno.test("a controller runs again after its end and looks at every object again, but not twice at once", async () => {
  let passes = 0;
  const { controller, widgets } = running(() => {
    passes++;
    return Promise.resolve();
  });
  widgets.put(make(WIDGET, "a"));
  for (let term = 1; term <= 2; term++) {
    const [stop, abort] = [new AbortController(), new AbortController()];
    const run = controller.run({ stop: stop.signal, abort: abort.signal });
    await assert.rejects(controller.run({ stop: stop.signal, abort: abort.signal }), /runs already/);
    await settle();
    assert.equal(passes, term);
    stop.abort();
    await run;
  }
});

Deno.test("a run whose end has come already does nothing", async () => {
  const { widgets, stop, start } = running(() => Promise.reject(new Error("must not run")));
  widgets.put(make(WIDGET, "a"));
  stop.abort();
  await start();
  assert.equal(widgets.handlers.size, 0);
});

Deno.test("every object is looked at again at each resync", async () => {
  let passes = 0;
  const { widgets, clock, stop, start } = running(() => {
    passes++;
    return Promise.resolve();
  }, { resyncMs: 10_000, random: () => 0.5 });
  widgets.put(make(WIDGET, "a"));
  const run = start();
  await settle();
  for (const expected of [2, 3]) {
    await clock.advance(9_999);
    assert.equal(passes, expected - 1);
    await clock.advance(1);
    assert.equal(passes, expected);
  }
  stop.abort();
  await run;
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("work that nobody takes up although a worker is free can be told from a busy controller", async () => {
  const { passes, reconcile } = gated();
  const { controller, widgets, clock, stop, start } = running(reconcile, { concurrency: 1 });
  assert.equal(controller.idleWithWorkMs(), 0);
  for (const name of ["a", "b"]) widgets.put(make(WIDGET, name));
  const run = start();
  await clock.advance(1_000);
  assert.equal(controller.idleWithWorkMs(), 0, "the only worker is busy");
  stop.abort();
  passes[0]!.end.resolve();
  await run;
});

Deno.test("a pass' log carries controller, namespace, name and an id of its own", async () => {
  const { widgets, log, stop, start } = running((_, { log }) => Promise.resolve(log.info("working")));
  widgets.put(make(WIDGET, "a"));
  widgets.put(make(WIDGET, "b"));
  const run = start();
  await settle();
  const lines = log.lines.filter(({ message }) => message === "working").map(({ fields }) => fields);
  assert.deepEqual(lines.map(({ controller, namespace, name }) => ({ controller, namespace, name })), [
    { controller: "widget", namespace: "ns", name: "a" },
    { controller: "widget", namespace: "ns", name: "b" },
  ]);
  assert.match(String(lines[0]!["reconcileId"]), /^[0-9a-f]{8}$/);
  assert.notEqual(lines[0]!["reconcileId"], lines[1]!["reconcileId"]);
  stop.abort();
  await run;
});

Deno.test("two hundred objects with three changes each take no more than a pass for each of them", async () => {
  let passes = 0;
  const { widgets, stop, start } = running(() => {
    passes++;
    return Promise.resolve();
  });
  const objects = Array.from({ length: 200 }, (_, index) => make(WIDGET, `w${index}`));
  const run = start();
  for (const object of objects) widgets.put(object);
  await settle();
  for (let generation = 2; generation <= 4; generation++) {
    for (const object of objects) {
      widgets.put(changed(object, { generation, resourceVersion: `${generation}` }));
    }
    await settle();
  }
  assert.equal(passes, 800);
  stop.abort();
  await run;
});
