/** Who may read `/metrics` where it is protected. */
import type { Reviewer } from "../kube/reviews.ts";
import type { ScrapeDecision } from "../telemetry/metrics_endpoint.ts";

/** A scraper waits about ten seconds; an answer after that is for nobody. */
const CALL = { timeoutMs: 8_000 };

/**
 * Asks the API server whose bearer token a scrape carries, and whether they may get the non-resource URL `/metrics`:
 * the rule of kube-rbac-proxy and of controller-runtime's authenticated metrics, so that the usual ClusterRoles work.
 */
export function scrapeAuthorizer(
  reviewer: Pick<Reviewer, "authenticate" | "authorize">,
): (request: Request) => Promise<ScrapeDecision> {
  return async (request) => {
    const token = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    if (token === undefined) return "unauthenticated";
    const user = await reviewer.authenticate(token, CALL);
    if (user === undefined) return "unauthenticated";
    const { allowed } = await reviewer.authorize(user, { verb: "get", path: "/metrics" }, CALL);
    return allowed ? "allow" : "deny";
  };
}
