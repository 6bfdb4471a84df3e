/** From a request to its answer, in coderd's order: rate limit, route, feature, token, rights, body, handler. */
import { authenticate } from "./authentication.ts";
import type { RateLimiter } from "./rate_limit.ts";
import { empty, forbidden, notFound, refuse, type Reply, routeNotFound } from "./reply.ts";
import { checkBody, headerProblems, queryProblems } from "./request_check.ts";
import { type Context, type FakeRoute, findRoute } from "./route.ts";
import { entitlement } from "./routes/licenses.ts";
import type { FakeCoderSettings } from "./settings.ts";
import type { FakeState } from "./state.ts";

/** A request, read to its end. */
export interface IncomingRequest {
  readonly method: string;
  /** Without query and base path, still escaped. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly bytes: Uint8Array;
}

export interface World {
  readonly state: FakeState;
  readonly settings: FakeCoderSettings;
  readonly limiter: RateLimiter;
  readonly routes: readonly FakeRoute[];
  /** Records what no request of ours may be. */
  readonly violation: (problem: string) => void;
}

/** The template that a request's path and method belong to. */
export function routeOf(world: World, request: IncomingRequest): FakeRoute | undefined {
  const found = findRoute(world.routes, request.method, request.path);
  return "route" in found ? found.route : undefined;
}

/** Answers one request and changes the state accordingly. */
export function answer(world: World, request: IncomingRequest): Reply {
  const limited = limit(world, request);
  if (limited.refusal !== undefined) return { ...limited.refusal, headers: limited.headers };
  const reply = inner(world, request);
  return { ...reply, headers: { ...limited.headers, ...reply.headers } };
}

function limit(world: World, request: IncomingRequest): { headers: Record<string, string>; refusal?: Reply } {
  const { state, settings } = world;
  if (!request.path.startsWith("/api/")) return { headers: {} };
  if (settings.bypass === "owners" && request.headers["x-coder-bypass-ratelimit"] === "true") {
    const who = authenticate(tokenOf(request), state, settings);
    if ("user" in who && who.user.roles.includes("owner")) return { headers: {} };
    const text = `"X-Coder-Bypass-Ratelimit" provided but user is not owner`;
    return { headers: {}, refusal: { status: 428, text } };
  }
  return world.limiter.count(request.path, settings.rateLimit, state.now());
}

function inner(world: World, request: IncomingRequest): Reply {
  const { state, settings, violation } = world;
  const found = findRoute(world.routes, request.method, request.path);
  if (!("route" in found)) {
    violation(found.methods.length === 0 ? "no such route" : `only ${found.methods.join(", ")}`);
    return found.methods.length === 0 ? routeNotFound() : empty(405);
  }
  const { route, parameters } = found;
  const { feature } = route;
  // Not in the binary at all: no check of tokens or methods comes first.
  if (feature !== undefined && settings.edition === "agpl") return routeNotFound();
  for (const problem of headerProblems(request.headers, route, request.body)) violation(problem);
  for (const problem of queryProblems(request.query, route)) violation(problem);
  const locked = feature?.name !== undefined && entitlement(state, feature.name) === "not_entitled"
    ? refuse(403, `${titleOf(feature.name)} is a Premium feature. Contact sales!`)
    : undefined;
  if (feature?.early === true && locked !== undefined) return locked;

  let caller: Context["caller"];
  if (route.auth === "none" || route.auth === "unchecked") {
    if (settings.databaseAway && route.database !== undefined) return refuse(500, route.database);
  } else {
    const who = authenticate(tokenOf(request), state, settings);
    if ("refusal" in who) return who.refusal;
    caller = who;
    if (route.owner === true && !who.user.roles.includes("owner")) return forbidden();
  }
  const { organization } = parameters;
  if (organization !== undefined && state.organization(organization) === undefined) return notFound();
  if (locked !== undefined) return locked;

  const checked = route.upload === true ? { value: undefined } : checkBody(request.body, route);
  if ("problems" in checked) {
    for (const problem of checked.problems) violation(problem);
    return refuse(400, "Validation failed.", {
      validations: checked.problems.map((detail) => ({ field: "body", detail })),
    });
  }
  return route.handle({
    state,
    settings,
    parameters,
    query: request.query,
    body: checked.value,
    bytes: request.bytes,
    caller,
    headers: request.headers,
  });
}

/** `workspace_proxy` → `Workspace Proxy`. */
function titleOf(feature: string): string {
  return feature.split("_").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join(" ");
}

function tokenOf(request: IncomingRequest): string | undefined {
  const token = request.headers["coder-session-token"];
  return Array.isArray(token) ? token[0] : token;
}
