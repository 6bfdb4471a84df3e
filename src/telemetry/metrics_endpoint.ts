/** `/metrics`: open, or only for those whom the cluster lets read it. */
import { type Logger, silentLogger } from "./logger.ts";

/** What may be done with a scrape. */
export type ScrapeDecision = "allow" | "deny" | "unauthenticated";

export interface MetricsEndpointOptions {
  /** What is served. */
  metrics: { readonly contentType: string; text(): Promise<string> };
  /**
   * Decides over each request; absent leaves the endpoint open to everyone who reaches the port. Where it throws (the
   * API server does not answer), the request is refused with 503.
   */
  authorize?: (request: Request) => Promise<ScrapeDecision>;
  /** @default {silentLogger} */
  log?: Logger;
}

/** Makes the handler of the metrics port. */
export function metricsHandler(options: MetricsEndpointOptions): (request: Request) => Promise<Response> {
  const { metrics, authorize, log = silentLogger } = options;
  return async (request) => {
    if (new URL(request.url).pathname !== "/metrics") return refuse(404, "not found: try /metrics");
    if (request.method !== "GET" && request.method !== "HEAD") return refuse(405, "use GET");
    if (authorize !== undefined) {
      const refusal = await decide(request, authorize, log);
      if (refusal !== undefined) return refusal;
    }
    const text = await metrics.text();
    return new Response(request.method === "HEAD" ? null : text, {
      headers: { "content-type": metrics.contentType, "cache-control": "no-store" },
    });
  };
}

async function decide(
  request: Request,
  authorize: (request: Request) => Promise<ScrapeDecision>,
  log: Logger,
): Promise<Response | undefined> {
  let decision: ScrapeDecision;
  try {
    decision = await authorize(request);
  } catch (error) {
    log.warn("a scrape could not be authorized", { error });
    return refuse(503, "the Kubernetes API server could not be asked who you are; try again");
  }
  switch (decision) {
    case "allow":
      return undefined;
    case "deny":
      return refuse(403, "forbidden: you need the verb get on the non-resource URL /metrics");
    default:
      return refuse(401, "unauthorized: send a bearer token", { "www-authenticate": "Bearer" });
  }
}

function refuse(status: number, why: string, headers: Record<string, string> = {}): Response {
  return new Response(`${why}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  });
}
