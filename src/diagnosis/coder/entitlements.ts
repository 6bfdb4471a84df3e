/** What Coder's licences allow. Enterprise builds alone have these routes. */
import { z } from "zod";
import type { EntitlementFacts } from "../coder_facts.ts";
import type { CoderReader } from "../look.ts";
import { flag, list, text } from "./lenient.ts";

const featureSchema = z.object({ entitlement: text, enabled: flag });
const words = list(z.string());

const entitlementsSchema = z.object({
  has_license: flag,
  trial: flag,
  features: z.record(z.string(), z.unknown()).catch({}).transform((features) =>
    Object.fromEntries(
      Object.entries(features).flatMap(([name, feature]) => {
        const { success, data } = featureSchema.safeParse(feature);
        return success ? [[name, data] as const] : [];
      }),
    )
  ),
  errors: words,
  warnings: words,
});

const licenceSchema = z.object({
  claims: z.object({
    license_expires: z.number().optional().catch(undefined),
    exp: z.number().optional().catch(undefined),
  }),
});

/** What is allowed, in one request; when licences end is none of it. */
export async function readEntitlements(coder: CoderReader): Promise<EntitlementFacts> {
  const { has_license, ...rest } = await coder.get({
    route: "/api/v2/entitlements",
    answer: entitlementsSchema,
  });
  return { ...rest, hasLicense: has_license, expiries: [] };
}

/** When licences end, RFC 3339. Coder lists them for site owners alone, and nothing for others. */
export async function readExpiries(coder: CoderReader): Promise<readonly string[]> {
  const licences = await coder.get({ route: "/api/v2/licenses", answer: list(licenceSchema) });
  return licences.flatMap(({ claims }) => {
    const end = new Date((claims.license_expires ?? claims.exp ?? NaN) * 1_000);
    return Number.isNaN(end.getTime()) ? [] : [end.toISOString().replace(/\.\d+/, "")];
  });
}
