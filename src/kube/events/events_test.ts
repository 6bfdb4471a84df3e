import assert from "node:assert/strict";
import type { Event } from "../../api/kubernetes/types.ts";
import type { KubeObject } from "../../api/object.ts";
import type { KubeClient } from "../client.ts";
import { KubeApiError, KubeConnectionError } from "../errors.ts";
import { createEventSender, type EventSenderOptions, noEvents, truncateUtf8 } from "./events.ts";
import { CountingMetrics } from "../testing/counting_metrics.ts";
import { ManualClock, settle } from "../testing/manual_clock.ts";
import { recordingLogger } from "../testing/recording_logger.ts";

const plane: KubeObject = {
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { namespace: "team", name: "coder", uid: "u-1", resourceVersion: "7" },
};

type Verb = "create" | "patch";

/** A sender on a client that keeps what it is given; `fault` runs before each request and may throw or wait. */
function sender(
  options: Partial<EventSenderOptions> & { fault?: (verb: Verb) => void | Promise<void> } = {},
) {
  const { fault, ...rest } = options;
  const created: Event[] = [];
  const patched: { name: string; body: unknown }[] = [];
  const client = {
    async create(_type: unknown, event: Event) {
      await fault?.("create");
      created.push(structuredClone(event));
      return event;
    },
    async patch(_type: unknown, key: { name: string }, patch: { body: unknown }) {
      await fault?.("patch");
      patched.push({ name: key.name, body: structuredClone(patch.body) });
      return {};
    },
  } as unknown as KubeClient;
  const clock = new ManualClock();
  const metrics = new CountingMetrics();
  const { logger, lines } = recordingLogger();
  const events = createEventSender({ client, reportingInstance: "pod-1", clock, metrics, logger, ...rest });
  const dropped = (reason: string) => metrics.get("coder_k8s_events_dropped_total", { reason });
  return { events, created, patched, clock, metrics, lines, dropped };
}

function refusal(code: number, details?: unknown): KubeApiError {
  return new KubeApiError(
    code,
    "",
    `refused with ${code}`,
    { method: "POST", path: "/events" },
    undefined,
    details,
  );
}

function lost(): KubeConnectionError {
  return new KubeConnectionError("no answer", { method: "POST", path: "/events" });
}

Deno.test("an event says what happened, to what, and who says so", async () => {
  const test = sender();
  test.events.event(plane, "Normal", "Created", "made the Deployment", "CreateDeployment");
  await settle();
  const [event] = test.created;
  assert.match(event?.metadata.name ?? "", /^coder\.[0-9a-f]+$/);
  assert.equal(event?.metadata.namespace, "team");
  assert.deepEqual({ ...event, metadata: undefined }, {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: undefined,
    eventTime: "2026-01-01T00:00:00.000000Z",
    type: "Normal",
    reason: "Created",
    note: "made the Deployment",
    action: "CreateDeployment",
    reportingController: "coder-k8s",
    reportingInstance: "pod-1",
    regarding: {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      namespace: "team",
      name: "coder",
      uid: "u-1",
      resourceVersion: "7",
    },
  });
  assert.equal(test.metrics.get("coder_k8s_events_sent_total", { type: "Normal" }), 1);
  await test.events.close();
});

Deno.test("events about cluster-scoped objects live in the namespace default", async () => {
  const test = sender();
  test.events.event({ apiVersion: "v1", kind: "Node", metadata: { name: "n" } }, "Warning", "Odd", "x");
  await settle();
  assert.equal(test.created[0]?.metadata.namespace, "default");
  assert.deepEqual(test.created[0]?.regarding, { apiVersion: "v1", kind: "Node", name: "n" });
  assert.equal(test.created[0]?.action, "Reconcile");
  await test.events.close();
});

Deno.test("equal events become one with a count, told at growing intervals", async () => {
  const test = sender();
  const again = () => test.events.event(plane, "Warning", "Failed", "cannot reach the database");
  again();
  await settle();
  for (let second = 0; second < 60; second++) {
    await test.clock.advance(1_000);
    again();
  }
  assert.equal(test.created.length, 1);
  assert.equal(test.created[0]?.series, undefined);
  assert.deepEqual(test.patched.map((patch) => patch.body), [
    { series: { count: 10, lastObservedTime: "2026-01-01T00:00:09.000000Z" } },
    { series: { count: 30, lastObservedTime: "2026-01-01T00:00:29.000000Z" } },
  ]);
  assert.equal(new Set(test.patched.map((patch) => patch.name)).size, 1);
  assert.equal(test.patched[0]?.name, test.created[0]?.metadata.name);
  await test.events.close();
  assert.deepEqual(test.patched.at(-1)?.body, {
    series: { count: 61, lastObservedTime: "2026-01-01T00:01:00.000000Z" },
  });
});

