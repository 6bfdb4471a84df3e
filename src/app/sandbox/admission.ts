/** Lets callers in at the coordinator: by tokens of a file, OIDC, a trusted proxy, or nobody has to prove anything. */
import { userInfo } from "node:os";
import {
  askedAuthorities,
  bearerTokenOf,
  createAuthenticator,
  type KubeUser,
  type RequestHeaderConfig,
} from "../../identity/mod.ts";
import { createOidcAuthenticator } from "../../identity/oidc.ts";
import { type ProtectedResource, protectedResource } from "../../identity/protected_resource.ts";
import { ownPortConfig } from "../../identity/trusted_proxy.ts";
import type { CallerMethod } from "../../caller/types.ts";
import { mcpCaller } from "../../mcp/caller/caller_id.ts";
import { refusingCluster } from "../../mcp/caller/refusing_cluster.ts";
import { noCoder } from "../../mcp/coder/mod.ts";
import type { Admission, Admit, Visitor } from "../../mcp/surface.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { admissionSettings } from "../mcp/admission_settings.ts";
import { ProxyAuthority } from "../mcp/proxy_authority.ts";
import { METHODS, NOBODY, refused } from "../mcp/refused.ts";
import type { CoordinatorConfig } from "./config.ts";
import { TokenFile } from "./token_file.ts";

export interface CoordinatorAdmission {
  readonly admit: Admit;
  readonly resource: ProtectedResource | undefined;
  /** See `McpAdmission`. */
  authorities(): string[];
  onAuthorities(listener: () => void): () => void;
}

/**
 * Makes it.
 * @throws `AdmissionConfigError` and `TokenFileError` where nobody could be let in, or everybody would be
 */
export async function coordinatorAdmission(
  config: CoordinatorConfig,
  { log, metrics }: { readonly log: Logger; readonly metrics: Metrics },
): Promise<CoordinatorAdmission> {
  const { auth, mcpUrl: url } = config;
  const { oidc, proxy, proxyCaFile, isOff } = admissionSettings({
    ...config,
    mcpBindAddress: config.bindAddress,
    mcpAuth: auth,
    mcpTokenAudience: [],
    mcpOidcGroupsPrefix: "",
    mcpImpersonate: false,
    mcpNamespaces: [],
  });
  if (isOff) return everybody();
  const tokens = auth.includes("token") ? await TokenFile.open({ path: tokenPath(config), log }) : undefined;
  const resource = oidc === undefined || url === undefined
    ? undefined
    : protectedResource({ url, issuer: oidc.issuer, scopes: oidc.scopes, name: "Sandbox sessions" });
  const proxies = proxy === undefined || proxyCaFile === undefined
    ? undefined
    : new ProxyAuthority({ first: proxy, file: proxyCaFile, log });
  const certificates = ownPortConfig({
    get proxy(): RequestHeaderConfig | undefined {
      return proxies?.current ?? proxy;
    },
  });
  const authenticate = createAuthenticator({
    config: certificates,
    ...(tokens === undefined ? {} : {
      async reviewToken(token: string) {
        await tokens.look();
        const name = tokens.nameOf(token);
        return name === undefined ? undefined : userOf(name);
      },
    }),
    ...(oidc === undefined ? {} : { oidc: createOidcAuthenticator({ ...oidc, log }) }),
    log,
    metrics,
  });
  return {
    resource,
    async admit({ peer, rawHeaders }, signal) {
      void proxies?.look();
      const answer = await authenticate({ peer, rawHeaders }, signal);
      if (answer.kind === "refused") return refused(answer.refusal, resource);
      if (answer.kind === "anonymous") return refused(NOBODY, resource);
      return visit(answer.user, METHODS[answer.method]);
    },
    authorities: () => askedAuthorities(certificates.current),
    onAuthorities: (listener) => proxies?.subscribe(listener) ?? (() => {}),
  };
}

function tokenPath({ authTokenFile }: CoordinatorConfig): string {
  if (authTokenFile === undefined) throw new TypeError("--auth=token needs --auth-token-file");
  return authTokenFile;
}

/** Whoever reaches the port, or the process' own streams, is who has started it. */
export function everybody(): CoordinatorAdmission {
  const user = userOf(ownName());
  const one = visit(user, "process");
  return {
    resource: undefined,
    admit: ({ rawHeaders }) => {
      // Who says who they are wants to be told apart, and would not be.
      if (bearerTokenOf(rawHeaders) === undefined) return Promise.resolve(one);
      return Promise.resolve({
        refusal: {
          status: 401,
          message: "tokens mean nothing here: start with --auth=token and a file of them",
        },
      });
    },
    authorities: () => [],
    onAuthorities: () => () => {},
  };
}

const WHY = "this is the coordinator of sandbox sessions, which knows nothing of Kubernetes";

function visit(user: KubeUser, method: CallerMethod): Admission & { readonly visitor: Visitor } {
  return { visitor: { caller: mcpCaller(user, method), cluster: refusingCluster(WHY), coders: noCoder() } };
}

function userOf(name: string): KubeUser {
  return { name, groups: ["system:authenticated"], extra: {} };
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's uid may have no name.
    return "local";
  }
}
