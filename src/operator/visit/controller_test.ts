import assert from "node:assert/strict";
import { Deployments } from "../../api/kubernetes/resources.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { keyText } from "../../api/object.ts";
import { changed, FakeInformer, LineLog, make } from "../../reconciler/testing/fakes.ts";
import { primary } from "../../reconciler/source.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { Report } from "../pass/report.ts";
import {
  type Widget,
  widget,
  Widgets,
  type WidgetSays,
  type WidgetVisit as Visit,
  type WidgetVisitStep as VisitStep,
} from "../testing.ts";
import { generationOfPods, hasPods, podsChanged, visitController } from "./controller.ts";
import { type VisitResult, VisitResults } from "./results.ts";
import { NotYetError, type VisitTools } from "./visit.ts";

const FINALIZER = "example.com/held";

/** The controller of visits to widgets, on time that stands still. */
class World implements AsyncDisposable {
  readonly widgets = new FakeInformer(Widgets);
  readonly clock = new FakeClock();
  readonly log = new LineLog();
  readonly results = new VisitResults<VisitResult<WidgetSays>>();
  readonly news: string[] = [];
  readonly visits: Visit[] = [];
  /** Of objects that are gone. */
  readonly forgotten: string[] = [];
  readonly #stop = new AbortController();
  readonly #run: Promise<void>;

  constructor(steps: VisitStep[], objects: Widget[] = [widget()], deadlineMs = 60_000) {
    for (const object of objects) this.widgets.put(object);
    const watcher: VisitStep = {
      name: "Watcher",
      run: (visit) => Promise.resolve(void this.visits.push(visit)),
    };
    const controller = visitController<Widget, Visit, VisitTools, VisitResult<WidgetSays>>({
      name: "widget-visits",
      objects: this.widgets,
      watches: [primary(this.widgets)],
      tools: { redact: (text: string) => text.replaceAll("hunter2", "…") } as unknown as VisitTools,
      steps: [watcher, ...steps],
      results: this.results,
      begin: (key, object, context) =>
        object.spec?.["odd"] === true ? undefined : { key, object, ...context, report: new Report() },
      resultOf: ({ object, report }) => ({
        generation: object.metadata.generation ?? 0,
        report: report.data(),
      }),
      isHeld: ({ metadata }) => metadata.finalizers?.includes(FINALIZER) ?? false,
      forget: (key) => void this.forgotten.push(keyText(key)),
      onNews: (key) => void this.news.push(keyText(key)),
      log: this.log,
      controller: { clock: this.clock, random: () => 0.5, resyncMs: 0, deadlineMs },
    });
    this.#run = controller.run({ stop: this.#stop.signal, abort: this.#stop.signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the test ends"));
    await this.#run;
  }
}

const step = (run: VisitStep["run"], more: Partial<VisitStep> = {}): VisitStep => ({
  name: "Some",
  run,
  ...more,
});
const nothing = () => Promise.resolve();
const leaving = (more: Partial<Widget["metadata"]> = {}) =>
  widget({}, { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: [FINALIZER], ...more });

Deno.test("what steps say is a result, and news once", async () => {
  await using world = new World([step((visit) => Promise.resolve(visit.report.status({ tier: "none" })))]);
  await settle();
  assert.deepEqual(world.results.get("uid-1"), {
    generation: 1,
    report: { conditions: [], absent: [], status: { tier: "none" }, troubles: [], warnings: [] },
  });
  assert.deepEqual(world.news, ["a/w"]);
  await world.clock.advance(600_000);
  assert.equal(world.visits.length, 2, "at least every ten minutes");
  assert.deepEqual(world.news, ["a/w"]);
});

Deno.test("the next visit comes when a step wants it", async () => {
  await using world = new World([step((visit) => Promise.resolve(visit.report.lookAgain(7_000)))]);
  await settle();
  await world.clock.advance(6_999);
  assert.equal(world.visits.length, 1);
  await world.clock.advance(1);
  assert.equal(world.visits.length, 2);
});

Deno.test("a step that throws is trouble, stops no other, and is tried again soon", async () => {
  const after: string[] = [];
  await using world = new World([
    step(() => Promise.reject(new Error("hunter2 went wrong")), { name: "Broken" }),
    step((visit) => Promise.resolve(void after.push(visit.key.name))),
  ]);
  await settle();
  assert.deepEqual(after, ["w"]);
  assert.deepEqual(world.results.get("uid-1")?.report.troubles, [
    { reason: "Failed", message: "Broken: … went wrong" },
  ]);
  assert.deepEqual(world.log.at("warn"), ["a step of a visit failed"]);
  await world.clock.advance(30_000);
  assert.equal(after.length, 2);
});