Deno.test("what differs in any part is an event of its own", async () => {
  const test = sender();
  const other = { ...plane, metadata: { ...plane.metadata, uid: "u-2" } };
  test.events.event(plane, "Normal", "A", "x");
  test.events.event(plane, "Warning", "A", "x");
  test.events.event(plane, "Normal", "B", "x");
  test.events.event(plane, "Normal", "A", "y");
  test.events.event(plane, "Normal", "A", "x", "Act");
  test.events.event(other, "Normal", "A", "x");
  test.events.event({ ...plane, metadata: { ...plane.metadata, resourceVersion: "8" } }, "Normal", "A", "x");
  await settle();
  assert.equal(test.created.length, 6, "a newer version of the object is still the same object");
  assert.equal(new Set(test.created.map((event) => event.metadata.name)).size, 6);
  await test.events.close();
});

Deno.test("after a quiet time a new series begins", async () => {
  const test = sender();
  test.events.event(plane, "Normal", "A", "x");
  await test.clock.advance(361_000);
  test.events.event(plane, "Normal", "A", "x");
  await settle();
  assert.equal(test.created.length, 2);
  assert.equal(test.patched.length, 0);
  await test.events.close();
});

Deno.test("repeats that come before the first was sent go out with it", async () => {
  const test = sender();
  for (let time = 0; time < 5; time++) test.events.event(plane, "Normal", "A", "x");
  await test.events.close();
  assert.equal(test.created.length, 1);
  const series = test.created[0]?.series ?? (test.patched[0]?.body as { series: Event["series"] }).series;
  assert.equal(series?.count, 5);
});

Deno.test("a talkative object is held back, the others are not", async () => {
  const test = sender({ series: { burst: 3, refillMs: 10_000 } });
  const say = (note: string) => test.events.event(plane, "Normal", "A", note);
  for (const note of ["1", "2", "3", "4", "5"]) say(note);
  test.events.event({ ...plane, metadata: { name: "other", namespace: "team" } }, "Normal", "A", "x");
  await settle();
  assert.deepEqual(test.created.map((event) => event.note), ["1", "2", "3", "x"]);
  assert.equal(test.dropped("rate_limited"), 2);
  await test.clock.advance(10_000);
  say("6");
  await settle();
  assert.equal(test.created.at(-1)?.note, "6");
  await test.events.close();
});

Deno.test("secrets are removed before anything else, and long notes are cut", async () => {
  const test = sender({ redact: (text) => text.replaceAll("hunter2", "***") });
  test.events.event(plane, "Warning", "A", "password hunter2");
  test.events.event(plane, "Warning", "B", "ü".repeat(2_000));
  test.events.event(plane, "Warning", "C".repeat(200), "x", "D".repeat(200));
  await settle();
  assert.equal(test.created[0]?.note, "password ***");
  assert.ok(new TextEncoder().encode(test.created[1]?.note).byteLength <= 1_024);
  assert.deepEqual([test.created[2]?.reason?.length, test.created[2]?.action?.length], [128, 128]);
  await test.events.close();
});

