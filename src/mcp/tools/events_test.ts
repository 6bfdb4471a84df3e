import assert from "node:assert/strict";
import { toolRig } from "../testing.ts";
import { type CoreEvent, eventCount, eventTime } from "../../diagnosis/core_events.ts";
import { getEvents } from "./events.ts";
import { memoryCluster, refusal } from "./kubernetes_testing.ts";

const event = (index: number, more: Partial<CoreEvent> = {}): CoreEvent => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: `e${String(index).padStart(5, "0")}`, namespace: "lab" },
  involvedObject: { kind: "Pod", name: `p${index % 3}` },
  type: "Normal",
  reason: "Pulled",
  message: `message ${index}`,
  count: 1,
  lastTimestamp: new Date(1_760_000_000_000 + index * 1_000).toISOString(),
  ...more,
});
const many = (count: number) => Array.from({ length: count }, (_, index) => event((index * 7_919) % count));

interface Answer {
  readonly items: { readonly message: string; readonly object?: string; readonly lastTimestamp?: string }[];
  readonly continue?: string;
}
const rigOf = (...objects: CoreEvent[]) => {
  const cluster = memoryCluster({ objects });
  const rig = toolRig({ cluster });
  const get = async (args: Record<string, unknown> = {}) =>
    (await rig.run(getEvents, { namespace: "lab", ...args })).output as unknown as Answer;
  return { cluster, rig, get };
};

Deno.test("an event is told with its object, its number and when it was last", async () => {
  const { get } = rigOf(event(5, { count: 3, type: "Warning" }));
  assert.deepEqual(await get(), {
    items: [{
      type: "Warning",
      reason: "Pulled",
      message: "message 5",
      count: 3,
      lastTimestamp: "2025-10-09T08:53:25Z",
      object: "Pod/p2",
    }],
  });
});

Deno.test("the text is a table, one line an event, fenced as words of others", async () => {
  const { rig } = rigOf(event(1, { message: "two\nlines" }), event(2));
  const lines = (await rig.run(getEvents, { namespace: "lab", limit: 1 })).text.split("\n");
  assert.match(lines[0]!, /^Untrusted data, events, /);
  assert.equal(lines[2], "type | reason | message | count | lastTimestamp | object");
  assert.equal(lines[3], "Normal | Pulled | message 2 | 1 | 2025-10-09T08:53:22Z | Pod/p2");
  assert.equal(lines[4], `${lines[1]?.slice("<<<".length)}>>>`);
  assert.match(lines[5]!, /^continue: \S+$/);
  const next = await rig.run(getEvents, { namespace: "lab", continue: lines[5]!.slice("continue: ".length) });
  assert.match(next.text, /\nNormal \| Pulled \| two lines \|[^\n]*\n\w+>>>$/);
  assert.equal((await rigOf().rig.run(getEvents, { namespace: "lab" })).text, "There are no events.");
});

Deno.test("the newest come first, on all pages, however the API server has them", async () => {
  const { get } = rigOf(...many(1_300));
  const seen: string[] = [];
  let from: string | undefined;
  for (let pages = 0; pages < 20; pages++) {
    const page = await get({ limit: 300, ...(from === undefined ? {} : { continue: from }) });
    seen.push(...page.items.map(({ message }) => message));
    if ((from = page.continue) === undefined) break;
  }
  assert.deepEqual(seen, Array.from({ length: 1_300 }, (_, index) => `message ${1_299 - index}`));
});

Deno.test("without a limit there are 200, and never more than 1000", async () => {
  const { get } = rigOf(...many(1_100).map((one) => ({ ...one, message: "" })));
  assert.equal((await get()).items.length, 200);
  assert.equal((await get({ limit: -4 })).items.length, 200);
  // Fewer where they are long: a page is no more than 48 KiB.
  const most = (await get({ limit: 5_000 })).items.length;
  assert.ok(most > 200 && most <= 1_000, String(most));
});

Deno.test("of more than 5000 each 5000 are in order, none is missing, and the answer says so", async () => {
  const { get, rig } = rigOf(...many(5_600));
  const { output } = await rig.run(getEvents, { namespace: "lab", limit: 1 });
  assert.match(String((output["warnings"] as string[])[0]), /more than 5000 events/);
  const seen = new Set<string>();
  let from: string | undefined;
  do {
    const page: Answer = await get({ limit: 1_000, ...(from === undefined ? {} : { continue: from }) });
    for (const { message } of page.items) seen.add(message);
    from = page.continue;
  } while (from !== undefined);
  assert.equal(seen.size, 5_600);
});

Deno.test("only those of a name and a kind can be asked for, and a name is no selector", async () => {
  const { get, cluster } = rigOf(
    event(1),
    event(2),
    event(4, { involvedObject: { kind: "Job", name: "p1" } }),
  );
  assert.equal((await get({ name: "p1" })).items.length, 2);
  assert.equal((await get({ name: "p1", kind: "Job" })).items.length, 1);
  await get({ name: "p1,involvedObject.kind=Job" });
  assert.deepEqual(cluster.asked, [
    "list events lab involvedObject.name=p1",
    "list events lab involvedObject.name=p1,involvedObject.kind=Job",
    "list events lab involvedObject.name=p1\\,involvedObject.kind\\=Job",
  ]);
});

Deno.test("events of either API say when and how often", () => {
  const at = "2026-01-01T00:00:00.5Z";
  const old = { firstTimestamp: null, lastTimestamp: null, count: null };
  assert.equal(eventTime(event(1, { ...old, eventTime: at })), Date.parse(at));
  const series = { count: 9, lastObservedTime: at };
  assert.equal(eventTime(event(1, { ...old, eventTime: "2025-01-01T00:00:00Z", series })), Date.parse(at));
  assert.equal(eventCount(event(1, { count: 0, series })), 9);
  assert.equal(eventCount(event(1, { ...old })), 1);
  assert.equal(eventTime(event(1, { ...old, eventTime: "nonsense" })), 0);
});

Deno.test("an event that says nothing is told all the same", async () => {
  const empty = { apiVersion: "v1", kind: "Event", metadata: { name: "x", namespace: "lab" } } as CoreEvent;
  assert.deepEqual((await rigOf(empty).get()).items, [
    { type: "", reason: "", message: "", count: 1 } as never,
  ]);
});

Deno.test("refusals begin as the Go server's did", async () => {
  const cluster = memoryCluster({ refuse: () => refusal(410, "Expired", "the token is too old") });
  const error = await toolRig({ cluster }).refuses(getEvents, { namespace: "lab" });
  assert.equal(error.message, 'list events in namespace "lab": the token is too old');
  const wrong = await toolRig({ cluster }).refuses(getEvents, { namespace: "lab", continue: "eyJ2" });
  assert.match(wrong.message, /continue: it is none of this tool's/);
  assert.equal(
    (await toolRig({ cluster }).refuses(getEvents, { namespace: "" })).message,
    "namespace is required",
  );
});

Deno.test("an API server that says nothing is not waited for", async () => {
  const cluster = { ...memoryCluster({}), list: () => new Promise<never>(() => {}) };
  const rig = toolRig({ cluster, signal: AbortSignal.timeout(20) });
  await assert.rejects(rig.run(getEvents, { namespace: "lab" }), /TimeoutError|too long|timed out/i);
});
