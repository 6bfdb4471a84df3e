/** What no request may be, whatever its route: the strict half of the fake. coderd itself would let much of it pass. */
import type http from "node:http";
import type { FakeRoute } from "./route.ts";

/** Headers that a request of ours may have; those of the API server's service proxy included. */
const KNOWN_HEADERS = new Set([
  "host",
  "connection",
  "accept",
  "user-agent",
  "content-type",
  "content-length",
  "coder-session-token",
  "coder-external-proxy-token",
  "x-coder-bypass-ratelimit",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-uri",
  "x-forwarded-proto",
  "accept-encoding",
  "via",
  "audit-id",
]);

/** Everything that is wrong with the headers, in words. */
export function headerProblems(headers: http.IncomingHttpHeaders, route: FakeRoute, body: string): string[] {
  const problems: string[] = [];
  for (const name of Object.keys(headers)) {
    if (!KNOWN_HEADERS.has(name)) problems.push(`header ${name} must not be sent`);
  }
  if (!/\bjson\b/.test(headers.accept ?? "")) problems.push("Accept does not ask for JSON");
  if (!/^coder-k8s\b/.test(headers["user-agent"] ?? "")) problems.push("User-Agent does not name coder-k8s");
  const bypass = headers["x-coder-bypass-ratelimit"];
  if (bypass !== undefined && bypass !== "true") problems.push("X-Coder-Bypass-Ratelimit is not true");
  if (route.auth === "none" && headers["coder-session-token"] !== undefined) {
    problems.push("a session token was sent where none is needed");
  }
  if (headers["coder-external-proxy-token"] !== undefined && route.proxyToken !== true) {
    problems.push("a proxy's token was sent where none is looked at");
  }
  if (body === "") {
    if (headers["content-type"] !== undefined) problems.push("Content-Type without a body");
  } else {
    if (route.upload !== true && headers["content-type"] !== "application/json") {
      problems.push("Content-Type is not application/json");
    }
    if (headers["content-length"] === undefined) problems.push("a body without Content-Length");
  }
  return problems;
}

/** Everything that is wrong with the query, in words. */
export function queryProblems(query: URLSearchParams, route: FakeRoute): string[] {
  const known = route.query ?? [];
  const names = [...query.keys()];
  return names
    .filter((name) => !known.includes(name))
    .map((name) => `query parameter ${name} does not exist`)
    .concat(new Set(names).size === names.length ? [] : ["a query parameter came twice"]);
}

/** The body as the route wants it, or what is wrong with it. */
export function checkBody(body: string, route: FakeRoute): { value: unknown } | { problems: string[] } {
  if (route.body === undefined) {
    return body === "" ? { value: undefined } : { problems: ["a body where there must be none"] };
  }
  if (body === "") return { problems: ["no body"] };
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { problems: ["the body is not JSON"] };
  }
  const result = route.body.safeParse(json);
  if (result.success) return { value: result.data };
  return {
    problems: result.error.issues.map((issue) =>
      `body ${issue.path.map(String).join(".")}: ${issue.message}`
    ),
  };
}
