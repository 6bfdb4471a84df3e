/** Lets callers in at the MCP server, and gives each of them Kubernetes as themselves. */
import { z } from "zod";
import {
  askedAuthorities,
  type AuthenticationConfigSource,
  type Authorizer,
  bearerTokenOf,
  createAuthenticator,
  createTokenReviewer,
  type KubeUser,
} from "../../identity/mod.ts";
import { ImpersonationError, impersonationHeaders, objectionTo } from "../../identity/impersonation.ts";
import { createOidcAuthenticator } from "../../identity/oidc.ts";
import { type ProtectedResource, protectedResource } from "../../identity/protected_resource.ts";
import { ownPortConfig } from "../../identity/trusted_proxy.ts";
import type { RestClient } from "../../kube/rest/rest_client.ts";
import { mcpCaller } from "../../mcp/caller/caller_id.ts";
import { clientCluster } from "../../mcp/caller/client_cluster.ts";
import { limitedCluster } from "../../mcp/caller/limited_cluster.ts";
import { type LocalClusterOptions, localClusters } from "../../mcp/caller/local_cluster.ts";
import type { CallerCluster, CallerCoders, CallerMethod, McpCaller } from "../../caller/types.ts";
import type { Admission, Admit, Visitor } from "../../mcp/surface.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Redactor } from "../../telemetry/redactor.ts";
import type { AdmissionSettings } from "./admission_settings.ts";
import { METHODS, NOBODY, refused } from "./refused.ts";
import { ProxyAuthority } from "./proxy_authority.ts";
import { TokenMask } from "./token_mask.ts";

