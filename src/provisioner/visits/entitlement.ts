/** Whether a licence allows external provisioners: what a control plane's status says, and what Coder itself answers. */
import type { ControlPlaneStatus } from "../../api/control_plane.ts";
import { type CoderClient, CoderError, type Entitlements } from "../../coder/mod.ts";

/** What is said of it. The reasons are the Go operator's. */
export interface Verdict {
  readonly entitled: boolean;
  readonly reason: "Entitled" | "NotEntitled" | "NotSupported" | "Forbidden" | "EntitlementsQueryFailed";
  readonly message: string;
}

/** What was found out less than this ago, in milliseconds, needs no question; and so long an answer counts. */
export const FRESH_MS = 120_000;

const FEATURE = "external_provisioner_daemons";

/**
 * What the control plane knows; undefined where Coder should be asked. Its visits look at the licence every five minutes,
 * and write the time when something has changed. An old "no" is worth a question: somebody may wait for the licence.
 */
export function statusVerdict(
  status: ControlPlaneStatus,
  now: Date,
): (Verdict & { readonly freshForMs?: number }) | undefined {
  const { externalProvisionerDaemonsEntitlement: entitlement = "", entitlementsLastChecked = "" } = status;
  const verdict = verdictOf(entitlement);
  if (verdict?.entitled === true) return verdict;
  // A time to come is of another clock: it counts as now.
  const age = Math.max(0, now.getTime() - Date.parse(entitlementsLastChecked));
  return verdict !== undefined && age < FRESH_MS ? { ...verdict, freshForMs: FRESH_MS - age } : undefined;
}

/** Asks Coder. Failures are verdicts, too. */
export async function askVerdict(client: CoderClient, signal: AbortSignal): Promise<Verdict> {
  try {
    return answered(await client.licenses.entitlements({ signal }));
  } catch (error) {
    if (!(error instanceof CoderError)) throw error;
    return { entitled: false, ...failed(error) };
  }
}

/** Coder has refused something for want of a licence, whatever is known of it. */
export const REFUSED: Verdict = {
  entitled: false,
  reason: "NotEntitled",
  message: "Coder refuses external provisioners: its licence does not cover them",
};

function answered({ features }: Entitlements): Verdict {
  const entitlement = Object.hasOwn(features, FEATURE) ? features[FEATURE]?.entitlement : undefined;
  return verdictOf(entitlement ?? "not_entitled") ?? {
    entitled: false,
    reason: "NotEntitled",
    message: `Coder says "${entitlement}" of external provisioners, which this operator does not know`,
  };
}

function failed({ kind, message }: CoderError): Pick<Verdict, "reason" | "message"> {
  switch (kind) {
    case "unsupported":
    case "notFound":
      return {
        reason: "NotSupported",
        message: "This build of Coder has no external provisioners (the AGPL build does not): " +
          "run an image of Coder that does",
      };
    case "unauthorized":
    case "forbidden":
      return {
        reason: "Forbidden",
        message: `Coder does not let the operator look at its licence: ${message}`,
      };
    default:
      return {
        reason: "EntitlementsQueryFailed",
        message: `Coder could not be asked for its licence: ${message}`,
      };
  }
}

function verdictOf(entitlement: string): Verdict | undefined {
  switch (entitlement) {
    case "entitled":
      return { entitled: true, reason: "Entitled", message: "The licence allows external provisioners" };
    case "grace_period":
      return {
        entitled: true,
        reason: "Entitled",
        message: "The licence allows external provisioners, and is in its grace period: renew it",
      };
    case "not_entitled":
      return {
        entitled: false,
        reason: "NotEntitled",
        message: "The licence of this Coder does not allow external provisioners; what runs goes on as it is",
      };
    default:
      return undefined;
  }
}
