/** Why a task has to stop. */
import { type SessionError, SessionError as Failure } from "../types.ts";

/** What the outcome of a task is whose signal aborted: as its reason says (`code`), or canceled. */
export function stopError(signal: AbortSignal): SessionError {
  const reason = signal.reason as { readonly code?: unknown; readonly message?: unknown } | undefined;
  if (reason instanceof Failure) return reason;
  const message = typeof reason?.message === "string" ? reason.message : "it was canceled";
  return new Failure(reason?.code === "deadline" ? "deadline" : "canceled", message);
}
