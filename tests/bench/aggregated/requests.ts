/** LIST and GET beside those of ConfigMaps, round by round; and what Coder hears of many callers. */
import { sleep } from "../../cluster/mod.ts";
import type { ToldRows } from "../told_rows.ts";
import { configMapName } from "./config_maps.ts";
import { comparisonRows, figuresOf, type LoadFigures, refusalsOf } from "./figures.ts";
import type { Ground } from "./ground.ts";
import type { Caller, LoadJob } from "./load.ts";

/** Seconds of one round; `BENCH_SECONDS` shortens it for a quick look. */
const SECONDS = Number(Deno.env.get("BENCH_SECONDS") ?? "8");
const ROUNDS = 3;
const MINUTES = Number(Deno.env.get("BENCH_IDLE_MINUTES") ?? "4");

export interface SideBySide {
  readonly ours: readonly LoadFigures[];
  readonly builtIn: readonly LoadFigures[];
  /** Answers of ours other than 200. */
  readonly refusals: { count: number; text: string };
  /** Of the product for each turn, in microseconds. */
  readonly processorMicros: number;
}

/** The same load on both in turn, so that whatever else the machine does is done to both. */
export async function sideBySide(
  ground: Ground,
  job: Omit<LoadJob, "paths" | "seconds">,
  paths: { ours: readonly string[]; builtIn: readonly string[] },
  seconds: number = SECONDS,
  caller: Caller = ground.caller,
): Promise<SideBySide> {
  const { load } = ground;
  const ours: LoadFigures[] = [];
  const builtIn: LoadFigures[] = [];
  const codes: Record<string, number> = {};
  let processor = 0;
  let turns = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const theirs = await load.load(caller, { ...job, paths: paths.builtIn, seconds });
    if (refusalsOf(theirs.codes).count > 0) {
      throw new Error(`ConfigMaps are refused${refusalsOf(theirs.codes).text}`);
    }
    builtIn.push(figuresOf(theirs));
    const before = ground.processorSeconds();
    const own = await load.load(caller, { ...job, paths: paths.ours, seconds });
    processor += ground.processorSeconds() - before;
    // What warms up is computed for, too.
    turns += own.micros.length * (seconds + (job.warmupSeconds ?? 2)) / seconds;
    ours.push(figuresOf(own));
    for (const [code, count] of Object.entries(own.codes)) codes[code] = (codes[code] ?? 0) + count;
  }
  return { ours, builtIn, refusals: refusalsOf(codes), processorMicros: processor / turns * 1e6 };
}

/** Lists and reads of a few hundred. */
export async function listsAndGets(ground: Ground, count: number, rows: ToldRows): Promise<void> {
  const { workspacesPath, configMaps } = ground;
  const whole = { ours: [workspacesPath], builtIn: [configMaps.path] };
  const list = await sideBySide(ground, { callers: 4 }, whole);
  rows.push(...comparisonRows({
    what: `LIST of ${count}, 4 callers`,
    ...list,
    atLeast: 1,
    p99Counts: true,
    before: "16 /s, p50 246 ms",
  }));
  rows.push(perTurn("LIST", list));
  const compressed = await sideBySide(ground, { callers: 4, gzip: true }, whole);
  rows.push(
    ...comparisonRows({ what: `the same with gzip, as client-go asks: LIST of ${count}`, ...compressed }),
  );
  const gets = await sideBySide(ground, { callers: 8 }, {
    ours: (await ground.names()).map((name) => `${workspacesPath}/${name}`),
    builtIn: Array.from({ length: count - 1 }, (_, index) => `${configMaps.path}/${configMapName(index)}`),
  });
  rows.push(...comparisonRows({
    what: "GET, 8 callers",
    ...gets,
    atLeast: 0.8,
    before: "58 /s, p50 131 ms, then 429",
  }));
  rows.push(perTurn("GET", gets));
  const { count: refused, text } = gets.refusals;
  rows.atMost(0, { what: `answers to GET other than 200${text}`, value: refused, text: String(refused) });
}

function perTurn(what: string, { processorMicros }: SideBySide) {
  return {
    what: `processor time of the product for each ${what}`,
    measured: `${processorMicros.toFixed(0)} µs`,
    value: processorMicros,
  };
}

/** What Coder is asked while many ask us. */
export async function burdenOfReaders(ground: Ground, rows: ToldRows): Promise<void> {
  const { load, caller, workspacesPath } = ground;
  const paths = (await ground.names()).map((name) => `${workspacesPath}/${name}`);
  const watches = await load.watch(caller, {
    path: `${workspacesPath}?watch=1`,
    watchers: 100,
    eventMark: '"resourceVersion":"',
    timeMark: '"resourceVersion":"',
  });
  await ground.counted();
  const loaded = await load.load(caller, { paths, callers: 16, perSecond: 1_000, seconds: MINUTES * 60 });
  const { requests, routes } = await ground.counted();
  await watches.finish();
  const rate = (loaded.micros.length / loaded.seconds).toFixed(0);
  const each = Object.entries(routes).map(([route, times]) => `${times} × ${route}`).sort().join(", ");
  const perMinute = requests / (MINUTES + 2 / 60);
  rows.atMost(4, {
    what:
      `requests to Coder a minute under ${rate} GET/s and 100 watchers, nothing building (${MINUTES} minutes: ${each})`,
    value: perMinute,
    text: perMinute.toFixed(2),
    before: "one or more each",
  });
  // What ended with the load shall not be part of what comes next.
  await sleep(1_000);
}
