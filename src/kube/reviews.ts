/** Asks the API server who somebody is and what they may do, and remembers the answers for a few seconds. */
import { createHash } from "node:crypto";
import type { SelfSubjectAccessReview, SubjectAccessReview, TokenReview } from "../api/kubernetes/types.ts";
import { SelfSubjectAccessReviews, SubjectAccessReviews, TokenReviews } from "../api/kubernetes/resources.ts";
import type { CallOptions, KubeClient } from "./client.ts";
import { type Clock, systemClock } from "./clock.ts";

/** Somebody, as the API server knows them. */
export interface KubeUser {
  username: string;
  uid?: string;
  groups?: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

/** What somebody wants to do: to a resource, or at a path of the API server or of ours. */
export type AccessRequest =
  | {
    verb: string;
    resource: string;
    group?: string;
    version?: string;
    subresource?: string;
    /** Absent: all namespaces, or a cluster-scoped resource. */
    namespace?: string;
    name?: string;
  }
  | { verb: string; path: string };

/** The answer; `reason` is the API server's, for logs and refusals. */
export interface AccessDecision {
  allowed: boolean;
  reason: string;
}

/** Reviews by the API server. Throws {@linkcode KubeApiError} where it refuses to review: then nobody is anybody. */
export interface Reviewer {
  /** Whose token this is; undefined where it is not valid (for these audiences). */
  authenticate(
    token: string,
    options?: CallOptions & { audiences?: readonly string[] },
  ): Promise<KubeUser | undefined>;
  /** Whether the user may. */
  authorize(user: KubeUser, request: AccessRequest, options?: CallOptions): Promise<AccessDecision>;
  /** Whether we ourselves may. Not remembered: it is asked rarely, and to see a change. */
  authorizeSelf(request: AccessRequest, options?: CallOptions): Promise<AccessDecision>;
}

export interface ReviewerOptions {
  client: KubeClient;
  /** How long answers are remembered, in milliseconds; 0 remembers nothing. @default {10_000} */
  ttlMs?: number;
  /** Answers that are remembered. @default {1_024} */
  maxEntries?: number;
  clock?: Clock;
}

/** Makes a reviewer with a memory of its own. */
export function createReviewer(options: ReviewerOptions): Reviewer {
  const { client } = options;
  const tokens = createMemory<KubeUser | undefined>(options);
  const decisions = createMemory<AccessDecision>(options);
  return {
    authenticate(token, { audiences, signal, ...call } = {}) {
      // The token itself is not kept, and not compared byte by byte.
      const key = createHash("sha256").update(JSON.stringify([token, audiences ?? []])).digest("hex");
      return unlessAborted(
        signal,
        tokens(key, async () => {
          const review: TokenReview = {
            apiVersion: "authentication.k8s.io/v1",
            kind: "TokenReview",
            metadata: {},
            spec: { token, ...(audiences === undefined ? {} : { audiences: [...audiences] }) },
          };
          const { status } = await client.create(TokenReviews, review, call);
          if (status?.authenticated !== true || !isFor(status.audiences, audiences)) return undefined;
          return userOf(status.user);
        }),
      );
    },
    authorize(user, request, { signal, ...call } = {}) {
      const key = JSON.stringify([user.username, user.uid, user.groups, user.extra, request]);
      return unlessAborted(
        signal,
        decisions(key, async () => {
          const review: SubjectAccessReview = {
            apiVersion: "authorization.k8s.io/v1",
            kind: "SubjectAccessReview",
            metadata: {},
            spec: {
              user: user.username,
              ...(user.uid === undefined ? {} : { uid: user.uid }),
              ...(user.groups === undefined ? {} : { groups: [...user.groups] }),
              ...(user.extra === undefined ? {} : { extra: copyExtra(user.extra) }),
              ...attributes(request),
            },
          };
          return decisionOf((await client.create(SubjectAccessReviews, review, call)).status);
        }),
      );
    },
    async authorizeSelf(request, call = {}) {
      const review: SelfSubjectAccessReview = {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        metadata: {},
        spec: attributes(request),
      };
      return decisionOf((await client.create(SelfSubjectAccessReviews, review, call)).status);
    },
  };
}

function attributes(request: AccessRequest) {
  if ("path" in request) {
    return { nonResourceAttributes: { path: request.path, verb: request.verb } };
  }
  return { resourceAttributes: { ...request } };
}

function decisionOf(status: SubjectAccessReview["status"]): AccessDecision {
  const reason = [status?.reason, status?.evaluationError].filter((text) => text).join("; ");
  return { allowed: status?.allowed === true && status.denied !== true, reason };
}

/** An answer that names no audience comes from somebody who has not looked at them. */
function isFor(named: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean {
  return wanted === undefined || wanted.length === 0 || wanted.some((audience) => named?.includes(audience));
}

function userOf(
  user: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> } | undefined,
): KubeUser | undefined {
  const { username, uid, groups, extra } = user ?? {};
  // A review without a name is no identity, whatever else it says.
  if (typeof username !== "string" || username === "") return undefined;
  return {
    username,
    ...(uid === undefined ? {} : { uid }),
    ...(groups === undefined ? {} : { groups }),
    ...(extra === undefined ? {} : { extra }),
  };
}

function copyExtra(extra: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(extra).map(([name, values]) => [name, [...values]]));
}

/** Remembers answers by key. Equal questions at the same time are asked once; failures are not remembered. */
function createMemory<V>(
  { ttlMs = 10_000, maxEntries = 1_024, clock = systemClock }: ReviewerOptions,
): (key: string, ask: () => Promise<V>) => Promise<V> {
  const answers = new Map<string, { until: number; answer: Promise<V> }>();
  return (key, ask) => {
    const known = answers.get(key);
    if (known !== undefined && clock.now() < known.until) return known.answer;
    const answer = ask();
    if (!(ttlMs > 0)) return answer;
    const entry = { until: clock.now() + ttlMs, answer };
    answers.delete(key);
    answers.set(key, entry);
    if (answers.size > maxEntries) {
      const oldest = answers.keys().next().value;
      if (oldest !== undefined) answers.delete(oldest);
    }
    answer.catch(() => {
      if (answers.get(key) === entry) answers.delete(key);
    });
    return answer;
  };
}

/** One caller's signal ends that caller's wait alone: the answer is shared. */
function unlessAborted<V>(signal: AbortSignal | undefined, answer: Promise<V>): Promise<V> {
  if (signal === undefined) return answer;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
