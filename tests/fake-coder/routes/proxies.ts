/** Workspace proxies: enterprise builds alone. */
import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { created, notFound, ok, refuse, type Reply } from "../reply.ts";
import type { Context, FakeRoute } from "../route.ts";
import type { FakeProxy, FakeState } from "../state.ts";

// Checked before the token, so that a bad token gets 403 too.
const FEATURE = { name: "workspace_proxy", early: true };

const newToken = (id: string) => `${id}:${randomBytes(32).toString("hex")}`;

function proxyJson(proxy: FakeProxy, settings: Context["settings"]): Record<string, unknown> {
  const { token: _, status, ...rest } = proxy;
  return {
    ...rest,
    healthy: status === "ok",
    path_app_url: status === "unregistered" ? "" : `https://${proxy.name}.example.com`,
    wildcard_hostname: "",
    derp_enabled: true,
    derp_only: false,
    version: status === "unregistered" ? "" : settings.version,
    status: { status, report: { errors: [], warnings: [] }, checked_at: proxy.updated_at },
  };
}

function primary(state: FakeState, settings: Context["settings"]): Record<string, unknown> {
  const now = state.time();
  return proxyJson({
    id: state.deploymentId,
    name: "primary",
    ...state.primaryFace,
    deleted: false,
    created_at: now,
    updated_at: now,
    status: "ok",
    token: "",
  }, settings);
}

/** By id also those that were deleted; by name, which must be written as it was, only the others. */
function find({ state, parameters }: Context): FakeProxy | undefined {
  const { proxy = "" } = parameters;
  return state.proxies.find((one) => one.id === proxy || (!one.deleted && one.name === proxy));
}

/** The primary has the deployment's id, and goes by its name, too. */
function isPrimary({ state, parameters }: Context): boolean {
  const { proxy = "" } = parameters;
  return proxy === "primary" || proxy === state.deploymentId;
}

function isTaken(state: FakeState, name: string, except?: FakeProxy): boolean {
  return state.proxies.some((one) =>
    one !== except && !one.deleted && one.name.toLowerCase() === name.toLowerCase()
  );
}

/** The 401 to a proxy's token that is no good. */
function refusal(state: FakeState, token: string): Reply | undefined {
  const refused = (detail = "") => refuse(401, "Invalid external proxy token", { detail });
  const [id = "", secret = "", ...rest] = token.split(":");
  if (token === "") return refuse(401, "Missing required external proxy token");
  if (rest.length > 0 || !z.guid().safeParse(id).success || secret.length !== 64) return refused();
  const proxy = state.proxies.find((one) => one.id === id);
  if (proxy === undefined) return refused("Proxy not found.");
  if (proxy.deleted) return refused("Proxy has been deleted.");
  return proxy.token === token ? undefined : refused("Invalid proxy token secret.");
}

const one = "/api/v2/workspaceproxies/{proxy}";

export const proxyRoutes: readonly FakeRoute[] = [
  {
    method: "GET",
    template: "/api/v2/workspaceproxies",
    feature: FEATURE,
    owner: true,
    handle: ({ state, settings }) => {
      const live = state.proxies.filter((proxy) => !proxy.deleted).map((proxy) => proxyJson(proxy, settings));
      return ok({ regions: [primary(state, settings), ...live] });
    },
  },
  {
    method: "POST",
    template: "/api/v2/workspaceproxies",
    feature: FEATURE,
    owner: true,
    body: z.strictObject({ name: z.string().min(1), display_name: z.string(), icon: z.string() }),
    handle: ({ state, settings, body }) => {
      if (body.name.toLowerCase() === "primary") {
        return refuse(400, `The name "primary" is reserved for the primary region.`, {
          detail: "Cannot name a workspace proxy 'primary'.",
          validations: [{ field: "name", detail: "Reserved name" }],
        });
      }
      if (isTaken(state, body.name)) {
        return refuse(409, `Workspace proxy with name "${body.name}" already exists.`);
      }
      const id = randomUUID();
      const proxy: FakeProxy = {
        id,
        name: body.name,
        display_name: body.display_name,
        icon_url: body.icon,
        deleted: false,
        created_at: state.time(),
        updated_at: state.time(),
        status: "unregistered",
        token: newToken(id),
      };
      state.proxies.push(proxy);
      return created({ proxy: proxyJson(proxy, settings), proxy_token: proxy.token });
    },
  },
  {
    method: "GET",
    template: one,
    feature: FEATURE,
    owner: true,
    handle: (context) => {
      if (isPrimary(context)) return ok(primary(context.state, context.settings));
      const proxy = find(context);
      return proxy === undefined ? notFound() : ok(proxyJson(proxy, context.settings));
    },
  },
  {
    method: "PATCH",
    template: one,
    feature: FEATURE,
    owner: true,
    body: z.strictObject({
      id: z.guid(),
      // "Required" means not empty here, unlike when creating one.
      name: z.string().min(1),
      display_name: z.string().min(1),
      icon: z.string().min(1),
      regenerate_token: z.boolean(),
    }),
    handle: (context) => {
      const { name, display_name, icon, regenerate_token } = context.body;
      if (isPrimary(context)) {
        if (name !== "primary") {
          const words = "Cannot update name of default primary proxy";
          return refuse(400, `${words}, did you mean to update the 'display name'?`, {
            validations: [{ field: "name", detail: words }],
          });
        }
        Object.assign(context.state.primaryFace, { display_name, icon_url: icon });
        return ok({ proxy: primary(context.state, context.settings), proxy_token: "" });
      }
      const proxy = find(context);
      if (proxy === undefined) return notFound();
      // coderd leaves that to its database here.
      if (!proxy.deleted && isTaken(context.state, name, proxy)) {
        const detail =
          `pq: duplicate key value violates unique constraint "workspace_proxies_lower_name_idx"`;
        return refuse(500, "An internal server error occurred.", { detail });
      }
      Object.assign(proxy, { name, display_name, icon_url: icon, updated_at: context.state.time() });
      if (regenerate_token) proxy.token = newToken(proxy.id);
      return ok({
        proxy: proxyJson(proxy, context.settings),
        proxy_token: regenerate_token ? proxy.token : "",
      });
    },
  },
  {
    method: "DELETE",
    template: one,
    feature: FEATURE,
    owner: true,
    handle: (context) => {
      if (isPrimary(context)) return refuse(400, "Cannot delete primary proxy");
      const proxy = find(context);
      if (proxy === undefined) return notFound();
      proxy.deleted = true;
      return ok({ message: "Proxy has been deleted!" });
    },
  },
  {
    method: "GET",
    template: "/api/v2/workspaceproxies/me/crypto-keys",
    feature: FEATURE,
    auth: "none",
    proxyToken: true,
    query: ["feature"],
    handle: ({ state, settings, headers }) => {
      if (settings.databaseAway) return refuse(500, "An internal server error occurred.");
      const token = headers["coder-external-proxy-token"];
      // Nothing of ours asks for the keys themselves.
      return refusal(state, typeof token === "string" ? token : "") ??
        refuse(400, "Missing key feature.", { detail: "feature is required" });
    },
  },
];
