/** Coder's refusals, as those of sessions. */
import { CoderApiError, CoderError, type CoderErrorKind, isAborted } from "../../coder/mod.ts";
import { ActionError, type RefusalReason } from "../../actions/mod.ts";
import { SessionError, type SessionErrorCode } from "../types.ts";

const CODES: Readonly<Record<CoderErrorKind, SessionErrorCode>> = {
  unauthorized: "forbidden",
  forbidden: "forbidden",
  notFound: "not_found",
  unsupported: "failed",
  conflict: "conflict",
  invalid: "invalid",
  rateLimited: "unavailable",
  unavailable: "unavailable",
  badResponse: "unavailable",
  aborted: "canceled",
};
const REFUSALS: Readonly<Record<RefusalReason, SessionErrorCode>> = {
  exists: "conflict",
  missing: "not_found",
  conflict: "conflict",
  invalid: "invalid",
  forbidden: "forbidden",
};

/** @param what was tried, and on what: the message begins with it */
export function failureOf(error: unknown, what: string, signal: AbortSignal): unknown {
  if (error instanceof SessionError) return error;
  if (signal.aborted && (error === signal.reason || isAborted(error))) return signal.reason;
  const code = error instanceof CoderError
    ? CODES[error.kind]
    : error instanceof ActionError
    ? REFUSALS[error.reason]
    : undefined;
  if (code === undefined) return error;
  return new SessionError(code, `${what}: ${(error as Error).message}`, { cause: error });
}

/** Runs it; what Coder refuses is told as a `SessionError`. */
export async function telling<R>(what: string, signal: AbortSignal, run: () => Promise<R>): Promise<R> {
  try {
    return await run();
  } catch (error) {
    throw failureOf(error, what, signal);
  }
}

/** Coder says of a workspace that it was there, and that it was deleted. */
export function isDeleted(error: unknown): boolean {
  return error instanceof CoderApiError && error.kind === "notFound" && error.status === 410;
}
