/** Failures of visits, sorted by what helps: the reason of a condition, and when to try again. */
import { DatabaseError, type DatabaseErrorKind } from "../../coder/database/mod.ts";
import { CoderAddressError, CoderError, type CoderErrorKind } from "../../coder/mod.ts";
import { KubeApiError, KubeConnectionError } from "../../kube/errors.ts";

/** How a failure is told and treated. */
export interface VisitFailure {
  /** CamelCase, stable. */
  readonly reason: string;
  /** For people; no secrets. */
  readonly message: string;
  /** Waiting may help by itself: try again soon, then ever later. Otherwise somebody has to change something. */
  readonly transient: boolean;
  /** Not before this many milliseconds, where the other side said so. */
  readonly retryAfterMs?: number | undefined;
}

const CODER_REASONS: Readonly<Record<CoderErrorKind, { reason: string; transient: boolean }>> = {
  unauthorized: { reason: "TokenRefused", transient: false },
  forbidden: { reason: "Forbidden", transient: false },
  notFound: { reason: "NotFound", transient: false },
  unsupported: { reason: "NotSupported", transient: false },
  conflict: { reason: "Conflict", transient: true },
  invalid: { reason: "Refused", transient: false },
  rateLimited: { reason: "RateLimited", transient: true },
  unavailable: { reason: "CoderUnavailable", transient: true },
  badResponse: { reason: "BadResponse", transient: false },
  aborted: { reason: "Aborted", transient: true },
};

const DATABASE_REASONS: Readonly<Record<DatabaseErrorKind, { reason: string; transient: boolean }>> = {
  invalidAddress: { reason: "DatabaseURLInvalid", transient: false },
  unreachable: { reason: "DatabaseUnreachable", transient: true },
  timeout: { reason: "DatabaseTimeout", transient: true },
  tls: { reason: "DatabaseTLS", transient: false },
  refused: { reason: "DatabaseRefused", transient: false },
  forbidden: { reason: "DatabaseForbidden", transient: false },
  schema: { reason: "SchemaUnknown", transient: true },
  foreignUser: { reason: "ForeignUser", transient: false },
  conflict: { reason: "DatabaseConflict", transient: true },
  failed: { reason: "DatabaseError", transient: true },
};

/** Sorts an error. `redact` takes secrets out of texts that come from elsewhere. */
export function visitFailure(error: unknown, redact: (text: string) => string): VisitFailure {
  const message = redact(error instanceof Error ? error.message : String(error));
  if (error instanceof CoderError) {
    const databaseAway = error.reason === "databaseAway" ? { reason: "CoderDatabaseAway" } : {};
    return { ...CODER_REASONS[error.kind], ...databaseAway, message, retryAfterMs: error.retryAfterMs };
  }
  if (error instanceof CoderAddressError) return { reason: "AddressInvalid", transient: false, message };
  if (error instanceof DatabaseError) return { ...DATABASE_REASONS[error.kind], message };
  if (error instanceof KubeApiError || error instanceof KubeConnectionError) {
    return { reason: "KubernetesAPI", transient: true, message };
  }
  return { reason: "Failed", transient: true, message };
}

/** The wait before the next try, in milliseconds. */
export interface BackoffOptions {
  /** Wait after the first failure. @default {5_000} */
  firstMs?: number;
  /** The longest wait. @default {300_000} */
  longestMs?: number;
}

/**
 * How long to wait after `failures` failures in a row (1 or more): doubling for those that pass by themselves, the longest
 * wait at once for the others, never less than the other side asked for. `random` in [0, 1) spreads waits by ±20 %.
 */
export function retryDelay(
  failure: VisitFailure,
  failures: number,
  random: number,
  { firstMs = 5_000, longestMs = 300_000 }: BackoffOptions = {},
): number {
  const plain = failure.transient
    ? Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 20))
    : longestMs;
  const spread = plain * (0.8 + 0.4 * random);
  return Math.max(spread, failure.retryAfterMs ?? 0);
}
