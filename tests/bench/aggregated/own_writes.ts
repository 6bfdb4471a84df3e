/** From a write to the event of a watch on the replica that wrote; and many writers, beside those of ConfigMaps. */
import type { ToldRows } from "../told_rows.ts";
import { configMapName } from "./config_maps.ts";
import { EventWatch, type WatchedWorkspace } from "./event_watch.ts";
import { comparisonRows, percentile } from "./figures.ts";
import type { Ground } from "./ground.ts";
import { Patches } from "./patches.ts";
import { sideBySide } from "./requests.ts";

/** Of each kind; `BENCH_WRITES` shortens it for a quick look. No more than there are workspaces. */
const WRITES = Number(Deno.env.get("BENCH_WRITES") ?? "300");
const MANY = WRITES < 300 ? 500 : 10_000;
const TIMEOUT_MS = 10_000;
/** Milliseconds that an event may come later than the request was sent. */
const REACH = 50;

interface WatchedConfigMap {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
}

/** How long it took, in milliseconds: until the answer, and until the event. */
class Took {
  readonly answers: number[] = [];
  readonly events: number[] = [];

  constructor(readonly what: string) {}

  get text(): string {
    const of = (values: readonly number[]) =>
      `p50 ${percentile(values, 0.5).toFixed(1)} ms, p99 ${percentile(values, 0.99).toFixed(1)} ms`;
    return `${of(this.events)} (the answer: ${of(this.answers)})`;
  }
}

/** Metadata alone, TTL, running, and labels of ConfigMaps, in turn. */
export async function ownWrites(ground: Ground, rows: ToldRows): Promise<void> {
  const { workspacesPath, configMaps } = ground;
  const caller = await ground.writer();
  const names = await ground.names();
  using patches = new Patches(caller);
  using ours = await EventWatch.open(caller, workspacesPath);
  using theirs = await EventWatch.open<WatchedConfigMap>(caller, configMaps.path);
  const [plain, label, ttl, running] = [
    new Took("a label of a ConfigMap"),
    new Took("a label of a workspace"),
    new Took("its TTL"),
    new Took("its running"),
  ] as const;

  async function write<T>(
    took: Took,
    watch: EventWatch<T>,
    path: string,
    patch: object,
    isSo: (object: T) => boolean,
  ): Promise<void> {
    const from = watch.count;
    const { sent, answered } = await patches.send(path, patch);
    took.answers.push(answered - sent);
    took.events.push(await watch.until(isSo, { from, timeoutMs: TIMEOUT_MS }) - sent);
  }

  const told: Record<string, number> = {};
  for (let index = 0; index < WRITES; index++) {
    const name = names[index % names.length]!;
    const path = `${workspacesPath}/${name}`;
    const bench = `turn-${index}`;
    const patch = { metadata: { labels: { bench } } };
    const isLabelled = ({ metadata }: WatchedConfigMap) => metadata.labels?.["bench"] === bench;
    await write(
      plain,
      theirs,
      `${configMaps.path}/${configMapName(index % (names.length - 1))}`,
      patch,
      isLabelled,
    );
    await ground.counted();
    await write(label, ours, path, patch, isLabelled);
    const ttlMillis = 3_600_000 + index * 60_000;
    const isTimed = ({ metadata, spec }: WatchedWorkspace) =>
      metadata.labels?.["bench"] === bench && spec.ttlMillis === ttlMillis;
    await write(ttl, ours, path, { spec: { ttlMillis } }, isTimed);
    let uid = "";
    const isStopped = ({ metadata, spec }: WatchedWorkspace) => {
      uid = metadata.uid;
      return metadata.labels?.["bench"] === bench && spec.running === false;
    };
    await write(running, ours, path, { spec: { running: false } }, isStopped);
    const { routes } = await ground.counted();
    for (const [route, count] of Object.entries(routes)) told[route] = (told[route] ?? 0) + count;
    // Hundreds of builds that go on would be another matter.
    await ground.order({ end: uid });
  }
  for (const took of [plain, label, ttl, running]) {
    const value = percentile(took.events, 0.99);
    const what = `${took.what}: from when a PATCH is sent to the event of a watch, ${WRITES} of them`;
    rows.push(
      took === plain
        ? { what: `for comparison: ${what}`, measured: took.text, value }
        : { what, measured: took.text, reach: `≤ ${REACH} ms`, met: value <= REACH, value },
    );
  }
  const each = Object.entries(told).map(([route, times]) => `${times} × ${route}`).sort().join(", ");
  const calls = Object.values(told).reduce((sum, count) => sum + count, 0);
  rows.push({
    what: `requests to Coder for each label, TTL and running together, lists included (${each})`,
    measured: (calls / WRITES).toFixed(2),
    value: calls / WRITES,
  });
}

/** Labels by many at a time, and what is left of that in memory. */
export async function manyWriters(ground: Ground, rows: ToldRows): Promise<void> {
  const { workspacesPath, configMaps, load } = ground;
  const caller = await ground.writer();
  const names = await ground.names();
  const ours = names.map((name) => `${workspacesPath}/${name}`);
  const builtIn = names.slice(1).map((_, index) => `${configMaps.path}/${configMapName(index)}`);
  const job = { callers: 8, patch: JSON.stringify({ metadata: { labels: { bench: "load-{n}" } } }) };
  const writes = await sideBySide(ground, job, { ours, builtIn }, undefined, caller);
  rows.push(...comparisonRows({ what: "PATCH of a label, 8 callers", ...writes }));
  rows.push({
    what: "processor time of the product for each of them",
    measured: `${writes.processorMicros.toFixed(0)} µs`,
    value: writes.processorMicros,
  });
  const { count: refused, text } = writes.refusals;
  rows.atMost(0, { what: `answers to them other than 200${text}`, value: refused, text: String(refused) });
  const before = ground.memory().rss;
  let written = 0;
  while (written < MANY) {
    const { micros } = await load.load(caller, { ...job, paths: ours, seconds: 10, warmupSeconds: 0 });
    written += micros.length;
  }
  const after = ground.memory().rss;
  const grown = (after - before) / 1e6;
  rows.atMost(10, {
    what: `resident memory after those: ${(before / 1e6).toFixed(0)} MB; after ${written} writes more it is ${
      (after / 1e6).toFixed(0)
    } MB: grown by`,
    value: grown,
    text: `${grown.toFixed(0)} MB`,
    unit: " MB",
  });
}
