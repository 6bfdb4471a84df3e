/** Licences as texts: their hashes, and which of Coder's entries one is. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../../kube/apply/canonical_json.ts";
import { type License, readLicenseClaims } from "../../../coder/mod.ts";

/** SHA-256 in hexadecimal: `status.licenseLastAppliedHash` of a licence without white space around it. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Claims that tell two texts with one identity apart. */
const TERMS = ["iat", "nbf", "exp", "license_expires", "feature_set", "features", "addons"];

/**
 * The entry of Coder that holds `license`; undefined where there is none. Coder never gives a licence back, only what it
 * claims: its identity (`jti`) and terms. A licence without an identity is known by all its claims.
 */
export function findLicense(listed: readonly License[], license: string): License | undefined {
  const claims = readLicenseClaims(license);
  if (claims === undefined) return undefined;
  const identity = claims.jti?.toLowerCase();
  return listed.find((entry) => {
    if (identity === undefined) return canonicalJson(entry.claims) === canonicalJson(claims);
    if (entry.uuid.toLowerCase() !== identity) return false;
    return TERMS.every((term) =>
      entry.claims[term] === undefined || canonicalJson(entry.claims[term]) === canonicalJson(claims[term])
    );
  });
}
