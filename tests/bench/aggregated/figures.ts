/** Figures of load, and how they stand to those of a built-in resource. Pure. */
import type { Row } from "../report.ts";
import type { Loaded, Watched } from "./load.ts";

/** Of one run of load. */
export interface LoadFigures {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** The value that so large a share (0 to 1) of all is not above; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

export function figuresOf({ micros, seconds }: Pick<Loaded, "micros" | "seconds">): LoadFigures {
  return {
    perSecond: micros.length / seconds,
    p50: percentile(micros, 0.5) / 1_000,
    p99: percentile(micros, 0.99) / 1_000,
  };
}

/** Of several runs: the median of each figure (the lower one of two). */
export function middle(runs: readonly LoadFigures[]): LoadFigures {
  const of = (figure: keyof LoadFigures) => percentile(runs.map((run) => run[figure]), 0.5);
  return { perSecond: of("perSecond"), p50: of("p50"), p99: of("p99") };
}

/** What to say of a comparison. */
export interface Comparison {
  readonly what: string;
  readonly ours: readonly LoadFigures[];
  readonly builtIn: readonly LoadFigures[];
  /** So many times the built-in resource's rate, at least. */
  readonly atLeast?: number;
  /** The 99th percentile may be no longer either. @default {false} */
  readonly p99Counts?: boolean;
  /** What the Go server was measured at. */
  readonly before?: string;
}

/** Runs side by side, as rows: the built-in resource, ours against it, and where it counts the slowest answers. */
export function comparisonRows({ what, ours, builtIn, atLeast, p99Counts, before }: Comparison): Row[] {
  const [us, them] = [middle(ours), middle(builtIn)];
  const ratio = us.perSecond / them.perSecond;
  const rows: Row[] = [
    { what: `for comparison: ${what} of ConfigMaps`, measured: rateText(them), value: them.perSecond },
    {
      what: `${what} of workspaces`,
      measured: `${rateText(us)}: ${ratio.toFixed(2)} ×`,
      value: ratio,
      ...(atLeast === undefined ? {} : { reach: `≥ ${atLeast.toFixed(1)} ×`, met: ratio >= atLeast }),
      ...(before === undefined ? {} : { before }),
    },
  ];
  if (!p99Counts) return rows;
  return [...rows, {
    what: "… its 99th percentile against that of ConfigMaps",
    measured: `${us.p99.toFixed(1)} ms, ${them.p99.toFixed(1)} ms`,
    value: us.p99 / them.p99,
    reach: "no longer",
    met: us.p99 <= them.p99,
  }];
}

function rateText({ perSecond, p50, p99 }: LoadFigures): string {
  const rate = perSecond < 10 ? perSecond.toFixed(2) : perSecond.toFixed(0);
  return `${rate} /s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
}

/** Answers other than 200, as ` (429: 3, 503: 1)`; empty where there is none. */
export function refusalsOf(codes: Readonly<Record<string, number>>): { count: number; text: string } {
  const others = Object.entries(codes).filter(([code]) => code !== "200");
  return {
    count: others.reduce((sum, [, count]) => sum + count, 0),
    text: others.length === 0 ? "" : ` (${others.map(([code, count]) => `${code}: ${count}`).join(", ")})`,
  };
}

/** What is wrong with what watchers were told, in words; empty where nothing is. */
export function losses({ events, same, ended, codes }: Omit<Watched, "micros">, expected: number): string {
  const short = events.filter((count) => count < expected).length;
  const more = events.filter((count) => count > expected).length;
  const problems = [
    ...(short === 0 ? [] : [`${short} watchers were told less than ${expected} events`]),
    ...(more === 0 ? [] : [`${more} watchers were told more`]),
    ...(same === events.length ? [] : [`${events.length - same} watchers were told something else`]),
    ...(ended === 0 ? [] : [`${ended} watches ended`]),
    ...(refusalsOf(codes).count === 0 ? [] : [`answers other than 200${refusalsOf(codes).text}`]),
  ];
  return problems.join(", ");
}
