import assert from "node:assert/strict";
import { ForeignObjectError } from "../../kube/applier.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events/events.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { controlledBy } from "../../reconciler/testing/fakes.ts";
import { TerminalError } from "../../reconciler/reconcile.ts";
import { SpecError } from "../../workload/spec_error.ts";
import { CHILD, KEY, RUNNING, type Widget, widget, widgetPass } from "../testing.ts";
import { concludePass, passFacts } from "./conclude.ts";
import { type StepFailure, stepFailure } from "./failure.ts";
import { EMPTY_REPORT } from "./report.ts";
import type { Tools } from "./step.ts";

type Status = NonNullable<Widget["status"]>;

const refusal = (code: number, reason = "") =>
  new KubeApiError(code, reason, "refused", { method: "PUT", path: "/" });
const failed = (error: unknown): StepFailure => stepFailure("Some", error, (text) => text);
const invalid = failed(new SpecError("spec.x", "is blank"));
const foreign = failed(new ForeignObjectError("m", "services", KEY, "uncontrolled"));

function said(type: string, status: "True" | "False", reason = "Why"): Status {
  const lastTransitionTime = "2026-01-01T00:00:00Z";
  return { conditions: [{ type, status, reason, message: "because", lastTransitionTime }] };
}

/** A server that stores statuses. */
class World {
  object = widget();
  /** What the cache has by now. @default the object */
  cached: Widget | undefined;
  refuse: unknown;
  readonly written: Widget[] = [];
  readonly events: string[] = [];
  readonly pass = widgetPass({
    informer: { get: () => this.cached ?? this.object, observe: () => {} },
  });

  async conclude(next: Status, failures: StepFailure[] = [], signal = this.pass.signal) {
    const client = {
      update: (_type: unknown, object: Widget) => {
        this.written.push(object);
        return this.refuse === undefined ? Promise.resolve(object) : Promise.reject(this.refuse);
      },
    } as unknown as KubeClient;
    const events: EventRecorder = {
      event: (_object, type, reason, note) => void this.events.push(`${type} ${reason}: ${note}`),
    };
    const tools = { client, events, redact: (text: string) => text };
    return await concludePass({ ...this.pass, object: this.object, signal }, failures, () => next, tools);
  }
}

Deno.test("the status is written once, and each change of a condition is told after it", async () => {
  const world = new World();
  assert.deepEqual(await world.conclude(said("Degraded", "True")), {});
  assert.deepEqual(world.written.map(({ status }) => status), [said("Degraded", "True")]);
  assert.deepEqual(world.events, ["Warning Degraded: because (Why)"]);
});

Deno.test("an unchanged status is not written again, and nothing is told", async () => {
  const world = new World();
  world.object = { ...widget(), status: said("Degraded", "True") };
  assert.deepEqual(await world.conclude(said("Degraded", "True")), {});
  assert.deepEqual([world.written, world.events], [[], []]);
});

Deno.test("the cached version of the object is the one that is written to", async () => {
  const world = new World();
  world.cached = widget({}, { resourceVersion: "9" });
  await world.conclude(said("Ready", "True"));
  assert.equal(world.written[0]?.metadata.resourceVersion, "9", "a step may have written to the object");
});

Deno.test("an object that replaced the one in hand gets no status of it", async () => {
  const world = new World();
  world.cached = widget({}, { uid: "uid-2" });
  world.refuse = refusal(404, "NotFound");
  assert.deepEqual(await world.conclude(said("Ready", "True")), {});
  assert.deepEqual(
    world.written.map(({ metadata }) => metadata.uid),
    ["uid-1"],
    "the server finds that gone",
  );
  assert.deepEqual(world.events, []);
});

Deno.test("what somebody has to change first is not tried again before", async () => {
  const world = new World();
  await assert.rejects(world.conclude({}, [invalid]), TerminalError);
});

Deno.test("an object of somebody else is looked at again after a while", async () => {
  const world = new World();
  assert.deepEqual(await world.conclude({}, [foreign, invalid]), { requeueAfterMs: 60_000 });
});

Deno.test("the shortest wish of a step counts, whatever else waits for a change", async () => {
  const world = new World();
  world.pass.report.lookAgain(5_000);
  assert.deepEqual(await world.conclude({}), { requeueAfterMs: 5_000 });
  assert.deepEqual(await world.conclude({}, [foreign]), { requeueAfterMs: 5_000 });
  assert.deepEqual(await world.conclude({}, [invalid]), { requeueAfterMs: 5_000 });
});

Deno.test("what may pass by itself is thrown, without what will not", async () => {
  const broken = new Error("broken");
  await assert.rejects(
    new World().conclude({}, [invalid, failed(broken)]),
    (error) =>
      error instanceof AggregateError && error.errors.length === 1 && error.errors[0] === broken &&
      /is blank.*broken/.test(error.message),
  );
});

Deno.test("a status that cannot be written is one more failure, and tells no event", async () => {
  const world = new World();
  world.refuse = refusal(503);
  const broken = new Error("broken");
  await assert.rejects(
    world.conclude(said("Degraded", "True"), [failed(broken)]),
    (error) =>
      error instanceof AggregateError && error.errors[0] === broken && error.errors[1] === world.refuse,
  );
  assert.deepEqual(world.events, []);
});

Deno.test("a pass that ends while the status is written ends with its reason", async () => {
  const world = new World();
  const abort = new AbortController();
  const reason = new Error("leadership was lost");
  abort.abort(reason);
  world.refuse = refusal(503);
  await assert.rejects(world.conclude(said("Ready", "True"), [], abort.signal), reason);
});

Deno.test("what a pass found out is its own report, and then that of the last visit, each of its generation", () => {
  const now = new Date("2026-01-01T00:00:00Z");
  const stored = {
    ...RUNNING,
    metadata: { ...RUNNING.metadata, ...CHILD, ownerReferences: controlledBy(widget()) },
  };
  const tools = { kinds: { deployments: { get: () => stored } }, now: () => now } as unknown as Tools;
  const pass = widgetPass({ object: widget({}, { generation: 5 }) });
  pass.report.status({ version: "v1" });
  const report = { ...EMPTY_REPORT, status: { tier: "none" } };
  const facts = passFacts(pass, [invalid], { result: { generation: 4, report }, unvisited: false }, tools);
  assert.deepEqual(facts, {
    key: KEY,
    generation: 5,
    deployment: stored,
    failures: [invalid],
    pendingUpgrade: undefined,
    visited: true,
    reports: [
      { ...EMPTY_REPORT, status: { version: "v1" }, generation: 5 },
      { ...report, generation: 4 },
    ],
    now,
  });
  const first = (unvisited: boolean) => passFacts(pass, [], { result: undefined, unvisited }, tools);
  assert.deepEqual([first(false).visited, first(true).visited, first(false).reports.length], [
    false,
    true,
    1,
  ]);
  const applied = widgetPass({ deployment: RUNNING });
  assert.equal(passFacts(applied, [], { result: undefined, unvisited: true }, tools).deployment, RUNNING);
});
