/** The outermost filter: whatever goes wrong becomes a `Status`, and nothing of ours gets out. */
import type { Logger } from "../../../telemetry/logger.ts";
import { prefersYaml } from "../answer/accept.ts";
import { yamlText } from "../answer/yaml_text.ts";
import { internalError, StatusError } from "../status_errors.ts";
import { type BodyAnswer, ClientGoneError, type Exchange, type Filter } from "./exchange.ts";

/** @param log gets what the caller is not told */
export function errorFilter(log: Logger): Filter {
  return async (exchange, next) => {
    try {
      return await next(exchange);
    } catch (error) {
      return inTheirForm(answerTo(error, exchange, log), exchange);
    }
  };
}

/** A refusal is written like what was asked for, where that is not JSON. */
function inTheirForm(answer: BodyAnswer, { headers }: Exchange): BodyAnswer {
  if (!prefersYaml(headers.accept) || typeof answer.body !== "string") return answer;
  return { ...answer, body: yamlText(JSON.parse(answer.body)), contentType: "application/yaml" };
}

function answerTo(error: unknown, exchange: Exchange, log: Logger): BodyAnswer {
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
export function statusAnswer(error: StatusError): BodyAnswer {
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