Deno.test("what was made in Coder goes with the object, is tried until it does, and no longer", async () => {
  let tries = 0;
  const ran: string[] = [];
  await using world = new World([
    step(() => Promise.resolve(void ran.push("run")), {
      name: "Access",
      end: () => ++tries < 3 ? Promise.reject(new Error("hunter2 is away")) : nothing(),
    }),
    step(nothing, { name: "Other", end: () => tries < 2 ? Promise.reject(new Error("no")) : nothing() }),
  ], [leaving()]);
  await settle();
  assert.deepEqual(world.results.ended("uid-1"), { done: false, message: "Access: … is away; Other: no" });
  await world.clock.advance(5_000);
  assert.deepEqual(world.results.ended("uid-1"), { done: false, message: "Access: … is away" });
  await world.clock.advance(5_000);
  assert.deepEqual(world.results.ended("uid-1"), { done: true, message: "" });
  assert.equal(world.news.length, 3);
  world.widgets.put(leaving({ resourceVersion: "2", labels: { a: "b" } }));
  await world.clock.advance(60_000);
  assert.equal(tries, 3);
  assert.deepEqual(ran, [], "a widget that goes is not worked on");
});

Deno.test("an end whose time has not come is told, and is no failure for the log", async () => {
  let isTime = false;
  await using world = new World([
    step(nothing, {
      name: "Some",
      end: () => isTime ? nothing() : Promise.reject(new NotYetError("pods end")),
    }),
  ], [leaving()]);
  await settle();
  assert.deepEqual(world.results.ended("uid-1"), { done: false, message: "pods end" });
  assert.ok(!world.log.at("info").includes("what was made in Coder could not be removed yet"));
  isTime = true;
  await world.clock.advance(5_000);
  assert.equal(world.results.ended("uid-1")?.done, true);
});

Deno.test("what an end says of itself is left beside how far it is, once it says anything", async () => {
  const update = { type: "Going", status: "True" as const, reason: "Slowly", message: "3 are left" };
  let left = 1;
  await using world = new World([
    step(nothing, {
      end(visit) {
        if (left-- <= 0) return nothing();
        visit.report.condition(update);
        return Promise.reject(new NotYetError("3 are left"));
      },
    }),
  ], [leaving()]);
  await settle();
  assert.deepEqual(world.results.ended("uid-1"), {
    done: false,
    message: "3 are left",
    conditions: [update],
  });
  await world.clock.advance(5_000);
  assert.deepEqual(world.results.ended("uid-1"), { done: true, message: "" });
});

Deno.test("without our finalizer nothing is left to be done", async () => {
  let tries = 0;
  await using world = new World([
    step(nothing, { end: () => Promise.resolve(void tries++) }),
  ], [leaving({ finalizers: ["somebody/else"] })]);
  await settle();
  assert.deepEqual([tries, world.results.ended("uid-1")], [0, undefined]);
});

Deno.test("a visit that its deadline ends has no result, and the last one stands", async () => {
  let hang = false;
  await using world = new World(
    [step((visit) =>
      hang
        ? new Promise((_, reject) =>
          visit.signal.addEventListener("abort", () => reject(visit.signal.reason))
        )
        : Promise.resolve(visit.report.status({ tier: "none" }))
    )],
    [widget()],
    1_000,
  );
  await settle();
  hang = true;
  await world.clock.advance(600_000 + 1_000);
  assert.deepEqual(world.results.get("uid-1")?.report.status, { tier: "none" });
  assert.equal(world.news.length, 1);
  hang = false;
  const before = world.visits.length;
  await world.clock.advance(60_000);
  assert.ok(world.visits.length > before, "and it is tried again");
});

Deno.test("an object that cannot be read is left to the reconciler", async () => {
  await using world = new World([], [widget({ odd: true })]);
  await settle();
  assert.deepEqual([world.visits.length, world.results.size], [0, 0]);
});

Deno.test("an object that is gone is forgotten, also where another took its name unseen", async () => {
  const forgotten: string[] = [];
  const first = widget();
  await using world = new World([step(nothing, { forget: (uid) => void forgotten.push(uid) })], [first]);
  await settle();
  world.widgets.put(widget({}, { uid: "uid-2", resourceVersion: "9", generation: 2 }));
  await settle();
  assert.deepEqual(forgotten, ["uid-1"]);
  assert.deepEqual([world.results.get("uid-1"), world.results.get("uid-2")?.generation], [undefined, 2]);
  world.widgets.remove(first);
  await settle();
  assert.deepEqual([forgotten, world.forgotten, world.results.size], [["uid-1", "uid-2"], ["a/w", "a/w"], 0]);
});

Deno.test("pods that are replaced or become ready cause visits, other changes of a Deployment do not", () => {
  const pods = (status: Deployment["status"]): Deployment => ({
    ...make(Deployments, "d", { uid: "d" }) as Deployment,
    ...(status !== undefined && { status }),
  });
  const before = pods({ observedGeneration: 1, updatedReplicas: 1, availableReplicas: 0 });
  const wakes = (after: Deployment) => podsChanged.updated?.(before, after);
  assert.equal(wakes(changed(before, { labels: { a: "b" } })), false);
  assert.equal(wakes(pods({ observedGeneration: 1, updatedReplicas: 1, availableReplicas: 1 })), true);
  assert.equal(wakes(pods({ observedGeneration: 2, updatedReplicas: 1, availableReplicas: 0 })), true);
  assert.deepEqual([hasPods(before), hasPods(undefined), hasPods(pods({ availableReplicas: 1 }))], [
    false,
    false,
    true,
  ]);
  assert.notEqual(generationOfPods(before), generationOfPods(undefined));
});
