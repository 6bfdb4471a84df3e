/** Callers of the coordinator by their Coder session tokens: Coder says whose one is, and is not asked for each call. */
import { createHash } from "node:crypto";
import {
  type CoderClient,
  CoderError,
  isForbidden,
  isNotFound,
  isUnauthorized,
  tokenId,
} from "../../coder/mod.ts";
import type { OidcAuthenticator } from "../../identity/oidc.ts";
import type { KubeUser, Refusal } from "../../identity/mod.ts";
import { forbidden, unauthorized, unavailable } from "../../identity/refusal.ts";
import { BusyError, ReviewMemory } from "../../identity/review_memory.ts";
import { type Clock, systemClock } from "../../kube/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";

/** Comes before the names of Coder's users, so that nobody is taken for somebody else. */
export const CODER_PREFIX = "coder:";

export interface CoderCallersOptions {
  readonly client: (sessionToken: string) => { readonly users: Pick<CoderClient["users"], "me"> };
  /** Is told of tokens that are good. Returns what forgets it again. */
  readonly keepSecret: (token: string) => () => void;
  /** How long a good token counts, in milliseconds. @default {60_000} */
  readonly goodMs?: number | undefined;
  /** The same of a refusal. @default {5_000} */
  readonly badMs?: number | undefined;
  /** How long Coder may take, in milliseconds. @default {5_000} */
  readonly timeoutMs?: number | undefined;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
}

type Answer = { readonly user: KubeUser } | { readonly refusal: Refusal };

/** Secrets that are kept from being shown; those of more were last used longest ago. */
const MOST_SECRETS = 1_024;

/**
 * Makes it. Tokens are remembered by their SHA-256. Where Coder is away nobody is refused as a stranger: callers are told
 * to try again.
 */
export function createCoderCallers(options: CoderCallersOptions): OidcAuthenticator {
  const { client, timeoutMs = 5_000, clock = systemClock, log } = options;
  const memory = new ReviewMemory<Answer>({
    isGood: (answer) => "user" in answer,
    goodMs: options.goodMs ?? 60_000,
    badMs: options.badMs ?? 5_000,
    maxGood: MOST_SECRETS,
    maxBad: 2_048,
    maxAsking: 64,
    clock,
  });
  const secrets = new Map<string, () => void>();

  function hide(key: string, token: string): void {
    const known = secrets.get(key) ?? options.keepSecret(token);
    secrets.delete(key);
    secrets.set(key, known);
    if (secrets.size <= MOST_SECRETS) return;
    const [oldest] = secrets;
    if (oldest === undefined) return;
    secrets.delete(oldest[0]);
    oldest[1]();
  }

  async function ask(key: string, token: string): Promise<Answer> {
    try {
      const { id, username } = await client(token).users.me({ timeoutMs });
      hide(key, token);
      return { user: { name: CODER_PREFIX + username, uid: id, groups: [], extra: {} } };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      return { refusal };
    }
  }

  return {
    isFor: (token) => tokenId(token) !== undefined,
    async authenticate(token, signal) {
      const key = createHash("sha256").update(token).digest("base64");
      try {
        return await memory.answer(key, () => ask(key, token), signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof BusyError) {
          return { refusal: unavailable("many callers are being let in just now: try again") };
        }
        if (!(error instanceof CoderError)) throw error;
        log.warn("Coder does not say whose a token is", { error });
        return {
          refusal: unavailable(
            `Coder does not answer (${
              error.reason ?? error.kind
            }), so whose the token is cannot be found out: ` +
              "try again",
            (error.retryAfterMs ?? 1_000) / 1_000,
          ),
        };
      }
    },
  };
}

/** What Coder says of the token; undefined: nothing. */
function refusalOf(error: unknown): Refusal | undefined {
  if (isUnauthorized(error)) {
    const why = error.reason === "tokenExpired"
      ? "it has expired"
      : error.reason === "userInactive"
      ? "its user is not active"
      : "it is not valid";
    return {
      ...unauthorized(`Coder refuses the session token: ${why}. Make another: coder tokens create`),
      oauth: { error: "invalid_token" },
    };
  }
  if (isNotFound(error) || isForbidden(error)) {
    return forbidden(
      "Coder does not say whose the session token is, as its scopes leave that out: give one that has all " +
        "(coder tokens create)",
    );
  }
  return undefined;
}
