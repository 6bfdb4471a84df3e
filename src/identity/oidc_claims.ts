/** Who the claims of a token speak of, by rules as kube-apiserver's flags have them. */
import type { JWTPayload } from "jose";
import { objectionTo } from "./impersonation.ts";
import type { KubeUser } from "./user.ts";

export interface OidcClaimRules {
  /** @default {"sub"} */
  readonly usernameClaim?: string | undefined;
  /** Comes before the name, such as `oidc:`. @default {""} */
  readonly usernamePrefix?: string | undefined;
  /** A text or a list of texts. @default none: nobody has groups */
  readonly groupsClaim?: string | undefined;
  /** @default {""} */
  readonly groupsPrefix?: string | undefined;
  /** Claims that must be there, with these values. */
  readonly requiredClaims?: Readonly<Record<string, string>> | undefined;
  /** Scopes that a token must have, in `scope` or `scp`. @default none */
  readonly scopes?: readonly string[] | undefined;
}

/** Claims that do not name anybody; the message is for the caller. */
export class ClaimError extends Error {
  override readonly name = "ClaimError";
}

/** The token is good, and not enough. */
export class ScopeError extends Error {
  override readonly name = "ScopeError";
}

/** @throws {ClaimError} where nobody is named; {@linkcode ScopeError} where scopes are missing */
export function userFromClaims(claims: JWTPayload, rules: OidcClaimRules): KubeUser {
  const { usernameClaim = "sub", usernamePrefix = "", groupsClaim, groupsPrefix = "" } = rules;
  for (const [name, value] of Object.entries(rules.requiredClaims ?? {})) {
    if (own(claims, name) !== value) throw new ClaimError(`the claim ${name} is not as it must be`);
  }
  const name = own(claims, usernameClaim);
  if (typeof name !== "string" || name === "") {
    throw new ClaimError(`there is no name in the claim ${usernameClaim}`);
  }
  const verified = own(claims, "email_verified");
  if (usernameClaim === "email" && verified !== undefined && verified !== true) {
    throw new ClaimError("the e-mail address is not verified");
  }
  const user: KubeUser = {
    name: `${usernamePrefix}${name}`,
    groups: groupsOf(claims, groupsClaim).map((group) => `${groupsPrefix}${group}`),
    extra: {},
  };
  const objection = objectionTo(user);
  if (objection !== undefined) throw new ClaimError(`this user is not let in: ${objection}`);
  const given = scopesOf(claims);
  const missing = (rules.scopes ?? []).filter((scope) => !given.includes(scope));
  if (missing.length > 0) throw new ScopeError(`the scope ${missing.join(" ")} is missing`);
  return user;
}

function groupsOf(claims: JWTPayload, claim: string | undefined): string[] {
  const value = claim === undefined ? undefined : own(claims, claim);
  if (value === undefined || value === null) return [];
  const groups = typeof value === "string" ? [value] : value;
  if (Array.isArray(groups) && groups.every((group) => typeof group === "string")) return groups;
  throw new ClaimError(`the claim ${claim} is no list of groups`);
}

/** RFC 8693 has a text, others a list, some under a name of their own. */
function scopesOf(claims: JWTPayload): string[] {
  return ["scope", "scp"].flatMap((claim) => {
    const value = own(claims, claim);
    if (typeof value === "string") return value.split(" ");
    return Array.isArray(value) ? value.map(String) : [];
  });
}

/** Claims may be called as properties that every object has. */
function own(claims: JWTPayload, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}
