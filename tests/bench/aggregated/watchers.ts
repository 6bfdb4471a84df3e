/** A thousand watchers of one namespace, beside as many of ConfigMaps. */
import { sleep } from "../../cluster/mod.ts";
import type { ToldRows } from "../told_rows.ts";
import { losses, percentile } from "./figures.ts";
import type { Ground } from "./ground.ts";
import type { Watched } from "./load.ts";

const WATCHERS = 1_000;
const SECONDS = 20;
const PER_SECOND = 10;
const EVENTS = SECONDS * PER_SECOND;

/** Changes that come together, once a second: as a list of Coder tells them. */
async function eachSecond(change: (second: number) => Promise<unknown>): Promise<void> {
  const started = performance.now();
  for (let second = 0; second < SECONDS; second++) {
    await change(second);
    await sleep(Math.max(0, started + (second + 1) * 1_000 - performance.now()));
  }
}

interface Counted extends Watched {
  /** To Coder, from when all watches are open. */
  readonly requestsPerMinute: number;
  /** Seconds that the product computed in that time. */
  readonly processor: number;
}

async function watched(
  ground: Ground,
  path: string,
  watchers: number,
  timeMark: string,
  change: (second: number) => Promise<unknown>,
): Promise<Counted> {
  const { load, caller, rig } = ground;
  const { metadata } = await rig.cluster.request("GET", `${path}?limit=1`);
  const watches = await load.watch(caller, {
    path: `${path}?watch=1&resourceVersion=${metadata.resourceVersion}`,
    watchers,
    eventMark: '"resourceVersion":"',
    timeMark,
  });
  const processor = ground.processorSeconds();
  const started = performance.now();
  await ground.counted();
  await eachSecond(change);
  await watches.told(EVENTS);
  const seconds = (performance.now() - started) / 1_000;
  const { requests } = await ground.counted();
  return {
    ...await watches.finish(),
    requestsPerMinute: requests / seconds * 60,
    processor: ground.processorSeconds() - processor,
  };
}

/** Both kinds in turn, with the same changes. */
export async function manyWatchers(ground: Ground, count: number, rows: ToldRows): Promise<void> {
  const { configMaps, workspacesPath } = ground;
  const touch = (second: number) =>
    Promise.all(
      Array.from(
        { length: PER_SECOND },
        (_, index) => configMaps.touch((second * PER_SECOND + index) % (count - 1)),
      ),
    );
  const change = () => ground.order({ change: PER_SECOND });
  const ours = (watchers: number) => watched(ground, workspacesPath, watchers, '"resourceVersion":"', change);

  const alone = await ours(1);
  const builtIn = await watched(ground, configMaps.path, WATCHERS, '"sent":"', touch);
  const own = await ours(WATCHERS);

  const theirs = percentile(builtIn.micros, 0.99) / 1_000;
  const p99 = percentile(own.micros, 0.99) / 1_000;
  const what = `${WATCHERS} watchers, ${PER_SECOND} changes a second that come together`;
  const text = (p99: number, { micros }: Watched) =>
    `p50 ${(percentile(micros, 0.5) / 1_000).toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`;
  rows.push({
    what: `for comparison: ${what}, ConfigMaps: from the write to each watcher${noteOf(builtIn)}`,
    measured: text(theirs, builtIn),
    value: theirs,
  }, {
    what: `${what}, workspaces: from when it is seen in Coder to each watcher`,
    measured: `${text(p99, own)}: ${(p99 / theirs).toFixed(2)} ×`,
    reach: "≤ 3 × p99",
    met: p99 <= 3 * theirs,
    value: p99 / theirs,
  });
  const lost = losses(own, EVENTS);
  rows.push({
    what: `events lost, of ${WATCHERS * EVENTS}${lost === "" ? "" : ` (${lost})`}`,
    measured: lost === "" ? "none" : "some",
    reach: "none",
    met: lost === "",
    value: lost === "" ? 0 : 1,
  }, {
    what: "processor time of the product for each event of each watcher",
    measured: `${(own.processor / (WATCHERS * EVENTS) * 1e6).toFixed(1)} µs`,
    value: own.processor,
  });
  // A list more or less is a matter of the moment.
  const spare = 60 / SECONDS;
  rows.push({
    what: `requests to Coder a minute meanwhile (with one watcher: ${alone.requestsPerMinute.toFixed(1)})`,
    measured: own.requestsPerMinute.toFixed(1),
    reach: "no more",
    met: own.requestsPerMinute <= alone.requestsPerMinute + spare,
    value: own.requestsPerMinute,
  });
}

function noteOf(watched: Watched): string {
  const lost = losses(watched, EVENTS);
  return lost === "" ? "" : ` (${lost})`;
}
