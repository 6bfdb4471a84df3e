/** What Coder's licence allows: its tier, and whether external provisioners may be used. */
import type { ControlPlaneStatus } from "../../../api/control_plane.ts";
import { type Entitlements, isUnauthorized, isUnsupported } from "../../../coder/mod.ts";
import type { Report, StatusChange } from "../../report.ts";
import { periodicStep } from "../visit.ts";
import { rfc3339 } from "../../../operator/visit/times.ts";
import type { Visit, VisitStep } from "../visit.ts";

/** What the status says of a licence. */
export interface LicenseFacts {
  readonly licenseTier: string;
  readonly externalProvisionerDaemonsEntitlement: string;
}

interface Known extends LicenseFacts {
  /** When it became so. */
  since: string;
  /** Licences that it was asked for. */
  licenses: string | undefined;
}

const NOTHING: LicenseFacts = { licenseTier: "none", externalProvisionerDaemonsEntitlement: "not_entitled" };

/** After a change of licences, the other pods of Coder hear of it within this time. */
const SETTLE_MS = 30_000;

/** Asks every five minutes, and when licences have changed. No failure changes a value. */
export function entitlementsStep(): VisitStep {
  const known = new Map<string, Known>();
  const asking = periodicStep({
    name: "Entitlements",
    inputs: (visit) => ({ licenses: visit.licenses, version: visit.version, token: visit.token }),
    holds: (visit) => !visit.reachable,
    waiting: (visit) => sayUnknown(visit, visit.report),
    async ask(visit, tools, report) {
      const facts = await look(visit);
      const uid = visit.object.metadata.uid ?? "";
      const before = known.get(uid);
      const last = before ?? readFacts(visit.controlPlane.status);
      const changed = last === undefined || last.licenseTier !== facts.licenseTier ||
        last.externalProvisionerDaemonsEntitlement !== facts.externalProvisionerDaemonsEntitlement;
      const since = changed ? rfc3339(tools.now()) : last.since;
      known.set(uid, { ...facts, since, licenses: visit.licenses });
      report.status(statusOf(facts, since));
      const fresh = before !== undefined && before.licenses !== visit.licenses;
      return fresh ? SETTLE_MS : undefined;
    },
    failed(visit, _tools, report, failure, error) {
      const last = known.get(visit.object.metadata.uid ?? "");
      if (last === undefined) sayUnknown(visit, report);
      else report.status(statusOf(last, last.since));
      if (failure.transient || isUnauthorized(error)) return;
      report.trouble({ reason: "EntitlementsUnknown", message: failure.message });
    },
  });
  return {
    name: asking.name,
    run: asking.run,
    forget(uid) {
      known.delete(uid);
      asking.forget?.(uid);
    },
  };
}

async function look(visit: Visit): Promise<LicenseFacts> {
  try {
    return licenseFacts(await visit.client(visit.token).licenses.entitlements({ signal: visit.signal }));
  } catch (error) {
    // A build without licences allows what needs none.
    if (isUnsupported(error)) return NOTHING;
    throw error;
  }
}

/** The facts that Coder's entitlements amount to. */
export function licenseFacts({ features, has_license, trial }: Entitlements): LicenseFacts {
  const entitlement = (name: string) =>
    Object.hasOwn(features, name) ? features[name]?.entitlement : undefined;
  const provisioners = entitlement("external_provisioner_daemons") ?? "";
  return {
    licenseTier: tierOf(has_license, trial, ["custom_roles", "multiple_organizations"].map(entitlement)),
    externalProvisionerDaemonsEntitlement: ["entitled", "grace_period", "not_entitled"].includes(provisioners)
      ? provisioners
      : "unknown",
  };
}

function tierOf(licensed: boolean, trial: boolean, premium: readonly (string | undefined)[]): string {
  if (!licensed) return "none";
  if (trial) return "trial";
  return premium.some((one) => one === "entitled" || one === "grace_period") ? "premium" : "enterprise";
}

function readFacts(status: ControlPlaneStatus): Known | undefined {
  const { licenseTier, externalProvisionerDaemonsEntitlement, entitlementsLastChecked: since } = status;
  if (licenseTier === undefined || externalProvisionerDaemonsEntitlement === undefined) return undefined;
  if (since === undefined) return undefined;
  return { licenseTier, externalProvisionerDaemonsEntitlement, since, licenses: undefined };
}

function statusOf(facts: LicenseFacts, since: string): StatusChange {
  const { licenseTier, externalProvisionerDaemonsEntitlement } = facts;
  return { licenseTier, externalProvisionerDaemonsEntitlement, entitlementsLastChecked: since };
}

/** As the Go operator has it before it knows anything. */
function sayUnknown({ controlPlane: { status } }: Visit, report: Report): void {
  if (status.licenseTier === undefined) report.status({ licenseTier: "unknown" });
  if (status.externalProvisionerDaemonsEntitlement === undefined) {
    report.status({ externalProvisionerDaemonsEntitlement: "unknown" });
  }
}
