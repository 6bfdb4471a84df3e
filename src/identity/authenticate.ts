/** Who is calling: the front proxy's word, a client certificate, a bearer token, or nobody. */
import { type Clock, systemClock } from "../kube/clock.ts";
import { type Logger, silentLogger } from "../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../telemetry/metrics.ts";
import { type CertificateHolder, createVerifier, type PeerCertificates } from "./certificates.ts";
import { HeaderTextError, type HeaderValues, headerValues, userFromHeaders } from "./identity_headers.ts";
import { occasionally } from "./occasional.ts";
import type { OidcAuthenticator } from "./oidc.ts";
import { forbidden, type Refusal, unauthorized, unavailable } from "./refusal.ts";
import type { RequestHeaderConfig } from "./request_header.ts";
import type { AuthenticationConfigSource } from "./request_header_watch.ts";
import { reviewFailure } from "./review_failure.ts";
import type { TokenReviewer } from "./token_review.ts";
import { ANONYMOUS, type AuthenticationMethod, type KubeUser, withAuthenticatedGroup } from "./user.ts";

/** What of a request tells who is calling. */
export interface Caller {
  /** See {@linkcode peerCertificates}; undefined where no certificate was shown. */
  readonly peer: PeerCertificates | undefined;
  /** `IncomingMessage.rawHeaders`: names and values in turn, repeated headers one by one. */
  readonly rawHeaders: readonly string[];
}

/** Somebody, nobody in particular, or somebody whose proof is not accepted. */
export type Authentication =
  | { readonly kind: "user"; readonly user: KubeUser; readonly method: AuthenticationMethod }
  | { readonly kind: "anonymous"; readonly user: KubeUser }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Rejects only with the reason of `signal`. */
export type Authenticator = (caller: Caller, signal?: AbortSignal) => Promise<Authentication>;

export interface AuthenticatorOptions {
  config: Pick<AuthenticationConfigSource, "current" | "hasSynced">;
  /** Bearer tokens of Kubernetes. Absent: they are not taken. */
  reviewToken?: TokenReviewer;
  /** Bearer tokens that name its issuer go there, and nowhere else. */
  oidc?: OidcAuthenticator;
  /** The same of Coder's session tokens. */
  coder?: OidcAuthenticator;
  clock?: Clock;
  log?: Logger;
  metrics?: Metrics;
}

/** One way of proving who one is: a user, nothing to go by, or a proof that failed. */
type Attempt =
  | { user: KubeUser; method: AuthenticationMethod }
  | { refusal: Refusal }
  | undefined;

/** The key under which Kubernetes keeps which certificate a user came with. */
const CREDENTIAL_ID = "authentication.kubernetes.io/credential-id";

