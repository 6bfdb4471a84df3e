/** Users, sign-in and rights. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { CoderApiError, isNotFound } from "./errors.ts";
import { id, listOf, nonEmpty, optionalText, timestamp } from "./schema_parts.ts";

export const userSchema = z.object({
  id,
  username: nonEmpty,
  email: optionalText,
  name: optionalText,
  /** `active`, `dormant` or `suspended`. */
  status: z.string(),
  /** `password`, `github`, `oidc`, `token` or `none`. */
  login_type: optionalText,
  /** Site-wide roles; `member` is implied. */
  roles: listOf(z.object({ name: nonEmpty })),
  organization_ids: listOf(id),
  created_at: timestamp,
  updated_at: timestamp.optional(),
  last_seen_at: timestamp.optional(),
});
export type User = z.infer<typeof userSchema>;

export const userPageSchema = z.object({ users: listOf(userSchema), count: z.number().int() });
export type UserPage = z.infer<typeof userPageSchema>;

export const authMethodsSchema = z.object({
  password: z.object({ enabled: z.boolean() }),
  github: z.object({ enabled: z.boolean() }),
  oidc: z.object({ enabled: z.boolean(), signInText: optionalText, iconUrl: optionalText }),
});
export type AuthMethods = z.infer<typeof authMethodsSchema>;

const firstUserSchema = z.object({ user_id: id, organization_id: id });
const sessionSchema = z.object({ session_token: nonEmpty }).transform(({ session_token }) => ({
  sessionToken: session_token,
}));
const authCheckSchema = z.record(z.string(), z.boolean());

export interface NewFirstUser {
  email: string;
  username: string;
  password: string;
  /** Full name. */
  name?: string;
}

/** A user that signs in with nothing but tokens. */
export interface NewTokenUser {
  email: string;
  username: string;
  /** Ids; at least one. */
  organizationIds: readonly string[];
}

/** One right to ask for. */
export interface AuthCheck {
  /** Such as `read`, `create`, `update`, `delete`. */
  action: string;
  object: {
    /** Such as `workspace`, `template`, `user`, `license`. Unknown types are answered with `false`. */
    resource_type: string;
    owner_id?: string;
    organization_id?: string;
    resource_id?: string;
    any_org?: boolean;
  };
}

export interface UserCalls {
  /** The token's own user. */
  me(options?: CallOptions): Promise<User>;
  /** By id, name or `me`. Users that are deleted are still found by id. */
  get(user: string, options?: CallOptions): Promise<User>;
  /** As `get`; undefined where there is none, or none that this token may see. */
  find(user: string, options?: CallOptions): Promise<User | undefined>;
  /** `count` is of all matches. System users are in neither. */
  list(
    filter?: { q?: string; limit?: number; offset?: number; after_id?: string },
    options?: CallOptions,
  ): Promise<UserPage>;
  /** Whether the deployment has had its first user. Needs no token. */
  hasFirst(options?: CallOptions): Promise<boolean>;
  /** Creates the first user, an owner. Conflict where there is one. Needs no token. */
  createFirst(user: NewFirstUser, options?: CallOptions): Promise<z.infer<typeof firstUserSchema>>;
  /** Creates a user without a way to sign in (login type `none`). Conflict where the name or the email is taken. */
  createTokenUser(user: NewTokenUser, options?: CallOptions): Promise<User>;
  /** Sets the site-wide roles, such as `owner`; `member` is implied. */
  setRoles(user: string, roles: readonly string[], options?: CallOptions): Promise<User>;
  /** Signs in with a password. Needs no token. */
  login(
    credentials: { email: string; password: string },
    options?: CallOptions,
  ): Promise<{ sessionToken: string }>;
  /** Ends the token's own session. */
  logout(options?: CallOptions): Promise<void>;
  /** Which ways to sign in there are. Needs no token. */
  authMethods(options?: CallOptions): Promise<AuthMethods>;
  /** Which of the rights the token has, by the keys of `checks`. */
  authCheck(
    checks: Readonly<Record<string, AuthCheck>>,
    options?: CallOptions,
  ): Promise<Record<string, boolean>>;
}

export function userCalls(call: Call): UserCalls {
  const get = (user: string, options?: CallOptions) =>
    call(
      { method: "GET", route: "/api/v2/users/{user}", parameters: { user }, answer: userSchema },
      options,
    );
  return {
    me: (options) => get("me", options),
    get,
    find: (user, options) => orUndefined(get(user, options)),
    list: (filter = {}, options) =>
      call({ method: "GET", route: "/api/v2/users", query: { ...filter }, answer: userPageSchema }, options),
    async hasFirst(options) {
      try {
        await call({ method: "GET", route: "/api/v2/users/first", signedIn: false }, options);
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        throw error;
      }
    },
    createFirst: ({ email, username, password, name }, options) =>
      call({
        method: "POST",
        route: "/api/v2/users/first",
        body: { email, username, password, ...(name === undefined ? {} : { name }), trial: false },
        secrets: [password],
        answer: firstUserSchema,
        signedIn: false,
      }, options),
    createTokenUser: ({ email, username, organizationIds }, options) =>
      call({
        method: "POST",
        route: "/api/v2/users",
        body: { email, username, login_type: "none", organization_ids: organizationIds },
        answer: userSchema,
      }, options),
    setRoles: (user, roles, options) =>
      call({
        method: "PUT",
        route: "/api/v2/users/{user}/roles",
        parameters: { user },
        body: { roles },
        answer: userSchema,
      }, options),
    login: ({ email, password }, options) =>
      call({
        method: "POST",
        route: "/api/v2/users/login",
        body: { email, password },
        secrets: [password],
        answer: sessionSchema,
        signedIn: false,
      }, options),
    logout: (options) => call({ method: "POST", route: "/api/v2/users/logout" }, options),
    authMethods: (options) =>
      call({
        method: "GET",
        route: "/api/v2/users/authmethods",
        answer: authMethodsSchema,
        signedIn: false,
      }, options),
    authCheck: (checks, options) =>
      call(
        { method: "POST", route: "/api/v2/authcheck", body: { checks }, answer: authCheckSchema },
        options,
      ),
  };
}

/** The value, or undefined where Coder says that it is not there. */
export async function orUndefined<T>(value: Promise<T>): Promise<T | undefined> {
  try {
    return await value;
  } catch (error) {
    if (error instanceof CoderApiError && isNotFound(error)) return undefined;
    throw error;
  }
}

/** True where the thing was there to delete, false where it was gone already. */
export async function wasThere(deletion: Promise<unknown>): Promise<boolean> {
  try {
    await deletion;
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
