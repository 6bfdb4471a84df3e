/** The operator's access through Coder's API: what the token is worth, and tokens for an ordinary user. */
import type { StoredToken } from "../../../coder/database/mod.ts";
import {
  type ApiKey,
  type CoderClient,
  CoderError,
  isForbidden,
  isNotFound,
  isTokenRefused,
  tokenId,
  type User,
} from "../../../coder/mod.ts";
import type { Verdict } from "./access_decision.ts";
import { AccessError } from "./access_error.ts";
import { OPERATOR_USER } from "./access_identity.ts";
import { storedToken } from "./access_token_life.ts";

/** Deadline of one call, in milliseconds. */
export const CODER_DEADLINE_MS = 4_000;

/** A visit's signal. */
export interface ApiOptions {
  readonly signal: AbortSignal;
}

function call({ signal }: ApiOptions) {
  return { signal, timeoutMs: CODER_DEADLINE_MS };
}

/** What Coder says about `token`, in one request. `error`: why nothing follows from it. */
export async function askCoder(
  client: CoderClient,
  token: string,
  names: readonly string[],
  options: ApiOptions,
): Promise<{ verdict: Verdict; error?: unknown }> {
  const id = tokenId(token);
  // Nothing that Coder makes looks so: it is not sent to anybody.
  if (id === undefined) return { verdict: { kind: "refused" } };
  try {
    const keys = await client.tokens.list("me", {}, call(options));
    const current = keys.find((key) => key.id === id);
    if (current === undefined || !isOurs(current, names)) return { verdict: { kind: "stranger" } };
    const others = keys.filter((key) => key !== current && isOurs(key, names)).map(storedToken);
    return { verdict: { kind: "valid", by: "coder", current: storedToken(current), others } };
  } catch (error) {
    options.signal.throwIfAborted();
    if (isTokenRefused(error) || isInactive(error)) return { verdict: { kind: "refused" }, error };
    // A token with narrow rights may not even see its own user.
    if (isNotFound(error)) return { verdict: { kind: "stranger" }, error };
    return { verdict: { kind: "unknown" }, error };
  }
}

function isOurs({ token_name, username }: ApiKey, names: readonly string[]): boolean {
  return names.includes(token_name) && (username ?? OPERATOR_USER.username) === OPERATOR_USER.username;
}

/** Somebody suspended the operator's user; PostgreSQL is asked, and makes it active again. */
function isInactive(error: unknown): boolean {
  return error instanceof CoderError && error.reason === "userInactive";
}

/** A token that has just been made. */
export interface MadeToken {
  readonly token: string;
  readonly current: StoredToken;
  readonly others: readonly StoredToken[];
}

/** What a new token shall be. */
export interface ApiTokenRequest {
  readonly names: readonly string[];
  /** In milliseconds; Coder may allow less. */
  readonly lifetimeMs: number;
  /** Of the token in use, if there is one: it stays. */
  readonly keepId: string | undefined;
  readonly now: Date;
}

/**
 * Makes a token of `user` (`me`: the client's own). Where no name is free, the older of the two that is not in use goes.
 * Throws {@linkcode AccessError} `SystemUser` where Coder makes no tokens for this user.
 */
export async function makeToken(
  client: CoderClient,
  user: string,
  { names, lifetimeMs, keepId, now }: ApiTokenRequest,
  options: ApiOptions,
): Promise<MadeToken> {
  const { maxLifetimeMs } = await client.tokens.config(user, call(options));
  const ours = (await client.tokens.list(user, {}, call(options))).filter(({ token_name }) =>
    names.includes(token_name)
  );
  const spare = ours.filter(({ id }) => id !== keepId).sort((a, b) => a.created_at < b.created_at ? -1 : 1);
  const oldest = spare[0];
  let name = names.find((each) => ours.every(({ token_name }) => token_name !== each));
  if (name === undefined && oldest !== undefined) {
    await client.tokens.delete(user, oldest.id, call(options));
    name = oldest.token_name;
    ours.splice(ours.indexOf(oldest), 1);
  }
  if (name === undefined) throw new Error("there are fewer names than tokens in use");
  const lifetime = Math.trunc(Math.min(lifetimeMs, maxLifetimeMs) / 1_000) * 1_000;
  try {
    const { sessionToken } = await client.tokens.create(user, { name, lifetimeMs: lifetime }, call(options));
    const current: StoredToken = {
      id: tokenId(sessionToken) ?? "",
      name,
      createdAt: now,
      expiresAt: new Date(now.getTime() + lifetime),
      lifetimeMs: lifetime,
      lastUsedAt: now,
    };
    return { token: sessionToken, current, others: ours.map(storedToken) };
  } catch (error) {
    if (!isForbidden(error)) throw error;
    throw new AccessError(
      "SystemUser",
      `Coder makes no tokens for ${OPERATOR_USER.username} through its API: the user was made in PostgreSQL. Name a ` +
        "Secret with the PostgreSQL URL in spec.operatorAccess.databaseURLSecretRef",
      "later",
      { cause: error },
    );
  }
}

/**
 * Makes the operator's user where it is missing, as an owner that cannot sign in. `client` is an owner's.
 * Throws {@linkcode AccessError} `ForeignUser` where somebody else has its name.
 */
export async function ensureUser(client: CoderClient, options: ApiOptions): Promise<User> {
  const { username, email } = OPERATOR_USER;
  let user = await client.users.find(username, call(options));
  if (user === undefined) {
    const { id } = await client.organizations.get("default", call(options));
    user = await client.users.createTokenUser({ username, email, organizationIds: [id] }, call(options));
  } else if (user.login_type !== "none" || user.email.toLowerCase() !== email) {
    throw new AccessError(
      "ForeignUser",
      `Coder has a user ${username} that is not the operator's (another email address, or a way to sign in). Rename ` +
        "that user",
      "later",
    );
  }
  if (user.roles.some(({ name }) => name === "owner")) return user;
  return await client.users.setRoles(user.id, ["owner"], call(options));
}

/** Revokes tokens of `user` by their names, its own last. Returns how many there were. */
export async function revokeTokens(
  client: CoderClient,
  user: string,
  names: readonly string[],
  ownId: string | undefined,
  options: ApiOptions,
): Promise<number> {
  const keys = (await client.tokens.list(user, {}, call(options))).filter((key) => isOurs(key, names));
  keys.sort((a, b) => Number(a.id === ownId) - Number(b.id === ownId));
  let count = 0;
  for (const { id } of keys) if (await client.tokens.delete(user, id, call(options))) count++;
  return count;
}

/** Revokes tokens of the client's own user by id. */
export async function revokeById(
  client: CoderClient,
  ids: readonly string[],
  options: ApiOptions,
): Promise<void> {
  for (const id of ids) await client.tokens.delete("me", id, call(options));
}
