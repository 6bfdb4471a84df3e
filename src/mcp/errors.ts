/** Failures that a model should read: what was tried, what is wrong, what to do. */
import { KubeApiError, KubeConnectionError, ObjectNameError } from "../kube/errors.ts";
import { ActionError } from "../actions/mod.ts";
import { CoderError, type CoderErrorKind } from "../coder/mod.ts";
import { SessionError, type SessionErrorCode } from "../sessions/types.ts";

/** What sort of failure it is, for audit and metrics. */
export type ToolErrorCode =
  /** What was asked for cannot be so. */
  | "invalid"
  /** There is no such thing, or the caller may not know of it. */
  | "not_found"
  /** The caller may not do that. */
  | "forbidden"
  /** It is not in the state that the caller supposes, or is there already. */
  | "conflict"
  /** Kubernetes, Coder or a worker does not answer now. */
  | "unavailable"
  /** A person was asked, and said no. */
  | "declined"
  /** It took longer than it may. */
  | "timeout"
  /** A limit of the caller's sandbox. */
  | "limit"
  /** It was tried in the caller's sandbox, and did not work. */
  | "failed"
  /** It is not known whether it was done. */
  | "unknown"
  /** A mistake of coder-k8s: its log has more. */
  | "internal";

/** Answered as a result with `isError`: the caller can do something about it. The message is shown as it is. */
export class ToolError extends Error {
  override readonly name = "ToolError";

  constructor(readonly code: ToolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * Any failure as one to be shown. Messages of the API server and of Coder are kept; others are not told.
 *
 * @param what such as `list CoderWorkspace resources`; clients may match it
 */
export function toolError(error: unknown, what?: string): ToolError {
  if (error instanceof ToolError) return error;
  const prefix = what === undefined ? "" : `${what}: `;
  const tell = (code: ToolErrorCode, message: string) =>
    new ToolError(code, `${prefix}${message}`, { cause: error });
  if (error instanceof KubeApiError) return tell(codeOf(error.code), error.message);
  if (error instanceof KubeConnectionError) {
    return tell(
      error.timedOut ? "timeout" : "unavailable",
      "the Kubernetes API server cannot be reached now: try again",
    );
  }
  if (error instanceof ObjectNameError) return tell("invalid", error.message);
  if (error instanceof ActionError) {
    const codes = {
      exists: "conflict",
      missing: "not_found",
      conflict: "conflict",
      invalid: "invalid",
      forbidden: "forbidden",
    } as const;
    return tell(codes[error.reason], error.message);
  }
  if (error instanceof SessionError) return tell(SESSION_CODES[error.code], error.message);
  if (error instanceof CoderError) return tell(CODER_CODES[error.kind], error.message);
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return tell("timeout", "it took too long: ask for less, or try again");
  }
  return tell("internal", "this is a mistake in coder-k8s: its log has more");
}

const CODER_CODES: Readonly<Record<CoderErrorKind, ToolErrorCode>> = {
  // The token is ours, or was made for the caller: theirs is good.
  unauthorized: "unavailable",
  forbidden: "forbidden",
  notFound: "not_found",
  unsupported: "not_found",
  conflict: "conflict",
  invalid: "invalid",
  rateLimited: "unavailable",
  unavailable: "unavailable",
  badResponse: "unavailable",
  aborted: "timeout",
};

const SESSION_CODES: Readonly<Record<SessionErrorCode, ToolErrorCode>> = {
  invalid: "invalid",
  not_found: "not_found",
  conflict: "conflict",
  forbidden: "forbidden",
  limit: "limit",
  no_capacity: "unavailable",
  session_ended: "not_found",
  unavailable: "unavailable",
  unknown_outcome: "unknown",
  deadline: "timeout",
  canceled: "timeout",
  failed: "failed",
  internal: "internal",
};

function codeOf(code: number): ToolErrorCode {
  if (code === 404) return "not_found";
  if (code === 401 || code === 403) return "forbidden";
  if (code === 409) return "conflict";
  if (code === 400 || code === 422 || code === 413 || code === 415) return "invalid";
  if (code === 504) return "timeout";
  return code >= 500 || code === 429 ? "unavailable" : "invalid";
}
