/** API tokens: long-lived session tokens with a name. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { id, listOf, nonEmpty, optionalText, timestamp } from "./schema_parts.ts";
import { orUndefined, wasThere } from "./users.ts";

export const apiKeySchema = z.object({
  /** The part of the token before the dash; no secret. */
  id: nonEmpty,
  user_id: id,
  token_name: optionalText,
  /** `token` for API tokens. */
  login_type: optionalText,
  scopes: listOf(z.string()),
  lifetime_seconds: z.number(),
  last_used: timestamp,
  /** Moves on with use, unless the deployment forbids it. */
  expires_at: timestamp,
  created_at: timestamp,
  updated_at: timestamp.optional(),
  /** Owner's name, in lists alone. */
  username: z.string().optional(),
});
export type ApiKey = z.infer<typeof apiKeySchema>;

const newTokenSchema = z.object({ key: nonEmpty }).transform(({ key }) => ({ sessionToken: key }));

/** Coder counts in nanoseconds. */
const NS_PER_MS = 1_000_000;

const tokenConfigSchema = z.object({ max_token_lifetime: z.number() }).transform((config) => ({
  maxLifetimeMs: config.max_token_lifetime / NS_PER_MS,
}));

export interface NewToken {
  /** Unique for the user. Any text is accepted. */
  name: string;
  /** In milliseconds. @default {7 days, Coder's own default} */
  lifetimeMs?: number;
  /** @default {["coder:all"]} */
  scopes?: readonly string[];
}

export interface TokenCalls {
  /**
   * Makes a token; the answer is the only time it can be seen. Conflict where the name is taken; forbidden for system
   * users, whatever the caller's rights.
   */
  create(user: string, token: NewToken, options?: CallOptions): Promise<{ sessionToken: string }>;
  /** A user's tokens, expired ones included; with `includeAll` those of all users that the caller may see. */
  list(user: string, filter?: { includeAll?: boolean }, options?: CallOptions): Promise<ApiKey[]>;
  getByName(user: string, name: string, options?: CallOptions): Promise<ApiKey>;
  findByName(user: string, name: string, options?: CallOptions): Promise<ApiKey | undefined>;
  /** By the part before the dash. */
  getById(user: string, keyId: string, options?: CallOptions): Promise<ApiKey>;
  /** Revokes at once. False where it was gone already. */
  delete(user: string, keyId: string, options?: CallOptions): Promise<boolean>;
  /** How long a token of this user may live at most; for owners it is less. */
  config(user: string, options?: CallOptions): Promise<{ maxLifetimeMs: number }>;
}

export function tokenCalls(call: Call): TokenCalls {
  const tokens = "/api/v2/users/{user}/keys/tokens";
  const getByName = (user: string, name: string, options?: CallOptions) =>
    call({
      method: "GET",
      route: `${tokens}/{name}`,
      parameters: { user, name },
      answer: apiKeySchema,
    }, options);
  return {
    create: (user, { name, lifetimeMs, scopes }, options) =>
      call({
        method: "POST",
        route: tokens,
        parameters: { user },
        body: {
          token_name: name,
          ...(lifetimeMs === undefined ? {} : { lifetime: Math.trunc(lifetimeMs) * NS_PER_MS }),
          ...(scopes === undefined ? {} : { scopes }),
        },
        answer: newTokenSchema,
      }, options),
    list: (user, { includeAll } = {}, options) =>
      call({
        method: "GET",
        route: tokens,
        parameters: { user },
        query: { include_all: includeAll },
        answer: listOf(apiKeySchema),
      }, options),
    getByName,
    findByName: (user, name, options) => orUndefined(getByName(user, name, options)),
    getById: (user, key, options) =>
      call({
        method: "GET",
        route: "/api/v2/users/{user}/keys/{key}",
        parameters: { user, key },
        answer: apiKeySchema,
      }, options),
    delete: (user, key, options) =>
      wasThere(
        call(
          { method: "DELETE", route: "/api/v2/users/{user}/keys/{key}", parameters: { user, key } },
          options,
        ),
      ),
    config: (user, options) =>
      call({
        method: "GET",
        route: `${tokens}/tokenconfig`,
        parameters: { user },
        answer: tokenConfigSchema,
      }, options),
  };
}

/** The id within a session token (before the dash), which is no secret; undefined where it is not of Coder's form. */
export function tokenId(sessionToken: string): string | undefined {
  return /^([0-9A-Za-z]{10})-[0-9A-Za-z]{22}$/.exec(sessionToken.trim())?.[1];
}
