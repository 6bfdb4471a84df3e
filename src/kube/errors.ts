/** Failures of calls to the API server. */

/** What was tried, for the message: verb, resource and object. */
export interface CallDescription {
  method: string;
  /** Path without query. */
  path: string;
}

/** The server answered, and the answer is a refusal. Carries the `Status` object's facts. */
export class KubeApiError extends Error {
  override readonly name = "KubeApiError";
  constructor(
    /** HTTP status code. */
    readonly code: number,
    /** `Status.reason`, such as `NotFound`, `Conflict`, `Expired`, `Forbidden`; empty where the body was no Status. */
    readonly reason: string,
    message: string,
    readonly call: CallDescription,
    /** From `Retry-After` or `Status.details.retryAfterSeconds`, in milliseconds. */
    readonly retryAfterMs?: number,
    /** `Status.details`, as sent. */
    readonly details?: unknown,
  ) {
    super(message);
  }
}

/** No answer: the connection, TLS or the deadline failed. `cause` has the original. */
export class KubeConnectionError extends Error {
  override readonly name = "KubeConnectionError";
  /** The deadline of the call ended it. */
  readonly timedOut: boolean;
  constructor(
    message: string,
    readonly call: CallDescription,
    options: ErrorOptions & { timedOut?: boolean } = {},
  ) {
    const { timedOut = false, ...rest } = options;
    super(message, rest);
    this.timedOut = timedOut;
  }
}

/** A name that no object can have, and that would lead a request elsewhere. Nothing was sent. */
export class ObjectNameError extends TypeError {
  override readonly name = "ObjectNameError";
}

/** True for 404 with reason NotFound or none: the object (or its kind) is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof KubeApiError && error.code === 404;
}

/** True where another writer was first (409 Conflict). */
export function isConflict(error: unknown): boolean {
  return error instanceof KubeApiError && error.code === 409 && error.reason !== "AlreadyExists";
}

/** True where the object exists already (409 AlreadyExists). */
export function isAlreadyExists(error: unknown): boolean {
  return error instanceof KubeApiError && error.code === 409 && error.reason === "AlreadyExists";
}

/** True where the resource version is too old to resume from (410, Gone or Expired). */
export function isExpired(error: unknown): boolean {
  return error instanceof KubeApiError && (error.code === 410 || error.reason === "Expired");
}

/** True for 403. */
export function isForbidden(error: unknown): boolean {
  return error instanceof KubeApiError && error.code === 403;
}

/** True where waiting may help: 429, 5xx, time-outs and broken connections. */
export function isTransient(error: unknown): boolean {
  if (error instanceof KubeConnectionError) return true;
  return error instanceof KubeApiError && (error.code === 429 || error.code >= 500);
}
