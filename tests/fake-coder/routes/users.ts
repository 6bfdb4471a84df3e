/** Users and sign-in. */
import { z } from "zod";
import { created, forbidden, ok, refuse, type Reply, unauthorized, unknownUser } from "../reply.ts";
import type { Context, FakeRoute } from "../route.ts";
import type { FakeState, FakeUser } from "../state.ts";

export function userJson(user: FakeUser): Record<string, unknown> {
  return {
    id: user.id,
    username: user.username,
    name: user.name,
    avatar_url: "",
    created_at: user.created_at,
    updated_at: user.updated_at,
    email: user.email,
    last_seen_at: user.last_seen_at,
    status: user.status,
    login_type: user.login_type,
    theme_preference: "",
    organization_ids: user.organization_ids,
    roles: user.roles.map((name) => ({ name, display_name: name, organization_id: "" })),
  };
}

/** The user that a path names, `me` included. */
export function pathUser({ parameters, state, caller }: Context): { user: FakeUser } | { refusal: Reply } {
  const name = parameters["user"] ?? "";
  const user = name === "me" ? caller?.user : state.user(name);
  return user === undefined ? { refusal: unknownUser(name) } : { user };
}

/** Users that count: neither deleted nor system. */
export function realUsers(state: FakeState): FakeUser[] {
  return [...state.users.values()].filter((user) => !user.deleted && !user.is_system);
}

export const userRoutes: readonly FakeRoute[] = [
  {
    method: "GET",
    template: "/api/v2/users/first",
    auth: "none",
    database: "Internal error fetching user count.",
    handle: ({ state }) =>
      realUsers(state).length === 0
        ? refuse(404, "The initial user has not been created!")
        : ok({ message: "The initial user has already been created!" }),
  },
  {
    method: "POST",
    template: "/api/v2/users/first",
    auth: "none",
    database: "Internal error fetching user count.",
    body: z.strictObject({
      email: z.email(),
      username: z.string().regex(/^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$/).max(32),
      name: z.string().optional(),
      password: z.string().min(1),
      trial: z.boolean(),
    }),
    handle: ({ state, body }) => {
      if (realUsers(state).length > 0) return refuse(409, "The initial user has already been created.");
      if (body.password.length < 8) {
        return refuse(400, "Password is invalid", {
          validations: [{ field: "password", detail: "insecure password, try using a longer password" }],
        });
      }
      const { email, username, password, name = "" } = body;
      const user = state.addUser({ email, username, password, name });
      return created({ user_id: user.id, organization_id: state.defaultOrganization.id });
    },
  },
  {
    method: "POST",
    template: "/api/v2/users/login",
    auth: "none",
    database: "Internal error.",
    body: z.strictObject({ email: z.email(), password: z.string().min(1) }),
    handle: ({ state, body }) => {
      const user = realUsers(state).find(({ email }) => email.toLowerCase() === body.email.toLowerCase());
      if (user === undefined || user.login_type !== "password" || user.password !== body.password) {
        return unauthorized("", "Incorrect email or password.");
      }
      const lifetime_seconds = 24 * 3_600;
      return created({
        session_token: state.addToken(user, { login_type: "password", token_name: "", lifetime_seconds }),
      });
    },
  },
  {
    method: "POST",
    template: "/api/v2/users/logout",
    handle: ({ state, caller }) => {
      state.keys.delete(caller!.key.id);
      return ok({ message: "Logged out!" });
    },
  },
  {
    method: "GET",
    template: "/api/v2/users",
    query: ["q", "limit", "offset", "after_id"],
    handle: ({ state, query }) => {
      const word = (query.get("q") ?? "").toLowerCase();
      const matches = realUsers(state).filter((user) =>
        `${user.username} ${user.email}`.toLowerCase().includes(word)
      );
      const offset = Number(query.get("offset") ?? 0);
      const limit = Number(query.get("limit") ?? 0);
      if (!(offset >= 0) || !(limit >= 0)) return refuse(400, "Query parameters have invalid values.");
      const page = matches.slice(offset, limit === 0 ? undefined : offset + limit);
      return ok({ users: page.map(userJson), count: matches.length });
    },
  },
  {
    method: "POST",
    template: "/api/v2/users",
    body: z.strictObject({
      email: z.email(),
      username: z.string().regex(/^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$/).max(32),
      login_type: z.literal("none"),
      organization_ids: z.array(z.uuid()),
    }),
    handle: ({ state, body, caller }) => {
      if (!caller!.user.roles.includes("owner")) return forbidden();
      const { email, username, organization_ids } = body;
      if (organization_ids.length === 0) {
        return refuse(400, "No organization specified to place the user as a member of.");
      }
      const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
      const users = [...state.users.values()].filter((user) => !user.deleted);
      if (users.some((user) => same(user.username, username) || same(user.email, email))) {
        return refuse(409, "User already exists.");
      }
      const user = state.addUser({ email, username, login_type: "none", roles: [], status: "dormant" });
      return created(userJson(user));
    },
  },
  {
    method: "PUT",
    template: "/api/v2/users/{user}/roles",
    body: z.strictObject({ roles: z.array(z.string()) }),
    handle: (context) => {
      const found = pathUser(context);
      if ("refusal" in found) return found.refusal;
      if (!context.caller!.user.roles.includes("owner")) return forbidden();
      const unknown = context.body.roles.find((role: string) =>
        !["owner", "auditor", "template-admin", "user-admin"].includes(role)
      );
      if (unknown !== undefined) return refuse(400, `"${unknown}" is not a supported role`);
      found.user.roles = [...context.body.roles];
      return ok(userJson(found.user));
    },
  },
  {
    method: "GET",
    template: "/api/v2/users/{user}",
    handle: (context) => {
      const found = pathUser(context);
      return "refusal" in found ? found.refusal : ok(userJson(found.user));
    },
  },
];
