/** What is remembered of a failed request, so that who comes next does not repeat it. */
import { type CoderError, isTransient } from "../coder/mod.ts";
import type { ListFailure } from "./types.ts";

/**
 * Waits after the first, second, … failure in a row that time may mend, in milliseconds; the last one repeats. Any two
 * that follow each other are longer than 35 s together.
 */
export const PASSING_WAITS_MS = [5_000, 40_000, 80_000, 160_000, 300_000] as const;

/** Waits after refusals that somebody has to do something about. */
export const LASTING_WAITS_MS = [60_000, 120_000, 300_000] as const;

/** Waits are longer or shorter by up to this share, so that many deployments are not asked together. */
const SPREAD = 0.2;

/** See the file's head. Times are those of the clock, not since 1970, save `takenAt`. */
export interface Trouble {
  readonly error: CoderError;
  readonly failures: number;
  readonly notBefore: number;
  /** When the request was sent, in milliseconds since 1970. */
  readonly takenAt: number;
}

export interface TroubleFacts {
  readonly before: Trouble | undefined;
  readonly now: number;
  readonly takenAt: number;
  /** In [0, 1). */
  readonly random: number;
}

/** What to remember. */
export function troubleAfter(error: CoderError, { before, now, takenAt, random }: TroubleFacts): Trouble {
  const asked = error.retryAfterMs ?? 0;
  // Nothing was sent: this is no answer of Coder, only a wait that is known already.
  if (error.reason === "held" && asked > 0) {
    return {
      error: before?.error ?? error,
      failures: before?.failures ?? 1,
      notBefore: now + asked,
      takenAt,
    };
  }
  const failures = (before?.failures ?? 0) + 1;
  const waits = isPassing(error) ? PASSING_WAITS_MS : LASTING_WAITS_MS;
  const wait = Math.round((waits[failures - 1] ?? 300_000) * (1 - SPREAD + 2 * SPREAD * random));
  return { error, failures, notBefore: now + Math.max(wait, asked), takenAt };
}

/** How long nothing may be sent, in milliseconds. What was changed since may have mended a lasting failure. */
export function heldMs(trouble: Trouble | undefined, now: number, newerThan: number): number {
  if (trouble === undefined) return 0;
  if (!isPassing(trouble.error) && newerThan > trouble.takenAt) return 0;
  return Math.max(0, trouble.notBefore - now);
}

/** As callers see it. */
export function failureOf({ error, failures, notBefore }: Trouble, now: number): ListFailure {
  return { error, failures, retryInMs: Math.max(0, Math.ceil(notBefore - now)) };
}

function isPassing(error: CoderError): boolean {
  return isTransient(error) || error.kind === "aborted" || error.kind === "conflict";
}
