/** The licence of a Coder deployment, and what it allows. */
import { z } from "zod";
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { type Entitlements, isUnsupported, type License } from "../../coder/mod.ts";
import { ToolError } from "../errors.ts";
import { nameInput, namespaceInput, readTool } from "../tool.ts";
import { askCoder } from "./coder_asking.ts";
import { getObject, target } from "./reading.ts";

/** What is allowed is told without the licences, too. */
const LIST_MS = 3_000;

const FEATURE = z.object({
  name: z.string(),
  entitlement: z.string(),
  enabled: z.boolean(),
  limit: z.number().optional(),
  actual: z.number().optional(),
});

const LICENCE = z.object({
  id: z.int(),
  uploadedAt: z.string(),
  expiresAt: z.string().optional(),
  featureSet: z.string().optional(),
  trial: z.boolean(),
});

const OUTPUT = z.object({
  source: z.enum(["coder", "status"]).describe("status: what the operator saw last"),
  tier: z.string(),
  checkedAt: z.string().optional(),
  externalProvisioners: z.string(),
  hasLicense: z.boolean().optional(),
  trial: z.boolean().optional(),
  features: z.array(FEATURE).optional(),
  licenses: z.array(LICENCE).optional(),
  messages: z.array(z.string()).optional().describe("Coder's own warnings and errors"),
});

/** `get_license_and_entitlements` */
export const getLicenseAndEntitlements = readTool({
  name: "get_license_and_entitlements",
  description: "Licence of a control plane's Coder and the features it allows",
  toolset: "platform",
  input: z.object({
    namespace: namespaceInput(),
    name: nameInput(),
    allFeatures: z.boolean().default(false).describe("Also those that are not entitled. Default: false"),
  }),
  output: OUTPUT,
  idempotent: true,
  async read({ allFeatures, ...input }, call) {
    const { key, text } = target(input);
    const what = "get the licence";
    const { status } = await getObject(call, CoderControlPlanes, key, `${what} of ${text}`);
    const known = {
      tier: status?.licenseTier ?? "unknown",
      checkedAt: status?.entitlementsLastChecked,
      externalProvisioners: status?.externalProvisionerDaemonsEntitlement ?? "unknown",
    };
    const need = { verb: "get", group: "coder.com", resource: "codercontrolplanes", ...key };
    try {
      const question = { namespace: key.namespace, controlPlane: key.name, need, what };
      const asked = await askCoder(call, question, ({ client: { licenses }, signal }) =>
        Promise.all([
          licenses.entitlements({ signal }),
          licenses.list({ signal, timeoutMs: LIST_MS }).catch((error: unknown) =>
            isUnsupported(error) ? [] : undefined
          ),
        ]));
      if (asked[1] === undefined) call.warn("the licences themselves could not be listed");
      return { source: "coder" as const, ...known, ...told(asked, allFeatures) };
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      call.warn(
        isUnsupported(error.cause)
          ? "this build of Coder knows no licences"
          : `this is what the operator saw last, for Coder told nothing: ${error.message}`,
      );
      return { source: "status" as const, ...known };
    }
  },
});

type Asked = readonly [entitlements: Entitlements, licenses: readonly License[] | undefined];

function told([entitlements, licenses]: Asked, allFeatures: boolean) {
  const features = Object.entries(entitlements.features)
    .filter(([, { entitlement }]) => allFeatures || entitlement !== "not_entitled")
    .map(([name, { entitlement, enabled, limit, actual }]) => ({
      name,
      entitlement,
      enabled,
      ...(limit === null || limit === undefined ? {} : { limit }),
      ...(actual === null || actual === undefined ? {} : { actual }),
    }))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  const messages = [...entitlements.errors, ...entitlements.warnings];
  return {
    checkedAt: entitlements.refreshed_at,
    externalProvisioners: entitlements.features["external_provisioner_daemons"]?.entitlement ?? "unknown",
    hasLicense: entitlements.has_license,
    trial: entitlements.trial,
    features,
    ...(licenses === undefined ? {} : { licenses: licenses.map(licenceOf) }),
    ...(messages.length === 0 ? {} : { messages }),
  };
}

/** What the claims say that somebody may need to know; not whose licence it is. */
function licenceOf({ id, uploaded_at, claims }: License): z.output<typeof LICENCE> {
  const { license_expires: expires, feature_set: set, trial } = claims;
  return {
    id,
    uploadedAt: uploaded_at,
    expiresAt: typeof expires === "number" && Number.isSafeInteger(expires) ? dateOf(expires) : undefined,
    featureSet: typeof set === "string" && set !== "" ? set : undefined,
    trial: trial === true,
  };
}

function dateOf(seconds: number): string | undefined {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
