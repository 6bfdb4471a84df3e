/** When Coder is asked again after it refused, so that one provisioner never hammers a Coder in trouble. */
import { CoderError, type CoderErrorKind, CoderNotSentError } from "../../coder/mod.ts";
import { inputsHash } from "./hashes.ts";
import { homeText } from "./homes.ts";
import type { Hold, KeyHome, KeyRecord, KeyWanted } from "./types.ts";

/**
 * Waits after the first, second, … failure in a row, in milliseconds; the last one repeats. The first is short, for a
 * hiccup; all others are longer than 35 s, so that no such span sees more than two tries.
 */
export const WAITS_MS = [5_000, 45_000, 90_000, 180_000, 300_000] as const;

/** Waits are longer or shorter by up to this share, so that many provisioners do not come back together. */
const SPREAD = 0.2;

/** After a refusal that time alone does not mend. */
const LONG_WAIT_MS = 300_000;

interface FailureClass {
  readonly reason: string;
  /** Time may mend it by itself. */
  readonly transient: boolean;
}

const CLASSES: Readonly<Record<CoderErrorKind, FailureClass>> = {
  unauthorized: { reason: "TokenRefused", transient: false },
  forbidden: { reason: "Forbidden", transient: false },
  notFound: { reason: "OrganizationNotFound", transient: false },
  unsupported: { reason: "NotSupported", transient: false },
  conflict: { reason: "NameTaken", transient: true },
  invalid: { reason: "Refused", transient: false },
  rateLimited: { reason: "RateLimited", transient: true },
  unavailable: { reason: "CoderUnavailable", transient: true },
  badResponse: { reason: "BadResponse", transient: true },
  aborted: { reason: "Aborted", transient: true },
};

function classOf(error: unknown): FailureClass {
  if (!(error instanceof CoderError)) return { reason: "SecretNotWritten", transient: true };
  if (error.reason === "notEntitled") return { reason: "NotEntitled", transient: false };
  return CLASSES[error.kind];
}

/** How a failure of a call is told in a hold. */
export function reasonOf(error: unknown): string {
  return classOf(error).reason;
}

/** The record after a failure of a call to `home`. `random` is in [0, 1). */
export function heldAfter(
  record: KeyRecord,
  error: unknown,
  { home, wanted, now, random }: {
    home: KeyHome;
    wanted: KeyWanted | undefined;
    now: Date;
    random: number;
  },
): KeyRecord {
  const { reason, transient } = classOf(error);
  const before = holdOf(record, home);
  const others = record.holds.filter((each) => each !== before);
  if (isUnsent(error)) {
    const wait = error.retryAfterMs * (1 + SPREAD * random);
    const hold: Hold = {
      failures: before?.failures ?? 0,
      reason,
      message: "The operator sends no more requests to this Coder for a moment",
      inputs: undefined,
      ...before,
      notBefore: new Date(now.getTime() + wait).toISOString(),
      home: homeText(home),
    };
    return { ...record, holds: [...others, hold] };
  }
  const failures = (before?.failures ?? 0) + 1;
  const step = WAITS_MS[Math.min(failures, WAITS_MS.length) - 1] ?? LONG_WAIT_MS;
  const wait = (transient ? step : LONG_WAIT_MS) * (1 - SPREAD + 2 * SPREAD * random);
  const asked = error instanceof CoderError ? error.retryAfterMs ?? 0 : 0;
  const hold: Hold = {
    notBefore: new Date(now.getTime() + Math.max(wait, asked)).toISOString(),
    failures,
    reason,
    message: wordsFor(error, reason, wanted),
    home: homeText(home),
    inputs: transient || wanted === undefined ? undefined : inputsHash(wanted),
  };
  return { ...record, holds: [...others, hold] };
}

/** Our own client held the request back: that is no failure, only a wait that is known already. */
export function isUnsent(error: unknown): error is CoderNotSentError & { readonly retryAfterMs: number } {
  return error instanceof CoderNotSentError && (error.retryAfterMs ?? 0) > 0;
}

/** What Coder says of an organization that is not there says little. */
function wordsFor(error: unknown, reason: string, wanted: KeyWanted | undefined): string {
  const text = error instanceof Error ? error.message : String(error);
  if (reason !== "OrganizationNotFound" || wanted === undefined) return text;
  return `Coder has no organization ${wanted.organization.name}, or does not show it to the operator: correct ` +
    `spec.organizationName (${text})`;
}

/** The hold on calls to `home`. */
export function holdOf({ holds }: KeyRecord, home: KeyHome): Hold | undefined {
  return holds.find((hold) => hold.home === homeText(home));
}

/** The record after a call to `home` that went well. */
export function released(record: KeyRecord, home: KeyHome): KeyRecord {
  return { ...record, holds: record.holds.filter((hold) => hold.home !== homeText(home)) };
}

/** The record without holds that are over. */
export function withoutOldHolds(record: KeyRecord, now: Date): KeyRecord {
  return { ...record, holds: record.holds.filter(({ notBefore }) => Date.parse(notBefore) > now.getTime()) };
}

/** How long no call may go to `home`, in milliseconds; 0 where one may go. */
export function heldFor(
  record: KeyRecord,
  { home, wanted, now }: { home: KeyHome; wanted: KeyWanted | undefined; now: Date },
): number {
  const hold = holdOf(record, home);
  if (hold === undefined) return 0;
  if (hold.inputs !== undefined && wanted !== undefined && hold.inputs !== inputsHash(wanted)) return 0;
  const until = Date.parse(hold.notBefore);
  // A time that cannot be, be it that a clock was wrong when it was written, must not stop us for ever.
  const wait = until - now.getTime();
  return Number.isNaN(wait) || wait > MAX_HOLD_MS ? 0 : Math.max(0, wait);
}

/** The longest that a hold can be: the longest that Coder may ask for (10 minutes), and some more. */
const MAX_HOLD_MS = 15 * 60_000;
