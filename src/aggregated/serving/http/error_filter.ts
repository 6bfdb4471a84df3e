/** The outermost filter: whatever goes wrong becomes a `Status`, and nothing of ours gets out. */
import type { Logger } from "../../../telemetry/logger.ts";
import { internalError, StatusError } from "../status_errors.ts";
import { type Answer, ClientGoneError, type Exchange, type Filter } from "./exchange.ts";

/** @param log gets what the caller is not told */
export function errorFilter(log: Logger): Filter {
  return async (exchange, next) => {
    try {
      return await next(exchange);
    } catch (error) {
      return answerTo(error, exchange, log);
    }
  };
}

function answerTo(error: unknown, exchange: Exchange, log: Logger): Answer {
  if (error instanceof StatusError) {
    if (error.cause !== undefined) log.warn("a request failed", { ...factsOf(exchange), error: error.cause });
    return statusAnswer(error);
  }
  // Nobody hears the answer; what was thrown is only that fact, however it was wrapped.
  const isGone = error instanceof ClientGoneError ||
    (exchange.signal.aborted && exchange.signal.reason instanceof ClientGoneError);
  if (!isGone) log.error("a request ended in a mistake of ours", { ...factsOf(exchange), error });
  return statusAnswer(internalError());
}

/** A refusal as an answer. */
export function statusAnswer(error: StatusError): Answer {
  const retryAfter = error.details?.retryAfterSeconds;
  return {
    code: error.code,
    body: `${JSON.stringify(error.status)}\n`,
    ...(retryAfter === undefined ? {} : { headers: { "Retry-After": String(retryAfter) } }),
    ...(error.closeConnection ? { closeConnection: true } : {}),
  };
}

/** What a log line says of a request. */
export function factsOf({ auditId, info, user }: Exchange) {
  return {
    auditId,
    method: info.method,
    path: info.path,
    verb: info.verb,
    ...(user === undefined ? {} : { user: user.name }),
  };
}
