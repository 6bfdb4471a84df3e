/** Carries calls out: rate limit, deadline, bounded retries where the server asks for them, metrics, warnings. */
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { apiError, OWN_ADVICE, TOKEN_ADVICE } from "./api_errors.ts";
import { createClientMetrics } from "./client_metrics.ts";
import { type Clock, systemClock } from "../clock.ts";
import { type KubeApiError, KubeConnectionError } from "../errors.ts";
import { createRateLimiter, RateLimitError } from "./rate_limiter.ts";
import type { HttpAnswer, HttpStream, Transport } from "./transport.ts";

/** One call, before its transport. */
export interface Call {
  method: string;
  /** With query. */
  path: string;
  /** The object in words, for messages: `deployments.apps "ns/x"`. */
  target: string;
  /** @default {"application/json"} */
  accept?: string;
  /** @default {"application/json"} */
  contentType?: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Whose call it is, where it is not that of the connection. Never logged, and part of no error. */
  identity?: Readonly<Record<string, string | string[]>> | undefined;
  /** Carried out twice is the same as once: answers such as 500 with `Retry-After` are then tried again, too. */
  idempotent?: boolean;
  signal?: AbortSignal | undefined;
  /** Deadline of everything, waiting included, in milliseconds. */
  timeoutMs: number;
  /** @default {10} */
  maxRetries?: number | undefined;
  onWarning?: ((text: string) => void) | undefined;
}

/** Sends calls; answers that are not 2xx are thrown as {@linkcode KubeApiError}. */
export interface Caller {
  send(call: Call): Promise<HttpAnswer>;
  /** Resolves at the headers. */
  stream(call: Call): Promise<HttpStream>;
}

export interface CallerOptions {
  userAgent: string;
  qps?: number | undefined;
  burst?: number | undefined;
  metrics?: Metrics | undefined;
  logger?: Logger | undefined;
  clock?: Clock | undefined;
}

/** As client-go: after so many waits for `Retry-After` the refusal is handed on. */
const MAX_RETRIES = 10;
/** `Retry-After: 0` must not become a busy loop. */
const MIN_RETRY_MS = 50;
/** So many bytes of a refused stream are read for the message. */
const REFUSAL_BYTES = 64 * 1024;
const KNOWN_WARNINGS = 256;

export function createCaller(transport: Transport, options: CallerOptions): Caller {
  const { clock = systemClock, logger = silentLogger, userAgent } = options;
  const limiter = createRateLimiter({ qps: options.qps ?? 0, burst: options.burst, clock });
  const metrics = createClientMetrics(transport.host, options.metrics);
  const warnings = new Set<string>();

  async function admit(call: Call, remainingMs: number): Promise<void> {
    try {
      metrics.limited(call.method, await limiter.acquire(call.signal, remainingMs) / 1000);
    } catch (cause) {
      const why = cause instanceof RateLimitError ? cause.message : "the call was ended by its caller";
      throw new KubeConnectionError(`${call.method} ${call.target}: ${why}`, describe(call), { cause });
    }
  }

  async function run<A extends { status: number; headers: HttpAnswer["headers"] }>(
    call: Call,
    exchange: (request: Parameters<Transport["send"]>[0]) => Promise<A>,
    bodyOf: (answer: A) => string | Promise<string>,
  ): Promise<A> {
    const deadline = clock.now() + call.timeoutMs;
    const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
    const headers = {
      accept: call.accept ?? "application/json",
      "user-agent": userAgent,
      ...(call.body === undefined ? {} : { "content-type": call.contentType ?? "application/json" }),
      ...call.identity,
    };
    let refreshed = false;
    for (let retries = 0;; retries++) {
      await admit(call, deadline - clock.now());
      const startedAt = clock.now();
      const timeoutMs = Math.max(1, Math.ceil(deadline - startedAt));
      const { method, path, signal } = call;
      let answer: A;
      try {
        answer = await exchange({ method, path, headers, signal, timeoutMs, ...body });
      } catch (error) {
        metrics.requested(method, "<error>", (clock.now() - startedAt) / 1000);
        throw error;
      }
      metrics.requested(method, answer.status, (clock.now() - startedAt) / 1000);
      warn(answer.headers["warning"]);
      if (call.onWarning !== undefined) textsOf(answer.headers["warning"]).forEach(call.onWarning);
      if (answer.status >= 200 && answer.status < 300) return answer;

      const { status, headers: answered } = answer;
      const refusal = { status, headers: answered, body: await bodyOf(answer) };
      const advice = call.identity?.["authorization"] === undefined ? OWN_ADVICE : TOKEN_ADVICE;
      const error = apiError(describe(call), call.target, refusal, clock.wallTime(), advice);
      if (status === 401 && !refreshed && transport.connection.refresh()) {
        refreshed = true;
        continue;
      }
      const waitMs = Math.max(MIN_RETRY_MS, error.retryAfterMs ?? 0);
      const asked = answered["retry-after"] !== undefined && mayRetry(call, error);
      if (!asked || retries >= (call.maxRetries ?? MAX_RETRIES) || clock.now() + waitMs >= deadline) {
        throw error;
      }
      try {
        await clock.sleep(waitMs, signal);
      } catch {
        throw error;
      }
    }
  }

  function warn(header: string | string[] | undefined): void {
    if (header === undefined || header.length === 0) return;
    const text = String(header);
    if (warnings.has(text)) return;
    if (warnings.size >= KNOWN_WARNINGS) warnings.clear();
    warnings.add(text);
    logger.warn("the API server sent a warning", { warning: text });
  }

  return {
    send: (call) => run(call, (request) => transport.send(request), (answer) => answer.body),
    stream: (call) => run(call, (request) => transport.stream(request), readRefusal),
  };
}

/** Of `299 - "text", 299 - "another"`. */
function textsOf(header: string | string[] | undefined): string[] {
  return [...String(header ?? "").matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)]
    .map(([, text = ""]) => text.replaceAll(/\\(.)/g, "$1"));
}

/** 429 and 503 with `Retry-After` were not carried out; other failures may have been. */
function mayRetry(call: Call, error: KubeApiError): boolean {
  if (error.code === 429 || error.code === 503) return true;
  return error.code >= 500 && (call.idempotent ?? call.method === "GET");
}

function describe(call: Call): { method: string; path: string } {
  return { method: call.method, path: call.path.split("?", 1)[0] ?? call.path };
}

async function readRefusal(stream: HttpStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of stream.body) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > REFUSAL_BYTES) break;
    }
  } catch {
    // The status alone says enough.
  } finally {
    stream.cancel();
  }
  return text;
}
