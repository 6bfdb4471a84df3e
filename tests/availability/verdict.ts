/** What a time under load has cost, in words and figures. */
import { leaders, overlapping, withoutLease } from "./writes.ts";
import type { World } from "./world.ts";

export interface Verdict {
  /** Of kubectl, and of readers by client-go's rules. */
  readonly reads: number;
  readonly requests: number;
  readonly requestRetries: readonly string[];
  /** Answers that an API server cut off half-way when it died. */
  readonly cutReads: number;
  /** Reads that were in hand at a replica when it was killed. */
  readonly orphanedReads: number;
  /** Attempts of all of them that found no API server. */
  readonly unreached: number;
  readonly failedReads: readonly string[];
  readonly longestReadMs: number;
  readonly watches: number;
  readonly brokenWatches: readonly string[];
  readonly calls: number;
  /** Without a good answer, or with more than one. */
  readonly lostCalls: readonly string[];
  readonly retries: number;
  readonly retryReasons: readonly string[];
  readonly longestCallMs: number;
  readonly changes: number;
  /** Writes of the controllers, and which of them were of two processes at once, or of one that did not lead. */
  readonly writes: number;
  readonly doubleWrites: readonly string[];
  readonly leaders: number;
  /** What an informer has wrong in the end. */
  readonly misinformed: readonly string[];
}

/** Ends the load, waits until everything is as it was asked for, and says what was. */
export async function verdict(world: World): Promise<Verdict> {
  await world.endLoad();
  await world.changes.settled();
  const misinformed = await world.informed();
  const { controllers, lease } = await world.writes();
  const [reads, requests, calls] = [world.reads.report, world.requests.report, world.calls.report];
  const said = ({ command, at, why }: { command: string; at: Date; why: string }) =>
    `${at.toISOString()} kubectl ${command}: ${why}`;
  return {
    reads: reads.reads,
    requests: requests.requests,
    requestRetries: [...requests.retries].map(([why, count]) => `${count} × ${why}`),
    unreached: reads.unreached + requests.unreached,
    cutReads: reads.cut + requests.cut,
    orphanedReads: reads.orphaned + requests.orphaned,
    failedReads: [...reads.failed.map(said), ...requests.failed],
    longestReadMs: Math.max(reads.longestMs, requests.longestMs),
    watches: reads.watches,
    brokenWatches: reads.broken.map(said),
    calls: calls.calls,
    lostCalls: [
      ...calls.lost,
      ...(calls.answers === calls.calls ? [] : [`${calls.answers} answers of ${calls.calls} calls`]),
    ],
    retries: calls.retries,
    retryReasons: [...calls.reasons].map(([why, count]) => `${count} × ${why}`),
    longestCallMs: calls.longestMs,
    changes: world.changes.made,
    writes: controllers.length,
    doubleWrites: [...overlapping(controllers), ...withoutLease(controllers, lease)],
    leaders: leaders(lease),
    misinformed,
  };
}
