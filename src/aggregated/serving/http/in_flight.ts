/** How many requests are worked on at a time: more than that would only make all of them slow. */
import type { Gauge } from "../../../telemetry/metrics.ts";
import { tooManyRequests } from "../status_errors.ts";
import type { Exchange, Filter } from "./exchange.ts";
import { userOf } from "./identity_filters.ts";

export interface InFlightLimits {
  /** Requests that change nothing. @default {400} */
  readonly reads: number;
  /** @default {200} */
  readonly writes: number;
}

export const IN_FLIGHT_LIMITS: InFlightLimits = { reads: 400, writes: 200 };

/** Members are let through whatever happens: among them are the API server's own probes and controllers. */
const MASTERS = "system:masters";
const WRITES = new Set(["create", "update", "patch", "delete", "deletecollection", "post", "put"]);

/**
 * Answers 429 where there are too many. Requests that go on long after their answer has begun, such as watches, count
 * until then alone.
 *
 * @param isExempt requests that do not count, such as probes of health
 */
export function inFlightFilter(
  limits: InFlightLimits,
  isExempt: (exchange: Exchange) => boolean,
  inFlight: Gauge,
): Filter {
  const counts = { readOnly: 0, mutating: 0 };
  return async (exchange, next) => {
    if (isExempt(exchange)) return next(exchange);
    const kind = WRITES.has(exchange.info.verb) ? "mutating" : "readOnly";
    const limit = kind === "mutating" ? limits.writes : limits.reads;
    if (counts[kind] >= limit && !userOf(exchange).groups.includes(MASTERS)) throw tooManyRequests();
    counts[kind]++;
    inFlight.set({ request_kind: kind }, counts[kind]);
    let held = true;
    const giveBack = () => {
      if (!held) return;
      held = false;
      counts[kind]--;
      inFlight.set({ request_kind: kind }, counts[kind]);
    };
    exchange.onBegun.push(giveBack);
    try {
      const answer = await next(exchange);
      if (!("run" in answer)) giveBack();
      return answer;
    } catch (error) {
      giveBack();
      throw error;
    }
  };
}
