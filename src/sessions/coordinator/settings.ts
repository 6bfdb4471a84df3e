/** What the coordinator may be told. Times are milliseconds. */
import { type Limits, STANDARD_LIMITS } from "../types.ts";

export interface SessionSettings {
  /** Without a call, a session ends after this, unless its caller said otherwise. @default 30 minutes */
  readonly maxAgeMs: number;
  /** The longest that a caller may ask for. @default 24 hours */
  readonly maxTtlMs: number;
  /** Between two rounds of cleaning up. @default 5 minutes */
  readonly cleanupIntervalMs: number;
  /** A session that is over is remembered for so long, to say why. @default 10 minutes */
  readonly keepEndedMs: number;
  /** Open ones. @default 50 */
  readonly maxSessionsPerOwner: number;
  /** What a session gets where its caller does not say. @default {STANDARD_LIMITS}, or `maxLimits` where that is less */
  readonly limits: Limits;
  /** The most that a caller may ask for. @default {STANDARD_LIMITS} */
  readonly maxLimits: Limits;
  /** A call takes no longer, retries included. @default 5 minutes */
  readonly taskTimeoutMs: number;
  /** Beyond the first try; never of what may have been done already and must not be done twice. @default 3 */
  readonly maxRetries: number;
  /** Before the first retry; doubles with each, and is made uneven. @default 250 */
  readonly retryDelayMs: number;
  /** A call waits so long for a worker that is not connected, before it says so. @default 15 seconds */
  readonly reconnectWaitMs: number;
  /** For a worker to make a session. @default 30 seconds */
  readonly openTimeoutMs: number;
  /** Workers that are tried for one new session. @default 3 */
  readonly openTries: number;
  /** Uses of a session are written down no more often. @default 5 seconds */
  readonly touchEveryMs: number;
  /** A worker that no coordinator has heard of for so long is gone. Only with sightings. @default 5 minutes */
  readonly workerTimeoutMs: number;
  /** Between two times that the others are told which workers are heard. @default {a third of `workerTimeoutMs`, at most 10 seconds} */
  readonly sightingEveryMs: number;
  /** So far the clocks of coordinators may be apart: sessions end so much later. @default 5 seconds with sightings, else 0 */
  readonly clockSkewMs: number;
  /** @default 24 hours */
  readonly checkpointMaxAgeMs: number;
  /** The oldest go. @default 10 */
  readonly checkpointsPerOwner: number;
}

const MINUTE = 60_000;

/** With the defaults of what is left out. */
export function sessionSettings(given: Partial<SessionSettings> = {}): SessionSettings {
  const maxLimits = given.maxLimits ?? STANDARD_LIMITS;
  const workerTimeoutMs = given.workerTimeoutMs ?? 5 * MINUTE;
  const maxTtlMs = given.maxTtlMs ?? 24 * 60 * MINUTE;
  return {
    cleanupIntervalMs: 5 * MINUTE,
    keepEndedMs: 10 * MINUTE,
    maxSessionsPerOwner: 50,
    taskTimeoutMs: 5 * MINUTE,
    maxRetries: 3,
    retryDelayMs: 250,
    reconnectWaitMs: 15_000,
    openTimeoutMs: 30_000,
    openTries: 3,
    touchEveryMs: 5_000,
    checkpointMaxAgeMs: 24 * 60 * MINUTE,
    checkpointsPerOwner: 10,
    clockSkewMs: 0,
    ...given,
    workerTimeoutMs,
    sightingEveryMs: given.sightingEveryMs ?? Math.min(workerTimeoutMs / 3, 10_000),
    maxTtlMs,
    maxAgeMs: Math.min(given.maxAgeMs ?? 30 * MINUTE, maxTtlMs),
    maxLimits,
    limits: given.limits ?? least(STANDARD_LIMITS, maxLimits),
  };
}

function least(a: Limits, b: Limits): Limits {
  const names = Object.keys(a) as (keyof Limits)[];
  return Object.fromEntries(names.map((name) => [name, Math.min(a[name], b[name])])) as Limits;
}