Deno.test("names of long objects are cut so that the event's name is valid", async () => {
  const test = sender();
  const name = `${"a".repeat(240)}-.${"b".repeat(11)}`;
  test.events.event({ ...plane, metadata: { ...plane.metadata, name } }, "Normal", "A", "x");
  await settle();
  const made = test.created[0]?.metadata.name ?? "";
  assert.ok(made.length <= 253);
  assert.match(made, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
  assert.equal(test.created[0]?.regarding?.name, name);
  await test.events.close();
});

Deno.test("a queue that is full drops and counts", async () => {
  const gate = Promise.withResolvers<void>();
  const test = sender({ maxPending: 2, series: { burst: 100 }, fault: () => gate.promise });
  for (let note = 0; note < 10; note++) test.events.event(plane, "Normal", "A", String(note));
  assert.equal(test.dropped("queue_full"), 4, "four are being sent, two wait");
  assert.equal(test.events.pending, 6);
  gate.resolve();
  await settle();
  assert.equal(test.created.length, 6);
  await test.events.close();
});

Deno.test("a passing failure is tried again, a lasting one given up", async () => {
  let failures = 2;
  const test = sender({
    fault() {
      if (failures-- > 0) throw lost();
    },
  });
  test.events.event(plane, "Normal", "A", "x");
  await test.clock.advance(500 + 1_000);
  assert.equal(test.created.length, 1);
  failures = Infinity;
  test.events.event(plane, "Normal", "B", "x");
  await test.clock.advance(60_000);
  assert.equal(test.dropped("failed"), 1);
  assert.equal(test.clock.sleeping, 0);
  await test.events.close();
});

Deno.test("an event that the server finds invalid is not tried again", async () => {
  let tries = 0;
  const test = sender({
    fault() {
      tries++;
      throw refusal(422);
    },
  });
  test.events.event(plane, "Normal", "A", "x");
  await settle();
  assert.deepEqual([tries, test.dropped("failed")], [1, 1]);
  for (let time = 0; time < 50; time++) test.events.event(plane, "Normal", "A", "x");
  await settle();
  assert.equal(tries, 1, "repeats wait, too");
  await test.events.close();
});

Deno.test("a lack of rights is logged once, and nothing is tried for five minutes", async () => {
  let tries = 0;
  const test = sender({
    fault() {
      tries++;
      throw refusal(403);
    },
  });
  test.events.event(plane, "Normal", "A", "x");
  await settle();
  for (let note = 0; note < 10; note++) test.events.event(plane, "Normal", "B", String(note));
  await settle();
  assert.equal(tries, 1);
  assert.equal(test.dropped("forbidden"), 11);
  await test.clock.advance(300_000);
  test.events.event(plane, "Normal", "C", "x");
  await settle();
  assert.equal(tries, 2);
  assert.equal(test.lines.filter((line) => line.level === "warn").length, 1);
  assert.match(test.lines[0]?.message ?? "", /grant create and patch on events\.events\.k8s\.io/);
  await test.events.close();
});

Deno.test("a namespace that is being deleted is no lack of rights", async () => {
  let terminating = true;
  const test = sender({
    fault() {
      if (terminating) throw refusal(403, { causes: [{ reason: "NamespaceTerminating" }] });
    },
  });
  test.events.event(plane, "Normal", "A", "x");
  await settle();
  terminating = false;
  test.events.event(plane, "Normal", "B", "x");
  await settle();
  assert.equal(test.created.length, 1);
  assert.deepEqual([test.dropped("failed"), test.dropped("forbidden")], [1, 0]);
  await test.events.close();
});

Deno.test("a series whose event the server has forgotten begins anew", async () => {
  let gone = true;
  const test = sender({
    fault(verb) {
      if (verb === "patch" && gone) throw refusal(404);
    },
  });
  test.events.event(plane, "Normal", "A", "x");
  await settle();
  test.events.event(plane, "Normal", "A", "x");
  await test.clock.advance(10_000);
  assert.equal(test.created.length, 2);
  assert.equal(test.created[1]?.series?.count, 2);
  gone = false;
  test.events.event(plane, "Normal", "A", "x");
  await test.clock.advance(20_000);
  assert.equal(test.patched.length, 1);
  await test.events.close();
});

Deno.test("close sends what waits, then takes nothing more", async () => {
  const test = sender();
  test.events.event(plane, "Normal", "A", "x");
  await settle();
  test.events.event(plane, "Normal", "A", "x");
  assert.equal(test.events.pending, 1);
  await test.events.close();
  assert.equal(test.patched.length, 1);
  test.events.event(plane, "Normal", "B", "x");
  assert.equal(test.dropped("closed"), 1);
  assert.equal(test.clock.sleeping, 0, "no timer is left");
});

Deno.test("close ends in time although the server does not answer, and counts what is lost", async () => {
  const test = sender({
    fault: () => Promise.reject(lost()),
  });
  for (let note = 0; note < 7; note++) test.events.event(plane, "Normal", "A", String(note));
  const closed = test.events.close(1_000);
  await test.clock.advance(1_000);
  await closed;
  assert.equal(test.dropped("closed"), 7);
  assert.equal(test.events.pending, 0);
  assert.equal(test.clock.sleeping, 0);
});

Deno.test("memory is bounded: the series used longest ago is forgotten", async () => {
  const test = sender({ series: { maxEntries: 2, burst: 100 } });
  for (const note of ["1", "2", "3", "1"]) {
    test.events.event(plane, "Normal", "A", note);
    await settle();
  }
  assert.deepEqual(test.created.map((event) => event.note), ["1", "2", "3", "1"]);
  test.events.event(plane, "Normal", "A", "3");
  await test.events.close();
  assert.equal(test.created.length, 4);
  assert.equal(test.patched.length, 1);
});

Deno.test("the silent recorder takes everything", () => {
  assert.doesNotThrow(() => noEvents.event(plane, "Normal", "A", "x"));
});

Deno.test("text is cut at whole characters, with an ellipsis", () => {
  assert.equal(truncateUtf8("short", 100), "short");
  assert.equal(truncateUtf8("a".repeat(12), 12), "a".repeat(12));
  assert.equal(truncateUtf8("a".repeat(13), 12), `${"a".repeat(9)}…`);
  assert.equal(truncateUtf8("ääääää", 11), "ääää…");
  assert.equal(truncateUtf8("🚀🚀🚀🚀", 12), "🚀🚀…");
  for (const limit of [4, 5, 6, 7, 8]) {
    const cut = truncateUtf8("aä🚀漢字", limit);
    assert.ok(new TextEncoder().encode(cut).byteLength <= limit, cut);
    assert.doesNotMatch(cut, /\uFFFD/);
  }
});
