/** Secrets that all replicas sign with, as they are at one moment. Plain data. */

/** See `ServingWorld.keys`. */
export interface Keys {
  /** What is signed with. */
  readonly current: Uint8Array;
  /** What is still believed, `current` included. */
  readonly all: readonly Uint8Array[];
}

/** What is kept of them. */
export interface KeyRecord {
  readonly current: Uint8Array;
  /** What was `current` before; absent where there was none. */
  readonly previous?: Uint8Array | undefined;
  /** When `current` was made, in milliseconds since 1970. */
  readonly since: number;
}

/** In bytes. */
export const KEY_BYTES = 32;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A key is replaced after so long, in milliseconds. */
export const ROTATE_MS = 30 * DAY_MS;
/** So long the one before is believed, in milliseconds. */
export const OVERLAP_MS = 2 * DAY_MS;
/**
 * So long a new key is believed and not signed with, in milliseconds: every replica has read it by then, also where
 * clocks differ by a minute.
 */
export const SETTLE_MS = 2 * MINUTE_MS;

/** What to sign with, and what to believe. */
export function keysAt({ current, previous, since }: KeyRecord, now: number): Keys {
  const age = now - since;
  if (previous === undefined || age >= OVERLAP_MS) return { current, all: [current] };
  return age < SETTLE_MS
    ? { current: previous, all: [previous, current] }
    : { current, all: [current, previous] };
}

export function isOld({ since }: KeyRecord, now: number): boolean {
  return now - since >= ROTATE_MS;
}

/** The next ones. */
export function rotated(before: KeyRecord | undefined, now: number): KeyRecord {
  return {
    current: newKey(),
    ...(before === undefined ? {} : { previous: before.current }),
    since: now,
  };
}

export function newKey(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(KEY_BYTES));
}

/** Keys of this process alone: what they sign is worth nothing after its end, and at other replicas. */
export function processKeys(): () => Keys {
  const current = newKey();
  const keys = { current, all: [current] };
  return () => keys;
}
