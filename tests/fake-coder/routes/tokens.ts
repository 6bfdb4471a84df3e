/** API tokens. */
import { z } from "zod";
import { created, empty, forbidden, notFound, ok, refuse } from "../reply.ts";
import type { Context, FakeRoute } from "../route.ts";
import { type FakeKey, type FakeUser, randomText, WEEK_SECONDS } from "../state.ts";
import { pathUser } from "./users.ts";

const NS = 1_000_000_000;
const SCOPES = new Set([
  "coder:all",
  "coder:application_connect",
  "coder:workspaces.access",
  "workspace:read",
]);

function keyJson(key: FakeKey): Record<string, unknown> {
  return {
    id: key.id,
    user_id: key.user_id,
    last_used: key.last_used,
    expires_at: new Date(key.expires).toISOString(),
    created_at: key.created_at,
    updated_at: key.updated_at,
    login_type: key.login_type,
    scope: key.scopes.includes("coder:all") ? "all" : "",
    scopes: key.scopes,
    token_name: key.token_name,
    lifetime_seconds: key.lifetime_seconds,
    allow_list: [{ type: "*", id: "*" }],
  };
}

const keysOf = ({ state }: Context, user: FakeUser) =>
  [...state.keys.values()].filter((key) => key.user_id === user.id);
const mayFor = ({ caller }: Context, user: FakeUser) =>
  caller!.user.id === user.id || caller!.user.roles.includes("owner");
const maxSeconds = ({ settings }: Context, user: FakeUser) =>
  user.roles.includes("owner") ? settings.maxOwnerTokenSeconds : settings.maxTokenSeconds;

/** Handles a route under `/users/{user}` for a user that the caller may manage. */
function forUser(
  handle: (context: Context, user: FakeUser) => ReturnType<FakeRoute["handle"]>,
): FakeRoute["handle"] {
  return (context) => {
    const found = pathUser(context);
    if ("refusal" in found) return found.refusal;
    return mayFor(context, found.user) ? handle(context, found.user) : notFound();
  };
}

export const tokenRoutes: readonly FakeRoute[] = [
  {
    method: "POST",
    template: "/api/v2/users/{user}/keys/tokens",
    body: z.strictObject({
      lifetime: z.number().min(0).refine(Number.isInteger).optional(),
      scopes: z.array(z.string()).optional(),
      token_name: z.string().optional(),
    }),
    handle: forUser((context, user) => {
      const { state, body } = context;
      // Even owners cannot: a system user's token is the database's business.
      if (user.is_system) return forbidden();
      const wrong = (body.scopes ?? []).find((scope: string) => !SCOPES.has(scope));
      if (wrong !== undefined) {
        return refuse(400, "Failed to create API key.", {
          detail: `invalid or unsupported API key scope: "${wrong}"`,
        });
      }
      const lifetime_seconds = (body.lifetime ?? 0) === 0 ? WEEK_SECONDS : body.lifetime / NS;
      const most = maxSeconds(context, user);
      if (lifetime_seconds > most) {
        const hours = Math.floor(most / 3_600);
        return refuse(400, "Failed to validate create API key request.", {
          detail: `lifetime must be less than ${hours}h0m0s`,
        });
      }
      const token_name = body.token_name || randomText(12);
      if (keysOf(context, user).some((key) => key.token_name === token_name)) {
        return refuse(409, `A token with name "${token_name}" already exists.`, {
          validations: [{ field: "name", detail: "This value is already in use and should be unique." }],
        });
      }
      const scopes = body.scopes?.length > 0 ? body.scopes : ["coder:all"];
      return created({ key: state.addToken(user, { token_name, lifetime_seconds, scopes }) });
    }),
  },
  {
    method: "GET",
    template: "/api/v2/users/{user}/keys/tokens",
    query: ["include_all"],
    handle: forUser((context, user) => {
      const all = context.query.get("include_all") === "true";
      const keys = all ? [...context.state.keys.values()] : keysOf(context, user);
      const tokens = keys.filter((key) => key.login_type === "token");
      if (tokens.length === 0) return ok(null);
      return ok(
        tokens.map((key) => ({ ...keyJson(key), username: context.state.users.get(key.user_id)?.username })),
      );
    }),
  },
  {
    method: "GET",
    template: "/api/v2/users/{user}/keys/tokens/tokenconfig",
    handle: forUser((context, user) => ok({ max_token_lifetime: maxSeconds(context, user) * NS })),
  },
  {
    method: "GET",
    template: "/api/v2/users/{user}/keys/tokens/{name}",
    handle: forUser((context, user) => {
      const key = keysOf(context, user).find((one) => one.token_name === context.parameters["name"]);
      return key === undefined ? notFound() : ok(keyJson(key));
    }),
  },
  {
    method: "GET",
    template: "/api/v2/users/{user}/keys/{key}",
    handle: forUser((context, user) => {
      const key = keysOf(context, user).find((one) => one.id === context.parameters["key"]);
      return key === undefined ? notFound() : ok(keyJson(key));
    }),
  },
  {
    method: "DELETE",
    template: "/api/v2/users/{user}/keys/{key}",
    handle: forUser((context, user) => {
      const key = keysOf(context, user).find((one) => one.id === context.parameters["key"]);
      if (key === undefined) return notFound();
      context.state.keys.delete(key.id);
      return empty(204);
    }),
  },
];
