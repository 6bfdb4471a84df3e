/** No request takes longer than it may, whatever it waits for. */
import type { Clock } from "../../../telemetry/clock.ts";
import { readCommonOptions } from "../query/common_options.ts";
import { timeout } from "../status_errors.ts";
import type { Filter } from "./exchange.ts";

/**
 * Answers 504 once the deadline has passed, or the shorter one that the client wished for with `?timeout=`, and aborts
 * the request's signal. Of answers that go on, such as watches, it is the beginning that has a deadline, and the wish of
 * who watches does not count, as in Kubernetes.
 */
export function deadlineFilter(deadlineMs: number, clock: Clock): Filter {
  return (exchange, next) => {
    const { info } = exchange;
    const { timeoutMs = deadlineMs } = info.verb === "watch" ? {} : readCommonOptions(info);
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
