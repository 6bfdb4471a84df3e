/** What everything that serves the protocol has in common. */
import { noMetrics } from "../../telemetry/metrics.ts";
import type { Counter, Gauge, Histogram, Metrics } from "../../telemetry/metrics.ts";
import { noTracer, type Tracer } from "../../telemetry/tracing.ts";
import type { Server } from "@modelcontextprotocol/server";
import { type AnswerRedaction, answerRedaction } from "../answers/redacted.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import type { ServingWorld, Visitor } from "../surface.ts";

export interface ServingOptions {
  /** How long a call may take, in milliseconds; waiting tools wait no longer. @default {60_000} */
  readonly deadlineMs?: number;
  /** How long a person may take to answer a question, in milliseconds. @default {300_000} */
  readonly answerMs?: number;
  readonly metrics?: Metrics;
  readonly tracer?: Tracer | undefined;
  readonly log?: Logger;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: () => number;
  /** Sees every server of the SDK before it serves, and may change it; all calls then go through it. For tests. */
  readonly extend?: ((server: Server) => void) | undefined;
}

/** The same with all that may be absent. */
export interface Serving {
  readonly world: ServingWorld;
  readonly deadlineMs: number;
  readonly answerMs: number;
  readonly metrics: ServingMetrics;
  readonly tracer: Tracer;
  readonly log: Logger;
  readonly redaction: AnswerRedaction;
  readonly extend: ((server: Server) => void) | undefined;
  now(): number;
}

export interface ServingMetrics {
  /** In seconds. */
  readonly calls: Histogram;
  readonly streams: Gauge;
  readonly sessions: Gauge;
  readonly refusals: Counter;
}

/** One exchange: whose it is, and what is known of it. */
export interface Occasion {
  readonly visitor: Visitor;
  /** The protocol, as it was agreed on. */
  version(): string;
  /** For the record; tells nothing of the session's token. */
  readonly sessionId?: string | undefined;
  readonly traceparent?: string | undefined;
  /** Whether a question may be sent to the client while a call waits; of the session era alone. */
  maySendQuestions(): boolean;
  /** What the client wants to hear of; of the session era alone. */
  readonly logLevel?: { get(): string | undefined; set(level: string): void } | undefined;
}

/** Puts it together. */
export function createServing(world: ServingWorld, options: ServingOptions = {}): Serving {
  const { deadlineMs = 60_000, answerMs = 300_000, metrics = noMetrics, log = silentLogger } = options;
  return {
    world,
    deadlineMs,
    answerMs,
    tracer: options.tracer ?? noTracer,
    log,
    redaction: world.redaction ?? answerRedaction(),
    extend: options.extend,
    now: options.now ?? Date.now,
    metrics: metricsOf(metrics),
  };
}

function metricsOf(metrics: Metrics): ServingMetrics {
  return {
    calls: metrics.histogram(
      "coder_k8s_mcp_call_duration_seconds",
      "Calls of tools, resources and prompts, by what was called and how it went.",
      ["method", "tool", "result"],
      [0.001, 0.005, 0.02, 0.1, 0.5, 1, 5, 20, 60],
    ),
    streams: metrics.gauge("coder_k8s_mcp_open_streams", "Streams that clients have open."),
    sessions: metrics.gauge(
      "coder_k8s_mcp_sessions",
      "Sessions that have called this replica within 15 minutes.",
    ),
    refusals: metrics.counter(
      "coder_k8s_mcp_refusals_total",
      "Requests that were not let in, by why: host, origin, identity, rate, streams, session, body.",
      ["reason"],
    ),
  };
}
