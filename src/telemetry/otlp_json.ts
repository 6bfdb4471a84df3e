/** Spans in the form of `ExportTraceServiceRequest`, as OTLP writes it in JSON. */
import type { EndedSpan, SpanAttributes, SpanKind } from "./tracing.ts";

const KINDS: Readonly<Record<SpanKind, number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};

/** Characters of an attribute. */
const MAX_TEXT = 256;

export function otlpRequest(spans: readonly EndedSpan[], resource: SpanAttributes): Record<string, unknown> {
  const scope = { name: "coder-k8s" };
  return {
    resourceSpans: [{
      resource: { attributes: pairs(resource) },
      scopeSpans: [{ scope, spans: spans.map(otlpSpan) }],
    }],
  };
}

function otlpSpan(span: EndedSpan): Record<string, unknown> {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === "" ? {} : { parentSpanId: span.parentSpanId }),
    flags: 1,
    name: span.name,
    kind: KINDS[span.kind],
    startTimeUnixNano: String(span.startedAt),
    endTimeUnixNano: String(span.endedAt),
    attributes: pairs({ ...span.attributes, "error.type": span.failure }),
    status: span.failure === undefined ? {} : { code: 2 },
  };
}

function pairs(attributes: SpanAttributes): unknown[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: valueOf(value) }]
  );
}

function valueOf(value: string | number | boolean): Record<string, unknown> {
  if (typeof value === "string") return { stringValue: value.slice(0, MAX_TEXT).toWellFormed() };
  if (typeof value === "boolean") return { boolValue: value };
  // Whole numbers of 64 bits are texts in JSON.
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
