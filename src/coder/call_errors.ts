/** The errors of calls that were not sent, or not answered, and what every call checks before it is sent. */
import { Redactor } from "../telemetry/redactor.ts";
import { adviceFor } from "./advice.ts";
import type { Permit } from "./budget.ts";
import {
  type CallDescription,
  CoderConnectionError,
  CoderNotSentError,
  CoderResponseError,
  isUnauthorized,
} from "./errors.ts";
import { expandRoute, PathParameterError } from "./route.ts";
import { TransportFailure } from "./transport_failure.ts";

/** Expands a route's template. Throws {@linkcode CoderNotSentError} where a parameter cannot be part of a path. */
export function pathOf(
  call: CallDescription,
  parameters: Readonly<Record<string, string>> | undefined,
  address: string,
): string {
  try {
    return expandRoute(call.route, parameters);
  } catch (error) {
    if (!(error instanceof PathParameterError)) throw error;
    const message = `${call.method} ${call.route} at ${address} was not sent: ${error.message}`;
    throw new CoderNotSentError(message, { kind: "invalid", reason: "badParameter", call });
  }
}

/** A header cannot carry anything else, and the runtime's own error would quote it. */
export function checkToken(token: string | undefined, what: string, call: CallDescription): asserts token {
  if (token !== undefined && /^[\x21-\x7e]+$/.test(token)) return;
  const reason = token === undefined || token === "" ? "tokenMissing" : "tokenMalformed";
  const advice = adviceFor({ kind: "unauthorized", reason });
  throw new CoderNotSentError(`${what} was not sent. ${advice}`, { kind: "unauthorized", reason, call });
}

/** Takes the secrets of one call, and all that look like secrets, out of what a server says. */
export function cleaner(
  token: string | undefined,
  secrets: readonly string[] = [],
): (text: string) => string {
  let redactor: Redactor | undefined;
  return (text) => {
    if (redactor === undefined) {
      redactor = new Redactor();
      // Long enough that Coder would take it; shorter ones would only mutilate the message.
      for (const secret of [token ?? "", ...secrets]) redactor.add(secret);
    }
    return redactor.text(text);
  };
}

/** The error for a call that had no turn. */
export function notGranted(
  permit: Permit & { granted: false },
  what: string,
  call: CallDescription,
  signal: AbortSignal | undefined,
): Error {
  if (permit.reason === "aborted") {
    const message = `${what} was not sent: the call was ended by its caller`;
    return new CoderConnectionError(message, { kind: "aborted", call, maybeSent: false }, {
      cause: signal?.reason,
    });
  }
  const seconds = Math.ceil(permit.retryAfterMs / 1_000);
  const why = permit.reason === "held"
    ? `Coder asked for silence; the next request may go in ${seconds} s`
    : `the request budget of this deployment is used up; there is room in ${seconds} s`;
  return new CoderNotSentError(`${what} was not sent: ${why}`, {
    kind: "rateLimited",
    reason: "held",
    call,
    retryAfterMs: permit.retryAfterMs,
  });
}

/** The error for an exchange without a complete answer. */
export function unanswered(
  error: unknown,
  what: string,
  call: CallDescription,
  clean: (text: string) => string,
  signal: AbortSignal | undefined,
): Error {
  const failure = error instanceof TransportFailure ? error : new TransportFailure(
    "connectionBroken",
    error instanceof Error ? error.message : String(error),
    true,
  );
  const { maybeSent } = failure;
  if (failure.reason === "aborted") {
    const message = `${what}: the call was ended by its caller`;
    return new CoderConnectionError(message, { kind: "aborted", call, maybeSent }, { cause: signal?.reason });
  }
  const { reason } = failure;
  const advice = adviceFor({ kind: "unavailable", reason });
  // Without the original as cause: an injected transport's errors may quote what it sent.
  const message = `${what}: ${clean(failure.message).replace(/[.\s]+$/, "")}. ${advice}`;
  if (reason === "tooLarge") return new CoderResponseError(message, { reason, call, status: 0 });
  return new CoderConnectionError(message, { kind: "unavailable", reason, call, maybeSent });
}

/** Of a user who was suspended. */
export function isOfInactive(error: unknown): boolean {
  return isUnauthorized(error) && error.reason === "userInactive";
}
