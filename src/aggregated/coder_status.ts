/** What Coder refuses, as Kubernetes tells it: a `Status` without addresses or tokens of ours. */
import type { ResourceType } from "../api/object.ts";
import { CoderApiError, CoderError } from "../inventory/mod.ts";
import {
  badRequest,
  conflict,
  forbiddenObject,
  internalError,
  invalid,
  notFound,
  serviceUnavailable,
  type StatusCause,
  StatusError,
  timeout,
  tooManyRequests,
} from "./serving/status_errors.ts";

/** Whom a request was about. */
export interface Asked {
  readonly type: ResourceType;
  /** The object's name, as the caller gave it. */
  readonly name: string;
  /** `namespace/name` of the control plane whose Coder was asked, or `static`. */
  readonly coder: string;
  /** Whether something was to be changed. @default {false} */
  readonly isWrite?: boolean;
}

/** When trying again makes sense where Coder does not say, in seconds. */
const RETRY_SECONDS = 5;
/**
 * The longest that a reader is told to wait, in seconds: client-go waits ten times as long before it gives up, and people
 * wait with it.
 */
const READ_RETRY_SECONDS = 1;

/**
 * The `Status` of a call that failed. That Coder does not take the operator's token is no fault of the caller, who would
 * be told to sign in by a 401: it is a 503. So is a 403 to a read, which the caller may do. Errors that are none of
 * Coder's are answered with 500.
 */
export function coderStatus(error: unknown, asked: Asked): StatusError {
  if (error instanceof StatusError) return error;
  if (!(error instanceof CoderError)) return internalError({ cause: error });
  const { type, name, coder, isWrite = false } = asked;
  const said = wordsOf(error);
  const retry = retryOf(error, isWrite);
  const options = { cause: error };
  switch (error.kind) {
    case "notFound":
      return notFound(type, name);
    case "forbidden":
      return isWrite
        ? forbiddenObject(type, name, `the Coder of ${coder} does not allow it to the operator${said}`)
        : serviceUnavailable(
          `the Coder of ${coder} does not allow the operator to read it`,
          READ_RETRY_SECONDS,
          options,
        );
    case "conflict":
      return /already exists/i.test(said)
        ? new StatusError(409, "AlreadyExists", `${type.plural} ${JSON.stringify(name)} already exists`, {
          name,
          group: type.group,
          kind: type.plural,
        })
        : conflict(type, name, `the Coder of ${coder} is not ready for it${said}`);
    case "invalid":
      return refused(error, asked, said);
    case "unsupported":
      return badRequest(
        `the Coder of ${coder} cannot do that: its build or version has no such route`,
        options,
      );
    case "rateLimited":
      return tooManyRequests(`the Coder of ${coder} asks to wait`, retry);
    case "aborted":
      return timeout(undefined, undefined, options);
    case "badResponse":
      return internalErrorOf(coder, options);
    case "unauthorized":
      return serviceUnavailable(
        `the Coder of ${coder} does not accept the operator's token: see the status of its CoderControlPlane`,
        retry,
        options,
      );
    case "unavailable":
      return error.reason === "timeout"
        ? timeout(`the Coder of ${coder} did not answer in time`, retry, options)
        : away(error, asked, retry);
  }
}

/** The `Status` for who asks for what is not known while a Coder cannot be asked: 503, whatever is wrong with it. */
export function cannotAsk(error: unknown, { type, name, coder }: Asked): StatusError {
  return serviceUnavailable(
    `${type.plural} ${JSON.stringify(name)} is not known, and the Coder of ${coder} cannot be asked now` +
      (error instanceof CoderError ? `: it ${troubleWords(error) ?? "does not answer"}` : ""),
    READ_RETRY_SECONDS,
    { cause: error },
  );
}

/** What a Coder does that cannot be asked, for a sentence about it; undefined where it does nothing at all. */
export function troubleWords(error: unknown): string | undefined {
  return error instanceof CoderError ? WORDS[error.kind] : undefined;
}

const WORDS: Partial<Record<CoderError["kind"], string>> = {
  unauthorized: "does not accept the operator's token",
  forbidden: "does not allow the operator to look",
  rateLimited: "asks to wait",
  badResponse: "answers in a way that cannot be understood",
};

function away(error: CoderError, { coder }: Asked, retry: number): StatusError {
  const isCoder = error instanceof CoderApiError && error.status === 500 && error.reason !== "databaseAway";
  if (isCoder) {
    // Something is wrong with what was asked for, and may go on being so.
    return new StatusError(500, "InternalError", `the Coder of ${coder} failed${wordsOf(error)}`, {
      retryAfterSeconds: retry,
    }, { cause: error });
  }
  return serviceUnavailable(
    `the Coder of ${coder} cannot be reached now`,
    retry,
    { cause: error },
  );
}

function internalErrorOf(coder: string, options: ErrorOptions): StatusError {
  const message = `the Coder of ${coder} answered in a way that cannot be understood; the log says how`;
  return new StatusError(500, "InternalError", message, { causes: [{ message }] }, options);
}

/** 412 is a conflict to Kubernetes; where Coder names fields it is 422, otherwise 400. */
function refused(error: CoderError, { type, name, coder }: Asked, said: string): StatusError {
  if (!(error instanceof CoderApiError)) return badRequest(error.message, { cause: error });
  if (error.status === 412) return conflict(type, name, `the Coder of ${coder} has another state${said}`);
  const causes: StatusCause[] = error.validations.map(({ field, detail }) => ({
    reason: "FieldValueInvalid",
    message: detail,
    field,
  }));
  if (causes.length > 0) return invalid({ group: type.group, kind: type.kind }, name, causes);
  return badRequest(`the Coder of ${coder} refuses it${said}`, { cause: error });
}

/** Coder's own words, which are for its users; empty where it said nothing. */
function wordsOf(error: CoderError): string {
  if (!(error instanceof CoderApiError)) return "";
  const words = [error.coderMessage, error.detail].map((text) => text.trim().replace(/[.]$/, "")).filter((
    text,
  ) => text !== "");
  return words.length === 0 ? "" : `: ${words.join(": ")}`;
}

function retryOf({ retryAfterMs }: CoderError, isWrite: boolean): number {
  const seconds = retryAfterMs === undefined ? RETRY_SECONDS : Math.max(1, Math.ceil(retryAfterMs / 1_000));
  return isWrite ? seconds : Math.min(READ_RETRY_SECONDS, seconds);
}
