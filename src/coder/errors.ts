/** Failures of calls to Coder, in classes that tell a caller what may help. */

/** What kind of failure it is; every kind has its own remedy. */
export type CoderErrorKind =
  /** Coder refuses the session token, or a sign-in. Never used where its database may be away. */
  | "unauthorized"
  /** The token is good and may not do this, or the licence does not cover it (reason `notEntitled`). */
  | "forbidden"
  /** Coder says that it is not there, or that this user may not see it: it does not tell the two apart. */
  | "notFound"
  /** This build of Coder has no such route: the feature is not in the binary (AGPL builds), or it is too old. */
  | "unsupported"
  /** Another object or another writer is in the way. */
  | "conflict"
  /** Coder, or this client, refuses the request as it stands; sending it again will not help. */
  | "invalid"
  /** Too many requests; `retryAfterMs` says when the next one may go. */
  | "rateLimited"
  /** No answer, a 5xx, or an answer of something in front of Coder: waiting may help. */
  | "unavailable"
  /** Coder answered with success, but not in a form that this client understands. */
  | "badResponse"
  /** The caller ended the call. */
  | "aborted";

/** The finer cause, where it is known. */
export type CoderErrorReason =
  | "databaseAway"
  | "tokenRefused"
  | "tokenExpired"
  | "tokenMalformed"
  | "tokenMissing"
  | "userInactive"
  | "wrongPassword"
  | "notEntitled"
  | "experimentOff"
  | "routeMissing"
  | "held"
  | "badParameter"
  | "timeout"
  | "connectionRefused"
  | "hostUnknown"
  | "tls"
  | "connectionBroken"
  | "closed"
  | "notCoder"
  | "serverError"
  | "agentAway"
  | "noWebSocket"
  | "redirect"
  | "notJson"
  | "tooLarge"
  | "schema";

/** Which call failed. */
export interface CallDescription {
  readonly method: string;
  /** Path template such as `/api/v2/users/{user}`: the same for every object, as metrics have it. */
  readonly route: string;
}

interface ErrorFacts {
  readonly kind: CoderErrorKind;
  readonly reason?: CoderErrorReason | undefined;
  readonly call: CallDescription;
  readonly retryAfterMs?: number | undefined;
}

/** Any failure of a call to Coder. Messages hold no tokens and no bodies. */
export abstract class CoderError extends Error {
  readonly kind: CoderErrorKind;
  readonly reason: CoderErrorReason | undefined;
  readonly call: CallDescription;
  /** Not before this many milliseconds from now, where it is known. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, facts: ErrorFacts, options?: ErrorOptions) {
    super(message, options);
    this.kind = facts.kind;
    this.reason = facts.reason;
    this.call = facts.call;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** One field that Coder refuses. */
export interface Validation {
  readonly field: string;
  readonly detail: string;
}

/** Coder (or something in front of it) answered, and the answer is a refusal. */
export class CoderApiError extends CoderError {
  override readonly name = "CoderApiError";
  /** HTTP status. */
  readonly status: number;
  /** Coder's own words, without secrets; empty where the answer was not Coder's. */
  readonly coderMessage: string;
  readonly detail: string;
  readonly validations: readonly Validation[];

  constructor(
    message: string,
    facts: ErrorFacts & {
      status: number;
      coderMessage?: string;
      detail?: string;
      validations?: readonly Validation[];
    },
  ) {
    super(message, facts);
    this.status = facts.status;
    this.coderMessage = facts.coderMessage ?? "";
    this.detail = facts.detail ?? "";
    this.validations = facts.validations ?? [];
  }
}

/** No answer: the connection, TLS or the deadline failed, or the caller ended the call. */
export class CoderConnectionError extends CoderError {
  override readonly name = "CoderConnectionError";
  /** True where the request may have reached Coder: read before writing again. */
  readonly maybeSent: boolean;

  constructor(message: string, facts: ErrorFacts & { maybeSent: boolean }, options?: ErrorOptions) {
    super(message, facts, options);
    this.maybeSent = facts.maybeSent;
  }
}

/** The call was not sent: Coder asked us to wait, our own budget is used up, or an argument cannot be sent. */
export class CoderNotSentError extends CoderError {
  override readonly name = "CoderNotSentError";
}

/** Coder reported success in a form that cannot be used. Names the route and the paths, never the values. */
export class CoderResponseError extends CoderError {
  override readonly name = "CoderResponseError";
  readonly status: number;
  /** What is wrong, such as `users[3].id: expected string`. */
  readonly problems: readonly string[];

  constructor(
    message: string,
    facts: Omit<ErrorFacts, "kind"> & { status: number; problems?: readonly string[] },
  ) {
    super(message, { ...facts, kind: "badResponse" });
    this.status = facts.status;
    this.problems = facts.problems ?? [];
  }
}

function isKind(error: unknown, kind: CoderErrorKind): error is CoderError {
  return error instanceof CoderError && error.kind === kind;
}

/** Coder refuses the token (or a sign-in). False for the 401s that it sends while its database is away. */
export const isUnauthorized = (error: unknown): error is CoderError => isKind(error, "unauthorized");
/** Coder, or the licence, does not allow it. */
export const isForbidden = (error: unknown): error is CoderError => isKind(error, "forbidden");
/** Coder says that it is not there. Only coderd's own 404 and 410 count, not those of a proxy in front of it. */
export const isNotFound = (error: unknown): error is CoderError => isKind(error, "notFound");
/** This build of Coder has no such route. */
export const isUnsupported = (error: unknown): error is CoderError => isKind(error, "unsupported");
/** Another object or writer is in the way. */
export const isConflict = (error: unknown): error is CoderError => isKind(error, "conflict");
/** The request is wrong as it stands. */
export const isInvalid = (error: unknown): error is CoderError => isKind(error, "invalid");
/** Too many requests, by Coder's count or by ours. */
export const isRateLimited = (error: unknown): error is CoderError => isKind(error, "rateLimited");
/** Nobody answered, or only something in front of Coder, or Coder is in trouble. */
export const isUnavailable = (error: unknown): error is CoderError => isKind(error, "unavailable");
/** Success in a form that cannot be used. */
export const isBadResponse = (error: unknown): error is CoderError => isKind(error, "badResponse");
/** The caller ended the call. */
export const isAborted = (error: unknown): error is CoderError => isKind(error, "aborted");

/** True where Coder's answer says, or makes likely, that its database is away: nothing about tokens follows from it. */
export function isDatabaseAway(error: unknown): boolean {
  return error instanceof CoderError && error.reason === "databaseAway";
}

/** True where the licence does not cover the feature. */
export function isNotEntitled(error: unknown): boolean {
  return error instanceof CoderError && error.reason === "notEntitled";
}

/**
 * True only where Coder said in so many words that this very token is no good. An unknown 401 is not enough to replace
 * working credentials.
 */
export function isTokenRefused(error: unknown): boolean {
  return isUnauthorized(error) &&
    ["tokenRefused", "tokenExpired", "tokenMalformed"].includes(error.reason ?? "");
}

/** True where the same call may succeed later without anybody changing anything. */
export function isTransient(error: unknown): boolean {
  return isUnavailable(error) || isRateLimited(error);
}

/** True where a write may have been carried out although it failed: read again before repeating it. */
export function mayHaveHappened(error: unknown): boolean {
  if (error instanceof CoderConnectionError) return error.maybeSent;
  if (error instanceof CoderApiError) return error.kind === "unavailable";
  return error instanceof CoderResponseError && error.reason !== "redirect";
}
