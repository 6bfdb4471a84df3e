/** Why a proxy is not registered. */
import { CoderError, type CoderErrorKind } from "../../coder/mod.ts";

/** Not a failure of a call: a reason for a condition, and what to do. */
export class RegistrationError extends Error {
  override readonly name = "RegistrationError";
  constructor(
    /** CamelCase, stable. */
    readonly reason: string,
    message: string,
    /** `change`: nothing helps before the spec or a Secret changes. `later`: somebody may change something in Coder. */
    readonly retry: "change" | "later",
  ) {
    super(message);
  }
}

const REASONS: Readonly<Record<CoderErrorKind, string>> = {
  unauthorized: "CredentialsRefused",
  forbidden: "Forbidden",
  notFound: "NotFound",
  unsupported: "NotSupported",
  conflict: "Conflict",
  invalid: "Refused",
  rateLimited: "RateLimited",
  unavailable: "CoderUnavailable",
  badResponse: "BadResponse",
  aborted: "Aborted",
};

/** The reason of any failure, for a condition. */
export function reasonOf(error: unknown): string {
  if (error instanceof RegistrationError) return error.reason;
  if (!(error instanceof CoderError)) return "Failed";
  return error.reason === "notEntitled" ? "NotEntitled" : REASONS[error.kind];
}
