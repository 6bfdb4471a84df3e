/** Workspace proxies. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { CoderApiError } from "./errors.ts";
import { listOf, nonEmpty, optionalFlag, optionalText, realId, timestamp } from "./schema_parts.ts";
import { orUndefined, wasThere } from "./users.ts";

export const workspaceProxySchema = z.object({
  id: realId,
  name: nonEmpty,
  display_name: optionalText,
  icon_url: optionalText,
  healthy: optionalFlag,
  path_app_url: optionalText,
  wildcard_hostname: optionalText,
  derp_enabled: optionalFlag,
  derp_only: optionalFlag,
  version: optionalText,
  deleted: optionalFlag,
  created_at: timestamp.optional(),
  updated_at: timestamp.optional(),
  status: z.object({
    /** `ok`, `unreachable`, `unhealthy` or `unregistered`. */
    status: optionalText,
    report: z.object({ errors: listOf(z.string()), warnings: listOf(z.string()) }).nullish(),
    checked_at: timestamp.nullish(),
  }).nullish(),
});
export type WorkspaceProxy = z.infer<typeof workspaceProxySchema>;

const regionsSchema = z.object({ regions: listOf(workspaceProxySchema) }).transform(({ regions }) => regions);
const newProxySchema = z.object({ proxy: workspaceProxySchema, proxy_token: nonEmpty })
  .transform(({ proxy, proxy_token }) => ({ proxy, proxyToken: proxy_token }));
const changedProxySchema = z.object({ proxy: workspaceProxySchema, proxy_token: z.string().nullish() })
  .transform(({ proxy, proxy_token }) => ({ proxy, proxyToken: proxy_token || undefined }));

/** What a proxy is called and looks like. */
export interface ProxyFace {
  name: string;
  displayName: string;
  /** URL of the icon; may be empty. */
  icon: string;
}

export interface WorkspaceProxyCalls {
  /** The primary (coderd itself) first. */
  list(options?: CallOptions): Promise<WorkspaceProxy[]>;
  /** By id or name. By its id, one that was deleted is found, too. */
  get(proxy: string, options?: CallOptions): Promise<WorkspaceProxy>;
  find(proxy: string, options?: CallOptions): Promise<WorkspaceProxy | undefined>;
  /** Registers a proxy; its token is shown this once. Conflict where the name is taken. */
  create(face: ProxyFace, options?: CallOptions): Promise<{ proxy: WorkspaceProxy; proxyToken: string }>;
  /**
   * Sets all three, which must not be empty: Coder refuses that here, though not in `create`. With `regenerateToken` the
   * running proxy's token stops working, and the new one comes back.
   */
  update(
    id: string,
    face: ProxyFace & { regenerateToken?: boolean },
    options?: CallOptions,
  ): Promise<{ proxy: WorkspaceProxy; proxyToken: string | undefined }>;
  /** False where it was gone already. A proxy that was deleted before is found by its id, and deleted once more. */
  delete(proxy: string, options?: CallOptions): Promise<boolean>;
  /**
   * Whether Coder takes this token of a proxy. Nothing is changed by it. Throws where Coder says neither, as versions
   * before 2.18 do, which lack the route.
   */
  checkToken(proxyToken: string, options?: CallOptions): Promise<"accepted" | "refused">;
}

/** What proxies sign in with, in place of a session token. */
const TOKEN_HEADER = "Coder-External-Proxy-Token";

/** Asks for keys without naming any: Coder looks at the token first, and has nothing to give then. */
async function checkToken(call: Call, token: string, options?: CallOptions): Promise<"accepted" | "refused"> {
  // Coder makes no other ones, and no header can carry them.
  if (!/^[\x21-\x7e]+$/.test(token)) return "refused";
  try {
    await call({
      method: "GET",
      route: "/api/v2/workspaceproxies/me/crypto-keys",
      headers: { [TOKEN_HEADER]: token },
      secrets: [token],
      signedIn: false,
    }, options);
    return "accepted";
  } catch (error) {
    if (!(error instanceof CoderApiError)) throw error;
    if (error.kind === "invalid" && error.status === 400) return "accepted";
    if (error.status === 401 && /^Invalid external proxy token/i.test(error.coderMessage)) return "refused";
    throw error;
  }
}

export function workspaceProxyCalls(call: Call): WorkspaceProxyCalls {
  const route = "/api/v2/workspaceproxies/{proxy}";
  const get = (proxy: string, options?: CallOptions) =>
    call({ method: "GET", route, parameters: { proxy }, answer: workspaceProxySchema }, options);
  return {
    list: (options) =>
      call({ method: "GET", route: "/api/v2/workspaceproxies", answer: regionsSchema }, options),
    get,
    find: (proxy, options) => orUndefined(get(proxy, options)),
    create: ({ name, displayName, icon }, options) =>
      call({
        method: "POST",
        route: "/api/v2/workspaceproxies",
        body: { name, display_name: displayName, icon },
        answer: newProxySchema,
        bypassRateLimit: true,
      }, options),
    update: (id, { name, displayName, icon, regenerateToken = false }, options) =>
      call({
        method: "PATCH",
        route,
        parameters: { proxy: id },
        body: { id, name, display_name: displayName, icon, regenerate_token: regenerateToken },
        answer: changedProxySchema,
        bypassRateLimit: true,
      }, options),
    delete: (proxy, options) => wasThere(call({ method: "DELETE", route, parameters: { proxy } }, options)),
    checkToken: (proxyToken, options) => checkToken(call, proxyToken, options),
  };
}
