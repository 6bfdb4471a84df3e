/** What a caller may do: asked of the API server for everyone, also for whom the front proxy has let through. */
import { createHash } from "node:crypto";
import type { KubeClient } from "../kube/client.ts";
import { type Clock, systemClock } from "../kube/clock.ts";
import { type AccessDecision, type AccessRequest, createReviewer } from "../kube/reviews.ts";
import { type Logger, silentLogger } from "../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../telemetry/metrics.ts";
import { occasionally } from "./occasional.ts";
import { tellPassingRefusals } from "./passing_refusal.ts";
import { discoveryPaths, HEALTH_PATHS, isPublicPath } from "./public_paths.ts";
import { forbidden, type Refusal, unauthorized } from "./refusal.ts";
import { reviewFailure } from "./review_failure.ts";
import { ReviewMemory } from "./review_memory.ts";
import { isAnonymous, type KubeUser, MASTERS_GROUP } from "./user.ts";

/** Yes, or the answer that the caller gets. */
export type Authorization =
  | { readonly allowed: true; readonly reason: string }
  | { readonly allowed: false; readonly refusal: Refusal };

/** Rejects only with the reason of `signal`: whatever cannot be found out is a refusal. */
export type Authorizer = (
  user: KubeUser,
  request: AccessRequest,
  signal?: AbortSignal,
) => Promise<Authorization>;

export interface AuthorizerOptions {
  client: KubeClient;
  /** Groups that may do everything. @default {["system:masters"]} */
  allowedGroups?: readonly string[];
  /**
   * Paths that everybody may read, and the only ones that are open to anonymous callers; `*` at the end covers what
   * follows. @default {health, and discovery of aggregation.coder.com/v1alpha1}
   */
  publicPaths?: readonly string[];
  /** How long the API server may take, in milliseconds. @default {10_000} */
  timeoutMs?: number;
  /** How long "yes" counts, in milliseconds. @default {10_000} */
  allowedMs?: number;
  /** How long "no" counts, in milliseconds. @default {10_000} */
  deniedMs?: number;
  /** "Yes" answers that are remembered. @default {8_192} */
  maxAllowed?: number;
  clock?: Clock;
  log?: Logger;
  metrics?: Metrics;
}

const DEFAULT_PATHS = [
  ...HEALTH_PATHS,
  ...discoveryPaths([{ group: "aggregation.coder.com", version: "v1alpha1" }]),
];
/** Longer questions are remembered by their hash: callers choose how long names are. */
const LONGEST_KEY = 512;

/** Makes an authorizer with a memory of its own. */
export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const { client, clock = systemClock, log = silentLogger, metrics = noMetrics } = options;
  const { allowedGroups = [MASTERS_GROUP], publicPaths = DEFAULT_PATHS, timeoutMs = 10_000 } = options;
  const reviewer = createReviewer({ client, ttlMs: 0, clock });
  const telling = tellPassingRefusals(clock);
  const memory = new ReviewMemory<AccessDecision>({
    isGood: ({ allowed }) => allowed,
    goodMs: options.allowedMs ?? 10_000,
    badMs: options.deniedMs ?? 10_000,
    maxGood: options.maxAllowed ?? 8_192,
    clock,
  });
  const mayLog = occasionally(clock);
  const results = metrics.counter(
    "coder_k8s_authorizations_total",
    "Requests to the aggregated API and MCP servers, by whether the caller may.",
    ["result"],
  );

  async function decide(
    user: KubeUser,
    request: AccessRequest,
    signal: AbortSignal | undefined,
  ): Promise<Authorization> {
    if (user.groups.some((group) => allowedGroups.includes(group)) && !isAnonymous(user)) {
      return { allowed: true, reason: "a member of a group that may do everything" };
    }
    if ("path" in request && isReading(request.verb) && isPublicPath(request.path, publicPaths)) {
      return { allowed: true, reason: "a path that everybody may read" };
    }
    if (isAnonymous(user)) {
      return no(unauthorized(`say who you are: anonymous callers may read ${publicPaths.join(", ")} alone`));
    }
    try {
      const { allowed, reason } = await memory.answer(
        keyOf(user, request),
        () =>
          telling(() =>
            reviewer.authorize(
              {
                username: user.name,
                ...(user.uid === undefined ? {} : { uid: user.uid }),
                groups: user.groups,
                extra: user.extra,
              },
              request,
              { timeoutMs },
            )
          ),
        signal,
      );
      if (allowed) return { allowed, reason };
      return no(forbidden(`${sentence(user, request)}${reason === "" ? "" : `: ${reason}`}`));
    } catch (error) {
      signal?.throwIfAborted();
      const what = `Whether user ${JSON.stringify(user.name)} may ${deed(request)} cannot be found out`;
      const refusal = reviewFailure("SubjectAccessReview", what, error);
      if (mayLog(String(refusal.code))) log.warn("what a caller may do could not be reviewed", { error });
      return no(refusal);
    }
  }

  return async (user, request, signal) => {
    const answer = await decide(user, request, signal);
    results.inc({ result: answer.allowed ? "allowed" : String(answer.refusal.code) });
    return answer;
  };
}

function no(refusal: Refusal): Authorization {
  return { allowed: false, refusal };
}

function isReading(verb: string): boolean {
  return verb === "get" || verb === "head";
}

/** Everything that the answer depends on, in one order. */
function keyOf({ name, uid, groups, extra }: KubeUser, request: AccessRequest): string {
  const extras = Object.entries(extra).sort(([left], [right]) => left < right ? -1 : 1);
  const attributes = "path" in request ? [request.verb, request.path] : [
    request.verb,
    request.group,
    request.version,
    request.resource,
    request.subresource,
    request.namespace,
    request.name,
  ];
  // `undefined` becomes null in JSON, and is nothing that a text could be.
  const key = JSON.stringify([name, uid, groups, extras, attributes.length, attributes]);
  return key.length <= LONGEST_KEY ? key : createHash("sha256").update(key).digest("base64");
}

function sentence(user: KubeUser, request: AccessRequest): string {
  return `user ${JSON.stringify(user.name)} may not ${deed(request)}`;
}

/** `get coderworkspaces/log.aggregation.coder.com "a.b.c" in namespace "n"`. */
function deed(request: AccessRequest): string {
  if ("path" in request) return `${request.verb} ${request.path}`;
  const { verb, group = "", resource, subresource, namespace, name } = request;
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  const what = group === "" ? whole : `${whole}.${group}`;
  const which = name === undefined ? "" : ` ${JSON.stringify(name)}`;
  const where = namespace === undefined ? " in all namespaces" : ` in namespace "${namespace}"`;
  return `${verb} ${what}${which}${where}`;
}
