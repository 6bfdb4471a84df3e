/** The life of a token: when it is renewed, and when the one before it may go. */
import { shortHash } from "../../../kube/apply/canonical_json.ts";
import type { StoredToken } from "../../../coder/database/mod.ts";
import type { ApiKey } from "../../../coder/mod.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Replicas of the operator see a changed Secret within this time, and calls in flight end. */
const MARGIN_MS = 10 * MINUTE_MS;

/** Coder notes the use of a token only where the last one that it noted is older than this. */
const LAST_USED_GRAIN_MS = HOUR_MS;

/** A token is given up this long after its successor was made, whoever may still use it. */
const LONGEST_OVERLAP_MS = 24 * HOUR_MS;

/** Tokens are renewed with this part of their life left. */
const LEFT_AT_RENEWAL = 1 / 3;

/** Renewals are spread over this part of a token's life, before the time at which they are due at the latest. */
const SPREAD = 1 / 20;

/** What Coder's API says of a token, as the database would. */
export function storedToken(key: ApiKey): StoredToken {
  return {
    id: key.id,
    name: key.token_name,
    createdAt: new Date(key.created_at),
    expiresAt: new Date(key.expires_at),
    lifetimeMs: key.lifetime_seconds * 1_000,
    lastUsedAt: new Date(key.last_used),
  };
}

/**
 * When a token ends, if nobody uses it. Coder moves the end on with each use, by default: a token in use would never
 * come near it. What was meant at its making counts, unless somebody has set an earlier end.
 */
export function endOf({ createdAt, expiresAt, lifetimeMs }: StoredToken): Date {
  return new Date(Math.min(expiresAt.getTime(), createdAt.getTime() + lifetimeMs));
}

/** When a token is to be renewed: at two thirds of its own life, or up to a twentieth of it earlier. */
export function renewalTime(token: StoredToken): Date {
  const end = endOf(token).getTime();
  const spread = (parseInt(shortHash(token.id).slice(0, 8), 16) % 1_000) / 1_000;
  return new Date(end - token.lifetimeMs * (LEFT_AT_RENEWAL + SPREAD * spread));
}

/** True from {@linkcode renewalTime} on. */
export function isDue(token: StoredToken, now: Date): boolean {
  return now >= renewalTime(token);
}

/**
 * When nobody needs `old` any more, now that `current` is in the Secret: once it has certainly not been used for a while.
 * A token that is younger than the one in the Secret never got there, and can go at once.
 */
export function goneTime(old: StoredToken, current: StoredToken): Date {
  const made = current.createdAt.getTime();
  if (old.createdAt > current.createdAt) return new Date(0);
  const quiet = Math.max(made, old.lastUsedAt.getTime() + LAST_USED_GRAIN_MS) + MARGIN_MS;
  return new Date(Math.min(quiet, made + LONGEST_OVERLAP_MS, old.expiresAt.getTime()));
}

/** The others of a control plane's tokens that may go now. */
export function leftOver(
  { current, others }: { current: StoredToken; others: readonly StoredToken[] },
  now: Date,
): StoredToken[] {
  return others.filter((other) => now >= goneTime(other, current));
}

/** RFC 3339, in seconds. */
export function timeText(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