/**
 * Tries, in this order, the front proxy's headers, the client certificate and the bearer token; the first that proves
 * somebody wins. Where none does and one was tried, the request is refused, never anonymous.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { config, reviewToken, oidc, coder, clock = systemClock, log = silentLogger, metrics = noMetrics } =
    options;
  const verify = createVerifier(() => clock.wallTime());
  const mayLog = occasionally(clock);
  const results = metrics.counter(
    "coder_k8s_authentications_total",
    "Requests to the aggregated API and MCP servers, by how the caller proved who they are and what came of it.",
    ["method", "result"],
  );

  async function byCertificate(peer: PeerCertificates, headers: HeaderValues): Promise<Attempt[]> {
    if (!config.hasSynced) {
      return [{ refusal: unavailable("client certificates cannot be checked yet; try again") }];
    }
    // Only a first hurdle, see `PeerCertificates`: what counts is verified below, for one authority at a time.
    if (!peer.authorized) {
      const refusal = unauthorized("the client certificate was not accepted: no trusted authority signed it");
      return [{ refusal: { ...refusal, closeConnection: true } }];
    }
    const { clientCa, requestHeader } = config.current;
    const attempts: Attempt[] = [];
    if (requestHeader !== undefined) attempts.push(await byFrontProxy(peer, requestHeader, headers));
    if (attempts.some(isUser) || clientCa === undefined) return attempts;
    const verification = await verify(peer, clientCa);
    if (!verification.verified) return [...attempts, { refusal: unauthorized(verification.why) }];
    const user = userOf(verification.holder);
    return [...attempts, user === undefined ? undefined : { user, method: "x509" }];
  }

  async function byFrontProxy(
    peer: PeerCertificates,
    requestHeader: RequestHeaderConfig,
    headers: HeaderValues,
  ): Promise<Attempt> {
    const verification = await verify(peer, requestHeader.ca);
    if (!verification.verified) return { refusal: unauthorized(verification.why) };
    const { allowedNames } = requestHeader;
    const { commonName } = verification.holder;
    if (allowedNames.length > 0 && (commonName === undefined || !allowedNames.includes(commonName))) {
      return { refusal: unauthorized("the client certificate's name is not that of the front proxy") };
    }
    try {
      const user = userFromHeaders(headers, requestHeader);
      return user && { user, method: "requestheader" };
    } catch (error) {
      if (error instanceof HeaderTextError) return { refusal: unauthorized(error.message) };
      throw error;
    }
  }

  async function byToken(token: string, signal: AbortSignal | undefined): Promise<Attempt> {
    for (const [method, way] of [["oidc", oidc], ["coder", coder]] as const) {
      if (way?.isFor(token) !== true) continue;
      const answer = await way.authenticate(token, signal);
      return "user" in answer ? { user: answer.user, method } : answer;
    }
    if (reviewToken === undefined) {
      const why = oidc === undefined && coder === undefined
        ? "bearer tokens are not taken here"
        : coder === undefined
        ? "the bearer token is of another issuer"
        : "the bearer token is no session token of Coder";
      return { refusal: { ...unauthorized(why), oauth: { error: "invalid_token" } } };
    }
    try {
      const user = await reviewToken(token, signal);
      if (user === undefined) {
        return {
          refusal: { ...unauthorized("the bearer token is not valid"), oauth: { error: "invalid_token" } },
        };
      }
      return { user, method: "token" };
    } catch (error) {
      signal?.throwIfAborted();
      const refusal = reviewFailure("TokenReview", "Whose the bearer token is cannot be found out", error);
      if (mayLog(refusal.message)) log.warn("a bearer token could not be reviewed", { error });
      return { refusal };
    }
  }

  /** Attempts that failed, none of which another made good. */
  function refuse(attempts: readonly Attempt[], headers: HeaderValues): Authentication {
    const refusals = attempts.flatMap((attempt) => attempt && "refusal" in attempt ? [attempt.refusal] : []);
    const [first] = refusals;
    if (first === undefined) return { kind: "anonymous", user: ANONYMOUS };
    const claims = config.current.requestHeader?.usernameHeaders.some((name) => headers.has(name));
    if (claims && mayLog(first.message)) {
      log.warn(
        "a caller that says who others are was refused; if it is the Kubernetes API server, compare its " +
          "--proxy-client-cert-file with requestheader-client-ca-file of the authentication ConfigMap",
        { why: first.message },
      );
    }
    // What could not be checked says more than what was checked and failed: it may have been good.
    const refusal = refusals.find(({ code }) => code >= 500) ?? refusals.at(-1) ?? first;
    const closes = refusals.some(({ closeConnection }) => closeConnection);
    return { kind: "refused", refusal: closes ? { ...refusal, closeConnection: true } : refusal };
  }

  async function authenticate(caller: Caller, signal?: AbortSignal): Promise<Authentication> {
    const headers = headerValues(caller.rawHeaders);
    const impersonation = [...headers.keys()].find((name) => name.startsWith("impersonate-"));
    if (impersonation !== undefined) {
      return {
        kind: "refused",
        refusal: forbidden(
          "this server does not impersonate: ask through the Kubernetes API server, which does (remove the header " +
            `${impersonation})`,
        ),
      };
    }
    const attempts = caller.peer === undefined ? [] : await byCertificate(caller.peer, headers);
    const token = attempts.some(isUser) ? undefined : bearerToken(headers);
    if (token !== undefined) attempts.push(await byToken(token, signal));
    const found = attempts.find(isUser);
    if (found === undefined) return refuse(attempts, headers);
    return { kind: "user", user: withAuthenticatedGroup(found.user), method: found.method };
  }

  return async (caller, signal) => {
    const answer = await authenticate(caller, signal);
    results.inc({
      method: answer.kind === "user" ? answer.method : "none",
      result: answer.kind === "refused" ? String(answer.refusal.code) : answer.kind,
    });
    return answer;
  };
}

function isUser(attempt: Attempt): attempt is { user: KubeUser; method: AuthenticationMethod } {
  return attempt !== undefined && "user" in attempt;
}

/** As the API server makes users of certificates: CN is the name, each O a group. No name, no user. */
function userOf(holder: CertificateHolder): KubeUser | undefined {
  const { commonName, organizations, uid, fingerprint } = holder;
  if (commonName === undefined || commonName === "") return undefined;
  return {
    name: commonName,
    ...(uid === undefined ? {} : { uid }),
    groups: organizations,
    extra: { [CREDENTIAL_ID]: [`X509SHA256=${fingerprint}`] },
  };
}

/** The token of the first `Authorization` header, where its scheme is Bearer and it is not empty. */
function bearerToken(headers: HeaderValues): string | undefined {
  const value = headers.get("authorization")?.[0]?.trim() ?? "";
  const [scheme = "", token = ""] = value.split(" ", 3);
  return scheme.toLowerCase() === "bearer" && token !== "" ? token : undefined;
}

/** The same of `IncomingMessage.rawHeaders`; undefined where there is none. */
export function bearerTokenOf(rawHeaders: readonly string[]): string | undefined {
  return bearerToken(headerValues(rawHeaders));
}
