/** Sends spans to a collector: OTLP over HTTP, as JSON, in batches. Nobody waits for it; what does not fit is counted. */
import { type Clock, sleep, systemClock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import { otlpRequest } from "./otlp_json.ts";
import type { OtlpSettings } from "./otlp_settings.ts";
import { type EndedSpan, noTracer, recordingTracer, type Tracer } from "./tracing.ts";

export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what is left, within a few seconds. */
  close(): Promise<void>;
}

export interface TracingOptions {
  /** `undefined`: off. See `readOtlpSettings`. */
  readonly settings: OtlpSettings | undefined;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock | undefined;
  readonly fetch?: typeof fetch | undefined;
}

const MAX_QUEUE = 4_096;
const MAX_BATCH = 512;
const DELAY_MS = 5_000;
const TRIES = 3;
const RETRY_MS = 1_000;
/** For what is left at the end: a collector that does not answer must not keep the process. */
const LAST_MS = 5_000;

/** Off: costs nothing and does nothing. */
export function openTracing(options: TracingOptions): Tracing {
  const { settings } = options;
  if (settings === undefined) return { tracer: noTracer, close: () => Promise.resolve() };
  const exporter = new Exporter(settings, options);
  const tracer = recordingTracer({
    record: (span) => exporter.add(span),
    ratio: settings.ratio,
    isParentBased: settings.isParentBased,
  });
  return { tracer, close: () => exporter.close() };
}

class Exporter {
  #queue: EndedSpan[] = [];
  #cancelTimer: (() => void) | undefined;
  #sending: Promise<void> | undefined;
  readonly #closing = new AbortController();
  readonly #end = new AbortController();
  #isClosing = false;
  #isFailing = false;
  readonly #clock: Clock;
  readonly #exported;
  readonly #dropped;

  constructor(readonly settings: OtlpSettings, readonly options: TracingOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#exported = options.metrics.counter(
      "coder_k8s_spans_exported_total",
      "Spans that a collector has taken.",
    );
    this.#dropped = options.metrics.counter(
      "coder_k8s_spans_dropped_total",
      "Spans that were lost, by why: queue (more than could be sent), collector (it did not take them).",
      ["reason"],
    );
  }

  add(span: EndedSpan): void {
    if (this.#queue.length >= MAX_QUEUE || this.#isClosing) return this.#dropped.inc({ reason: "queue" });
    this.#queue.push(span);
    if (this.#queue.length >= MAX_BATCH) this.#start();
    else this.#cancelTimer ??= this.#clock.setTimer(() => this.#start(), DELAY_MS);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#closing.abort();
    const cancel = this.#clock.setTimer(() => this.#end.abort(), LAST_MS);
    this.#start();
    await this.#sending;
    cancel();
    if (this.#queue.length > 0) this.#dropped.inc({ reason: "collector" }, this.#queue.length);
    this.#queue = [];
  }

  #start(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
      if (this.#queue.length > 0 && !this.#isClosing) {
        this.#cancelTimer ??= this.#clock.setTimer(() => this.#start(), DELAY_MS);
      }
    });
  }

  async #send(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, MAX_BATCH);
      const why = await this.#deliver(JSON.stringify(otlpRequest(batch, this.settings.resource)));
      if (why === undefined) this.#exported.inc({}, batch.length);
      else this.#dropped.inc({ reason: "collector" }, batch.length);
      this.#tell(why);
      // A collector that is away is not asked for each batch of a full queue.
      if (why !== undefined) return;
    }
  }

  /** Why it was not taken. */
  async #deliver(body: string): Promise<string | undefined> {
    for (let tries = this.#isClosing ? 1 : TRIES;;) {
      const { why, isPassing } = await this.#post(body);
      if (why === undefined || !isPassing || --tries <= 0) return why;
      await sleep(RETRY_MS, this.#closing.signal, this.#clock);
      if (this.#isClosing) tries = Math.min(tries, 1);
    }
  }

  async #post(body: string): Promise<{ readonly why?: string; readonly isPassing: boolean }> {
    const { url, headers, timeoutMs } = this.settings;
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#end.signal]);
      const all = { ...headers, "content-type": "application/json" };
      const answer = await (this.options.fetch ?? fetch)(url, {
        method: "POST",
        headers: all,
        body,
        signal,
        redirect: "error",
      });
      await answer.body?.cancel();
      if (answer.ok) return { isPassing: false };
      return { why: `it answered ${answer.status}`, isPassing: [429, 502, 503, 504].includes(answer.status) };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { why: why.replaceAll(url, this.#collector), isPassing: true };
    }
  }

  /** Without what may be secret. */
  get #collector(): string {
    return this.settings.url.split("?")[0]!;
  }

  /** At the first failure, and when it works again. */
  #tell(why: string | undefined): void {
    const isFailing = why !== undefined;
    if (isFailing === this.#isFailing) return;
    this.#isFailing = isFailing;
    const collector = this.#collector;
    if (isFailing) {
      this.options.log.warn("traces cannot be sent to the collector; they are dropped", {
        collector,
        reason: why,
      });
    } else this.options.log.info("traces are sent to the collector again", { collector });
  }
}
