/** For tests: a collector of OTLP over HTTP that keeps what it is sent. */

export interface SeenSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number; readonly message?: string };
  /** Of its attributes. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Of its process. */
  readonly service: unknown;
}

export interface Collector extends AsyncDisposable {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly spans: SeenSpan[];
  readonly requests: { readonly path: string; readonly headers: Headers }[];
  /** What it answers with. */
  status: number;
}

interface Pair {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export function startCollector(): Collector {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    collector.requests.push({ path: new URL(request.url).pathname, headers: request.headers });
    const body = await request.json();
    if (collector.status !== 200) return new Response("no", { status: collector.status });
    for (const { resource, scopeSpans } of body.resourceSpans) {
      const service = valuesOf(resource.attributes)["service.name"];
      for (const { spans } of scopeSpans) {
        for (const span of spans) {
          collector.spans.push({ ...span, values: valuesOf(span.attributes), service });
        }
      }
    }
    return Response.json({});
  });
  const collector: Collector = {
    url: `http://127.0.0.1:${server.addr.port}`,
    spans: [],
    requests: [],
    status: 200,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return collector;
}

function valuesOf(attributes: readonly Pair[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
