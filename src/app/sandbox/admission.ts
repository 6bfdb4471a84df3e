/** Lets callers in at the coordinator: by tokens of a file or of Coder, OIDC, a trusted proxy, or without any proof. */
import { createHash } from "node:crypto";
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
import type { CallerCoders, CallerMethod } from "../../caller/types.ts";
import { mcpCaller } from "../../mcp/caller/caller_id.ts";
import { refusingCluster } from "../../mcp/caller/refusing_cluster.ts";
import { noCoder, ownCoder } from "../../mcp/coder/mod.ts";
import type { Admission, Admit, Visitor } from "../../mcp/surface.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Redactor } from "../../telemetry/redactor.ts";
import { AdmissionConfigError, admissionSettings } from "../mcp/admission_settings.ts";
import { ProxyAuthority } from "../mcp/proxy_authority.ts";
import { METHODS, NOBODY, refused } from "../mcp/refused.ts";
import { givenSessionToken } from "../session_token.ts";
import { CODER_PREFIX, createCoderCallers } from "./coder_callers.ts";
import type { CoderWay } from "./coder_way.ts";
import type { CoordinatorConfig } from "./config.ts";
import { TokenFile } from "./token_file.ts";

export interface CoordinatorAdmission {
  readonly admit: Admit;
  readonly resource: ProtectedResource | undefined;
  /** See `McpAdmission`. */
  authorities(): string[];
  onAuthorities(listener: () => void): () => void;
}

export interface AdmissionContext {
  /** See `openCoderWay`. */
  readonly coder: CoderWay | undefined;
  readonly redactor: Pick<Redactor, "add">;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * Makes it.
 * @throws `AdmissionConfigError` and `TokenFileError` where nobody could be let in, or everybody would be
 */
export async function coordinatorAdmission(
  config: CoordinatorConfig,
  context: AdmissionContext,
): Promise<CoordinatorAdmission> {
  const { log, metrics } = context;
  const { auth, mcpUrl: url } = config;
  const { oidc, proxy, proxyCaFile, isOff } = settingsOf(config);
  if (isOff) return everybody(await ownCoders(config, context));
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
  const coder = auth.includes("coder") ? neededWay(context) : undefined;
  const callers = coder === undefined ? undefined : createCoderCallers({
    client: (token) => coder.client(token),
    keepSecret: (token) => context.redactor.add(token),
    log,
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
    ...(callers === undefined ? {} : {
      coder: {
        ...callers,
        // A token of the file may look like one of Coder's.
        isFor: (token) => tokens?.nameOf(token) === undefined && callers.isFor(token),
      },
    }),
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
      const { user, method } = answer;
      if (method !== "coder") {
        // Whoever names them must not hand out what Coder's users are called by.
        if (callers !== undefined && user.name.startsWith(CODER_PREFIX)) return refused(FOREIGN, resource);
        return visit(user, METHODS[method], noCoder(coder === undefined ? NO_CODER : NOT_BY_CODER));
      }
      const token = bearerTokenOf(rawHeaders);
      if (coder === undefined || token === undefined) throw new TypeError("nobody comes by Coder without it");
      const name = user.name.slice(CODER_PREFIX.length);
      // One token may have fewer rights than another of the same user: what Coder says of one is not believed of the other.
      const credential = createHash("sha256").update(token).digest("base64url");
      return visit(user, "coder", ownCoder({ client: coder.client(token), user: name, credential }));
    },
    authorities: () => askedAuthorities(certificates.current),
    onAuthorities: (listener) => proxies?.subscribe(listener) ?? (() => {}),
  };
}

const FOREIGN = {
  code: 403,
  message:
    `names that begin with ${CODER_PREFIX} are those of Coder's users, who come with a Coder session token`,
} as const;
const NO_CODER =
  "this coordinator lets nobody in by Coder, so there is no way to Coder as you: it must be started with --auth=coder and " +
  "--coder-url";
const NOT_BY_CODER =
  "you have not come in by Coder, so there is no way to Coder as you: come with a Coder session token (coder tokens create) " +
  "as the bearer token";

function settingsOf(config: CoordinatorConfig): ReturnType<typeof admissionSettings> {
  const ways = config.auth.filter((way) => way !== "coder");
  if (ways.includes("off") && config.auth.length > ways.length) {
    throw new AdmissionConfigError("--auth: off cannot be combined with other ways");
  }
  // Coder needs nothing of what the others are set up with.
  if (ways.length === 0 && config.auth.length > 0) {
    return { isOff: false, x509: false, impersonate: false, namespaces: [] };
  }
  return admissionSettings({
    ...config,
    mcpBindAddress: config.bindAddress,
    mcpAuth: ways,
    mcpTokenAudience: [],
    mcpOidcGroupsPrefix: "",
    mcpImpersonate: false,
    mcpNamespaces: [],
  });
}

function neededWay({ coder }: AdmissionContext): CoderWay {
  if (coder === undefined) throw new AdmissionConfigError("--auth=coder needs --coder-url");
  return coder;
}

/** Coder as the one who has started this process, with the token that they have given. Rejects where its file is of no use. */
export async function ownCoders(
  config: Pick<CoordinatorConfig, "coderSessionToken" | "coderSessionTokenFile">,
  { coder, redactor }: Pick<AdmissionContext, "coder" | "redactor">,
): Promise<CallerCoders> {
  const token = await givenSessionToken(config);
  if (token !== undefined) redactor.add(token);
  return coder === undefined || token === undefined ? noCoder() : ownCoder({ client: coder.client(token) });
}

function tokenPath({ authTokenFile }: CoordinatorConfig): string {
  if (authTokenFile === undefined) throw new TypeError("--auth=token needs --auth-token-file");
  return authTokenFile;
}

/** Whoever reaches the port, or the process' own streams, is who has started it. */
export function everybody(coders: CallerCoders = noCoder()): CoordinatorAdmission {
  const user = userOf(ownName());
  const one = visit(user, "process", coders);
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

function visit(
  user: KubeUser,
  method: CallerMethod,
  coders: CallerCoders,
): Admission & { readonly visitor: Visitor } {
  return { visitor: { caller: mcpCaller(user, method), cluster: refusingCluster(WHY), coders } };
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
