/** Bearer tokens of an OpenID Connect issuer: verified here, as an OAuth 2.1 resource server does it. */
import { createHash } from "node:crypto";
import { decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import { type Clock, systemClock } from "../kube/clock.ts";
import { type Logger, silentLogger } from "../telemetry/logger.ts";
import { ClaimError, type OidcClaimRules, ScopeError, userFromClaims } from "./oidc_claims.ts";
import { createFetchJson, type FetchJson, objectionToUrl, withoutSlash } from "./oidc_documents.ts";
import { NoKeysError, OidcKeys } from "./oidc_keys.ts";
import { type Refusal, unauthorized, unavailable } from "./refusal.ts";
import { ReviewMemory } from "./review_memory.ts";
import { type KubeUser, withAuthenticatedGroup } from "./user.ts";

/** Algorithms that may be accepted: those with public keys. */
export const OIDC_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;
export type OidcAlgorithm = (typeof OIDC_ALGORITHMS)[number];

export interface OidcOptions extends OidcClaimRules {
  /** As in the claim `iss`; a slash at the end makes no difference. https, or http on loopback. */
  readonly issuer: string;
  /** @default {as the issuer's discovery document says} */
  readonly jwksUrl?: string | undefined;
  /** Whom a token may be for; one must match, and there must be one. */
  readonly audiences: readonly string[];
  /** @default {all of OIDC_ALGORITHMS} */
  readonly algorithms?: readonly OidcAlgorithm[] | undefined;
  /** How much clocks may differ, in milliseconds. @default {30_000} */
  readonly clockSkewMs?: number | undefined;
  /** Certificates that the issuer's is verified with, PEM. @default {the system's} */
  readonly caPem?: string | undefined;
  /** Deadline of one request to the issuer, in milliseconds. @default {5_000} */
  readonly timeoutMs?: number | undefined;
  /** See `OidcKeysOptions`. @default {600_000} */
  readonly maxKeyAgeMs?: number | undefined;
  /** See `OidcKeysOptions`. @default {10_000} */
  readonly minKeyAgeMs?: number | undefined;
  /** @default {over HTTP} */
  readonly fetchJson?: FetchJson | undefined;
  readonly clock?: Clock | undefined;
  readonly log?: Logger | undefined;
}

/** Settings that must not be used; the message says what to do. */
export class OidcConfigError extends Error {
  override readonly name = "OidcConfigError";
}

export interface OidcAuthenticator {
  /** Whether a token says that it comes from the issuer. Nothing is verified. */
  isFor(token: string): boolean;
  /** Whose it is. Never rejects, except with the reason of `signal`. */
  authenticate(
    token: string,
    signal?: AbortSignal,
  ): Promise<{ readonly user: KubeUser } | { readonly refusal: Refusal }>;
}

/** A good token. */
interface Verified {
  readonly user: KubeUser;
  /** Milliseconds since 1970, the skew included. */
  readonly until: number;
}

/** Longer ones are nobody's. */
const MAX_TOKEN = 16 * 1024;

/** Makes it; nothing is asked before the first token. @throws {OidcConfigError} */
export function createOidcAuthenticator(options: OidcOptions): OidcAuthenticator {
  const { issuer, jwksUrl, audiences, algorithms = OIDC_ALGORITHMS, clockSkewMs = 30_000 } = options;
  const { clock = systemClock, log = silentLogger, caPem, timeoutMs } = options;
  for (const [what, url] of [["the issuer", issuer], ["the address of the keys", jwksUrl]]) {
    const objection = url === undefined ? undefined : objectionToUrl(url);
    if (objection !== undefined) throw new OidcConfigError(`${what} ${objection}`);
  }
  if (audiences.length === 0 || audiences.includes("")) {
    throw new OidcConfigError("there must be an audience");
  }
  const unknown = algorithms.filter((name) => !OIDC_ALGORITHMS.includes(name));
  if (unknown.length > 0 || algorithms.length === 0) {
    throw new OidcConfigError(`algorithms must be some of ${OIDC_ALGORITHMS.join(", ")}`);
  }
  const keys = new OidcKeys({
    issuer,
    jwksUrl,
    fetchJson: options.fetchJson ?? createFetchJson({ caPem, timeoutMs }),
    maxAgeMs: options.maxKeyAgeMs ?? 600_000,
    minAgeMs: options.minKeyAgeMs ?? 10_000,
    clock,
    log,
  });
  // Refusals are not kept: the key of a token may be published the moment after.
  const memory = new ReviewMemory<Verified>({ isGood: () => true, maxGood: 4_096, clock });

  async function verify(token: string): Promise<Verified> {
    const payload = await verified(token);
    const until = (payload.exp ?? 0) * 1_000 + clockSkewMs;
    return { user: withAuthenticatedGroup(userFromClaims(payload, options)), until };
  }

  async function verified(token: string): Promise<JWTPayload> {
    const rules = {
      algorithms: [...algorithms],
      audience: [...audiences],
      clockTolerance: clockSkewMs / 1_000,
      currentDate: new Date(clock.wallTime()),
      requiredClaims: ["exp", "iss", "aud"],
    };
    try {
      return check((await jwtVerify(token, keys.find, rules)).payload);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // A token that names no key, while several may have signed it.
      for await (const key of error) {
        try {
          return check((await jwtVerify(token, key, rules)).payload);
        } catch (again) {
          if (!(again instanceof errors.JWSSignatureVerificationFailed)) throw again;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }

  function check(payload: JWTPayload): JWTPayload {
    if (!isIssuer(payload.iss)) throw new ClaimError("it is of another issuer");
    return payload;
  }

  const isIssuer = (iss: unknown) => typeof iss === "string" && withoutSlash(iss) === withoutSlash(issuer);

  return {
    isFor(token) {
      if (token.length > MAX_TOKEN || token.split(".", 4).length !== 3) return false;
      try {
        return isIssuer(decodeJwt(token).iss);
      } catch {
        return false;
      }
    },
    async authenticate(token, signal) {
      try {
        const key = createHash("sha256").update(token).digest("base64");
        const { user, until } = await memory.answer(key, () => verify(token), signal);
        return clock.wallTime() < until ? { user } : { refusal: invalid("it has expired") };
      } catch (error) {
        signal?.throwIfAborted();
        return { refusal: refusalFor(error) };
      }
    },
  };

  function refusalFor(error: unknown): Refusal {
    if (error instanceof ScopeError) {
      const scope = (options.scopes ?? []).join(" ");
      return {
        code: 403,
        reason: "Forbidden",
        message: `the bearer token is not enough: ${error.message}`,
        oauth: { error: "insufficient_scope", scope },
      };
    }
    if (error instanceof ClaimError) return invalid(error.message);
    if (error instanceof errors.JOSEError) return invalid(wordsOf(error));
    if (!(error instanceof NoKeysError)) log.warn("a bearer token could not be verified", { error });
    return unavailable(
      "Whose the bearer token is cannot be found out: its issuer's keys cannot be had; try again",
      5,
    );
  }
}

function invalid(why: string): Refusal {
  return { ...unauthorized(`the bearer token is not valid: ${why}`), oauth: { error: "invalid_token" } };
}

/** In our words: those of the library may quote what a stranger has sent. */
function wordsOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "it has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    const known = ["aud", "exp", "iat", "iss", "nbf"];
    return known.includes(error.claim) ? `its claim ${error.claim} does not fit` : "a claim does not fit";
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "its algorithm is not accepted";
  if (error instanceof errors.JWKSNoMatchingKey) return "its issuer has no such key";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "its signature is wrong";
  return "it is malformed";
}
