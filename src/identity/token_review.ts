/** Whose a bearer token is: asked of the API server, and remembered for some seconds. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { KubeClient } from "../kube/client.ts";
import { type Clock, systemClock } from "../kube/clock.ts";
import { createReviewer } from "../kube/reviews.ts";
import { tellPassingRefusals } from "./passing_refusal.ts";
import { ReviewMemory } from "./review_memory.ts";
import type { KubeUser } from "./user.ts";

export interface TokenReviewerOptions {
  client: KubeClient;
  /**
   * Whom the token must be for; one is enough. Absent: the API server itself.
   */
  audiences?: readonly string[];
  /** How long the API server may take, in milliseconds. @default {10_000} */
  timeoutMs?: number;
  /** How long a user counts, in milliseconds. @default {10_000} */
  goodMs?: number;
  /** How long "nobody" counts, in milliseconds. @default {10_000} */
  badMs?: number;
  /** Users that are remembered. @default {1_024} */
  maxGood?: number;
  clock?: Clock;
}

/** The user of a valid token; undefined where it is not valid. Rejects where the API server cannot or will not say. */
export type TokenReviewer = (token: string, signal?: AbortSignal) => Promise<KubeUser | undefined>;

const userSchema = z.object({
  username: z.string().min(1),
  uid: z.string().optional(),
  groups: z.array(z.string()).nullish(),
  extra: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
});

/** Makes a reviewer with a memory of its own. Tokens themselves are not kept: their SHA-256 is. */
export function createTokenReviewer(options: TokenReviewerOptions): TokenReviewer {
  const { client, audiences, timeoutMs = 10_000, clock = systemClock } = options;
  const reviewer = createReviewer({ client, ttlMs: 0, clock });
  const memory = new ReviewMemory<{ user: KubeUser | undefined }>({
    isGood: ({ user }) => user !== undefined,
    goodMs: options.goodMs ?? 10_000,
    badMs: options.badMs ?? 10_000,
    maxGood: options.maxGood ?? 1_024,
    clock,
  });
  const telling = tellPassingRefusals(clock);
  return async (token, signal) => {
    const key = createHash("sha256").update(token).digest("base64");
    const { user } = await memory.answer(key, async () => {
      const found = await telling(() =>
        reviewer.authenticate(token, { timeoutMs, ...(audiences === undefined ? {} : { audiences }) })
      );
      return { user: found === undefined ? undefined : userOf(found) };
    }, signal);
    return user;
  };
}

function userOf(found: unknown): KubeUser {
  const { username, uid, groups, extra } = userSchema.parse(found);
  return {
    name: username,
    ...(uid === undefined || uid === "" ? {} : { uid }),
    groups: groups ?? [],
    extra: Object.fromEntries(Object.entries(extra ?? {}).map(([key, values]) => [key, values ?? []])),
  };
}
