/** One log line and the usual figures for every request. */
import type { Logger } from "../../../telemetry/logger.ts";
import type { Labels, Metrics } from "../../../telemetry/metrics.ts";
import type { Clock } from "../../../telemetry/clock.ts";
import type { RequestInfo } from "../request_info.ts";
import { StatusError } from "../status_errors.ts";
import { factsOf } from "./error_filter.ts";
import { type Answer, type Exchange, type Filter, isStream } from "./exchange.ts";

export interface LogFilterOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Whether there is such a resource: callers must not be able to invent label values. */
  readonly isKnown: (info: RequestInfo) => boolean;
  /** Requests that took longer are worth a line, in milliseconds. @default {1_000} */
  readonly slowMs?: number;
}

const LABELS = ["verb", "group", "version", "resource", "subresource", "scope"] as const;
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Names are those of the Kubernetes API server, so that its dashboards fit. */
export function logFilter(options: LogFilterOptions): Filter {
  const { log, metrics, clock, isKnown, slowMs = 1_000 } = options;
  const total = metrics.counter(
    "apiserver_request_total",
    "Requests to the aggregated API server that have been answered, by verb, resource and code.",
    [...LABELS, "code"],
  );
  const duration = metrics.histogram(
    "apiserver_request_duration_seconds",
    "How long answers took, in seconds; for watches how long they lasted.",
    LABELS,
    BUCKETS,
  );
  const long = metrics.gauge(
    "apiserver_longrunning_requests",
    "Requests whose answer goes on, such as watches.",
    LABELS,
  );

  function finish(exchange: Exchange, labels: Labels, code: number, ms: number): void {
    total.inc({ ...labels, code: String(code) });
    duration.observe(labels, ms / 1_000);
    const facts = { ...factsOf(exchange), code, ms: Math.round(ms) };
    if (code >= 500) log.info("a request failed", facts);
    else if (ms > slowMs && labels["verb"] !== "WATCH") log.info("a request took long", facts);
    else log.debug("answered a request", facts);
  }

  return async (exchange, next) => {
    const started = clock.now();
    const labels = labelsOf(exchange.info, isKnown(exchange.info));
    const ended = (code: number) => finish(exchange, labels, code, clock.now() - started);
    let answer: Answer;
    try {
      answer = await next(exchange);
    } catch (error) {
      ended(error instanceof StatusError ? error.code : 500);
      throw error;
    }
    if (!isStream(answer)) {
      ended(answer.code);
      return answer;
    }
    const { code, run } = answer;
    return {
      ...answer,
      run(outlet) {
        long.inc(labels);
        outlet.onClose(() => {
          long.dec(labels);
          ended(code);
        });
        run(outlet);
      },
    };
  };
}

function labelsOf(info: RequestInfo, isKnown: boolean): Labels {
  if (info.kind !== "resource" || !isKnown) {
    const verb = METHODS.has(info.method) ? info.method : "other";
    return { verb, group: "", version: "", resource: "", subresource: "", scope: "" };
  }
  const { verb, group, version, resource, subresource = "", namespace, isNamed } = info;
  const scope = isNamed ? "resource" : namespace === undefined ? "cluster" : "namespace";
  return { verb: verb.toUpperCase(), group, version, resource, subresource, scope };
}
