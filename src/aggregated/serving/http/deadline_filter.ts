/** No request takes longer than it may, whatever it waits for. */
import type { Clock } from "../../../telemetry/clock.ts";
import { readCommonOptions } from "../query/common_options.ts";
import { timeout } from "../status_errors.ts";
import type { Exchange, Filter } from "./exchange.ts";

/**
 * Answers 504 once the deadline has passed, or the shorter one that the client wished for with `?timeout=`, and aborts
 * the request's signal.
 *
 * @param isLong requests that have no deadline
 */
export function deadlineFilter(
  deadlineMs: number,
  isLong: (exchange: Exchange) => boolean,
  clock: Clock,
): Filter {
  return (exchange, next) => {
    if (isLong(exchange)) return next(exchange);
    const { timeoutMs = deadlineMs } = readCommonOptions(exchange.info);
    return new Promise((resolve, reject) => {
      const cancel = clock.setTimer(() => {
        const error = timeout();
        exchange.abort(error);
        reject(error);
      }, Math.min(timeoutMs, deadlineMs));
      const settled = Promise.try(next, exchange).finally(cancel);
      settled.then(resolve, reject);
    });
  };
}
