/** What was last asked for, level by level: so much less must be asked for a while before there are fewer pods. */

/** So many pods were asked for at that time, and never more since. */
export interface DemandLevel {
  readonly demand: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Levels from the highest to the latest, each lower and later than the one before. Plain data. */
export type DemandMemory = readonly DemandLevel[];

/**
 * `memory` with what is asked for now, without what was last asked for `delayMs` ago or earlier. A level from a time to
 * come is of a clock that was set back: it counts as now.
 */
export function remember(
  memory: DemandMemory,
  demand: number,
  { now, delayMs }: { now: number; delayMs: number },
): DemandMemory {
  const higher = memory
    .filter((level) => level.demand > demand && now - level.at < delayMs)
    .map(({ demand, at }) => ({ demand, at: Math.min(at, now) }));
  return [...higher, { demand, at: now }];
}
