/** Spans of OpenTelemetry, and W3C trace context. What is off costs nothing: nobody is asked for the time or for an id. */

export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;
export type SpanKind = "internal" | "server" | "client" | "consumer" | "producer";

export interface SpanOptions {
  /** Value of `traceparent`; absent, empty or not one: a trace of its own begins. */
  readonly parent?: string | undefined;
  /** @default {"internal"} */
  readonly kind?: SpanKind | undefined;
  /** Names and numbers. Never contents: they leave the process. */
  readonly attributes?: SpanAttributes | undefined;
}

export interface Span {
  /** What to hand on as `traceparent`; empty where there is none. */
  readonly traceparent: string;
  set(attributes: SpanAttributes): void;
  /** It went wrong: a code, such as `not_found`. Never a message: those may have contents. */
  fail(code: string): void;
  /** Once; later ones do nothing. */
  end(): void;
}

export interface Tracer {
  readonly isOn: boolean;
  start(name: string, options?: SpanOptions): Span;
}

/** The parts of a `traceparent`. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** A span as it is when it has ended. Times are nanoseconds since 1970. */
export interface EndedSpan extends TraceContext {
  /** Empty: the first one of its trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startedAt: bigint;
  readonly endedAt: bigint;
  readonly attributes: SpanAttributes;
  /** A code; absent: it went well. */
  readonly failure?: string | undefined;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** `undefined` for what is none. Later versions than ours are read as far as we know them. */
export function parseTraceparent(text: string | undefined): TraceContext | undefined {
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(text ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || version === "ff" || (version === "00" && more)) {
    return undefined;
  }
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags!, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}

/** A `traceparent` of somebody else as it is handed on; `undefined` where it is none. */
export function cleanTraceparent(text: string | undefined): string | undefined {
  const context = text === undefined ? undefined : parseTraceparent(text);
  return context === undefined ? undefined : formatTraceparent(context);
}

/** Hands on what comes in, and records nothing. */
export const noTracer: Tracer = {
  isOn: false,
  start: (_name, options) => options?.parent ? passed(options.parent) : NOTHING,
};

export interface RecordingOptions {
  /** Is given each sampled span at its end; must not throw. */
  readonly record: (span: EndedSpan) => void;
  /** Of the traces that begin here, from 0 to 1. @default {1} */
  readonly ratio?: number | undefined;
  /** Traces that began elsewhere are sampled where their parents are; otherwise as if they began here. @default {true} */
  readonly isParentBased?: boolean | undefined;
  /** Milliseconds since 1970, with fractions. */
  readonly now?: (() => number) | undefined;
  /** So many random bytes. */
  readonly random?: ((bytes: number) => Uint8Array) | undefined;
}

/** Makes spans, and gives them away when they end. */
export function recordingTracer(options: RecordingOptions): Tracer {
  const now = options.now ?? (() => performance.timeOrigin + performance.now());
  const random = options.random ?? ((bytes) => crypto.getRandomValues(new Uint8Array(bytes)));
  const { ratio = 1, isParentBased = true } = options;
  return {
    isOn: true,
    start: (name, { parent: text, kind = "internal", attributes = {} } = {}) => {
      const parent = parseTraceparent(text);
      const traceId = parent?.traceId ?? random(16).toHex();
      // By the id, so that all who decide about a trace decide alike.
      const isSampled = (isParentBased ? parent?.isSampled : undefined) ??
        Number.parseInt(traceId.slice(-13), 16) / 2 ** 52 < ratio;
      const context = { traceId, spanId: random(8).toHex(), isSampled };
      if (!isSampled) return passed(formatTraceparent(context));
      const begun = {
        ...context,
        parentSpanId: parent?.spanId ?? "",
        name,
        kind,
        startedAt: nanoseconds(now()),
      };
      let all = attributes;
      let failure: string | undefined;
      let isOver = false;
      return {
        traceparent: formatTraceparent(context),
        set: (more) => void (all = { ...all, ...more }),
        fail: (code) => void (failure = code),
        end: () => {
          if (isOver) return;
          isOver = true;
          options.record({ ...begun, endedAt: nanoseconds(now()), attributes: all, failure });
        },
      };
    },
  };
}

/** Runs `work` in a span, which fails where that rejects, with the error's code. */
export async function inSpan<T>(
  tracer: Tracer,
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const span = tracer.start(name, options);
  try {
    return await work(span);
  } catch (error) {
    span.fail(codeOf(error));
    throw error;
  } finally {
    span.end();
  }
}

/** The `code` of errors of ours; the class of others. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const code: unknown = "code" in error ? error.code : undefined;
  return typeof code === "string" && CODE.test(code) ? code : error.name.slice(0, 64);
}

const CODE = /^\w{1,64}$/;

function passed(traceparent: string): Span {
  return { traceparent, set() {}, fail() {}, end() {} };
}

const NOTHING = passed("");

function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1_000)) * 1_000n;
}