export interface AdmissionOptions extends Pick<LocalClusterOptions, "cached" | "served"> {
  readonly settings: AdmissionSettings;
  /** Where clients reach the endpoint; needed for OIDC. */
  readonly url?: string | undefined;
  /** Ours. Connections are made beside it, without its limit. */
  readonly client: RestClient;
  readonly authorize: Authorizer;
  /** Whose certificates are the cluster's users'. Needed for `x509`; whoever made it runs it. */
  readonly authentication?: AuthenticationConfigSource | undefined;
  /** Coder as a caller. */
  readonly coders: (caller: McpCaller, cluster: CallerCluster) => CallerCoders;
  readonly redactor: Pick<Redactor, "add">;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface McpAdmission {
  readonly admit: Admit;
  /** What OAuth clients are told, where OIDC is on. */
  readonly resource: ProtectedResource | undefined;
  /** Authorities that TLS must ask clients for, PEM; none: no certificates are asked for. */
  authorities(): string[];
  /** Calls `listener` when these change. Returns the function that ends the subscription. */
  onAuthorities(listener: () => void): () => void;
  /** Closes connections, and forgets tokens. */
  close(): void;
}

/** Connections for calls of all callers: one of them who reads much keeps few others waiting. */
const MAX_SOCKETS = 128;

const HOW_TO_PASS =
  "send a Kubernetes token that the API server takes, or have an administrator turn on --mcp-impersonate (with " +
  "deploy/components/mcp-impersonation/rbac.yaml)";

/** Makes it; nothing is asked before the first caller. */
export function createAdmission(options: AdmissionOptions): McpAdmission {
  const { settings, authentication, url, log, metrics } = options;
  const { tokens, oidc, proxy, proxyCaFile, x509, impersonate, namespaces } = settings;
  // Whoever sends tokens, good or not, must not keep others waiting for what they may do.
  const reviews = options.client.separate();
  const ours = options.client.separate({ transport: { maxSockets: MAX_SOCKETS } });
  const nobody = options.client.nobody({ transport: { maxSockets: MAX_SOCKETS } });
  const mask = new TokenMask({ redactor: options.redactor });
  const clusters = localClusters(options);
  const resource = oidc === undefined || url === undefined
    ? undefined
    : protectedResource({ url, issuer: oidc.issuer, scopes: oidc.scopes, name: "Coder on Kubernetes" });
  const proxies = proxy === undefined || proxyCaFile === undefined
    ? undefined
    : new ProxyAuthority({ first: proxy, file: proxyCaFile, log });
  const certificates = ownPortConfig({
    get proxy() {
      return proxies?.current ?? proxy;
    },
    cluster: x509 ? authentication : undefined,
  });
  const review = (audiences: readonly string[]) =>
    createTokenReviewer({ client: reviews, ...(audiences.length === 0 ? {} : { audiences }) });
  const authenticate = createAuthenticator({
    config: certificates,
    ...(tokens === undefined ? {} : { reviewToken: review(tokens.audiences) }),
    ...(oidc === undefined ? {} : { oidc: createOidcAuthenticator({ ...oidc, log }) }),
    log,
    metrics,
  });
  /** Undefined: every token that is let in is one for the API server. */
  const reviewForApiServer = tokens === undefined || tokens.audiences.length === 0 ? undefined : review([]);

  function visit(
    user: KubeUser,
    method: CallerMethod,
    direct: CallerCluster | { refusal: string },
  ): Admission {
    const caller = mcpCaller(user, method);
    const cluster = limitedCluster(clusters(user, direct), namespaces);
    const visitor: Visitor = { caller, cluster, coders: options.coders(caller, cluster) };
    return { visitor };
  }

  /** The API server as somebody who has no token for it. */
  function impersonated(user: KubeUser): CallerCluster | { refusal: string } {
    if (!impersonate) {
      return { refusal: `the API server does not know you by how you have come in; ${HOW_TO_PASS}` };
    }
    try {
      return clientCluster(ours.as(impersonationHeaders(user)));
    } catch (error) {
      if (error instanceof ImpersonationError) return { refusal: error.message };
      throw error;
    }
  }

  async function directOf(
    user: KubeUser,
    method: CallerMethod,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<CallerCluster | { refusal: string }> {
    if (method !== "token" || token === undefined) return impersonated(user);
    mask.use(token);
    if (reviewForApiServer !== undefined && await reviewForApiServer(token, signal) === undefined) {
      return impersonated(user);
    }
    return clientCluster(nobody.as({ authorization: `Bearer ${token}` }));
  }

  let own: Promise<KubeUser> | undefined;
  async function asProcess(): Promise<Admission> {
    own ??= whoWeAre(reviews);
    try {
      return visit(await own, "process", clientCluster(ours));
    } catch (error) {
      own = undefined;
      log.warn("who this process is cannot be found out", { error });
      return {
        refusal: { status: 503, message: "the Kubernetes API server does not say who this process is" },
      };
    }
  }

  return {
    async admit({ peer, rawHeaders }, signal) {
      if (settings.isOff) return await asProcess();
      void proxies?.look();
      const answer = await authenticate({ peer, rawHeaders }, signal);
      if (answer.kind === "refused") return refused(answer.refusal, resource);
      if (answer.kind === "anonymous") return refused(NOBODY, resource);
      const { user } = answer;
      const method = METHODS[answer.method];
      // Whom the API server has not named itself must not be one of the system's.
      const objection = method === "proxy" ? objectionTo(user) : undefined;
      if (objection !== undefined) {
        return { refusal: { status: 403, message: `this user is not let in: ${objection}` } };
      }
      try {
        return visit(user, method, await directOf(user, method, bearerTokenOf(rawHeaders), signal));
      } catch (error) {
        signal.throwIfAborted();
        log.warn("how a caller is known to the API server cannot be found out", { error });
        return {
          refusal: { status: 503, message: "the Kubernetes API server does not answer now: try again" },
        };
      }
    },
    resource,
    authorities: () => askedAuthorities(certificates.current),
    onAuthorities(listener) {
      const ends = [proxies?.subscribe(listener), x509 ? authentication?.subscribe(listener) : undefined];
      return () => ends.forEach((end) => end?.());
    },
    close() {
      mask.clear();
      nobody.close();
      ours.close();
      reviews.close();
    },
  };
}

const selfSchema = z.object({
  status: z.object({
    userInfo: z.object({
      username: z.string().min(1),
      uid: z.string().optional(),
      groups: z.array(z.string()).nullish(),
      extra: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
    }),
  }),
});

async function whoWeAre(client: Pick<RestClient, "raw">): Promise<KubeUser> {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const answer = await client.raw("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
    body: review,
  });
  const { username, uid, groups, extra } = selfSchema.parse(answer).status.userInfo;
  return {
    name: username,
    ...(uid === undefined || uid === "" ? {} : { uid }),
    groups: groups ?? [],
    extra: Object.fromEntries(Object.entries(extra ?? {}).map(([key, values]) => [key, values ?? []])),
  };
}
