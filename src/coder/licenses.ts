/** Licences and what they entitle to. Enterprise builds alone have these routes. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { listOf, nonEmpty, optionalFlag, timestamp } from "./schema_parts.ts";
import { wasThere } from "./users.ts";

export const licenseSchema = z.object({
  id: z.number().int(),
  /** Equal to the `jti` of the licence's own claims; random where they have none. */
  uuid: z.string(),
  uploaded_at: timestamp,
  /** What the licence says; the licence itself is never given back. */
  claims: z.looseObject({}),
});
export type License = z.infer<typeof licenseSchema>;

const featureSchema = z.object({
  /** `entitled`, `grace_period` or `not_entitled`. */
  entitlement: z.string(),
  enabled: optionalFlag,
  limit: z.number().nullish(),
  actual: z.number().nullish(),
});

export const entitlementsSchema = z.object({
  /** By name, such as `external_provisioner_daemons`. */
  features: z.record(z.string(), featureSchema),
  has_license: z.boolean(),
  trial: optionalFlag,
  warnings: listOf(z.string()),
  errors: listOf(z.string()),
  refreshed_at: timestamp.optional(),
});
export type Entitlements = z.infer<typeof entitlementsSchema>;

export interface LicenseCalls {
  /** `isUnsupported` on builds that know no licences; empty for users who may not see them. */
  list(options?: CallOptions): Promise<License[]>;
  /**
   * Adds a licence. Invalid where it is no licence, or not for this deployment; conflict where this very text is there
   * already. List first: a licence whose addition failed may have been stored, and another text with the same `jti`
   * would be stored beside it.
   */
  add(license: string, options?: CallOptions): Promise<License>;
  /** False where it was gone already. */
  delete(id: number, options?: CallOptions): Promise<boolean>;
  /** Makes all replicas read the licences again. Invalid, with a time to wait, within a minute of the last time. */
  refresh(options?: CallOptions): Promise<void>;
  /** Coder 2.30 asks for no token and answers from memory, so also while its database is away. */
  entitlements(options?: CallOptions): Promise<Entitlements>;
}

export function licenseCalls(call: Call): LicenseCalls {
  return {
    list: (options) =>
      call({ method: "GET", route: "/api/v2/licenses", answer: listOf(licenseSchema) }, options),
    add: (license, options) =>
      call({
        method: "POST",
        route: "/api/v2/licenses",
        body: { license: license.trim() },
        secrets: [license],
        answer: licenseSchema,
      }, options),
    delete: (id, options) =>
      wasThere(
        call({ method: "DELETE", route: "/api/v2/licenses/{id}", parameters: { id: String(id) } }, options),
      ),
    refresh: (options) => call({ method: "POST", route: "/api/v2/licenses/refresh-entitlements" }, options),
    entitlements: (options) =>
      call({
        method: "GET",
        route: "/api/v2/entitlements",
        answer: entitlementsSchema,
        signedIn: "ifAny",
      }, options),
  };
}

const claimsSchema = z.looseObject({
  jti: nonEmpty.optional(),
  /** Seconds since 1970. */
  exp: z.number().optional(),
  license_expires: z.number().optional(),
});
export type LicenseClaims = z.infer<typeof claimsSchema>;

/**
 * What a licence says about itself, unverified: enough to recognise it in a list (`jti` is `License.uuid`). Undefined
 * where it is not a JSON web token.
 */
export function readLicenseClaims(license: string): LicenseClaims | undefined {
  const payload = license.trim().split(".");
  if (payload.length !== 3) return undefined;
  try {
    const bytes = Uint8Array.fromBase64(payload[1] ?? "", { alphabet: "base64url" });
    return claimsSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
  } catch {
    return undefined;
  }
}
