/** The step `Entitlement`: whether keys may be made. */
import { keyText, type ObjectKey } from "../../api/object.ts";
import type { FoundControlPlane } from "../../operator/visit/control_plane_ref.ts";
import type { OpenCoder } from "../../operator/visit/control_plane_access.ts";
import { SharedAnswers } from "../../operator/visit/shared_answers.ts";
import { conditionOf } from "../../workload/conditions.ts";
import { askVerdict, FRESH_MS, statusVerdict, type Verdict } from "./entitlement.ts";
import type { Visit, VisitStep } from "./visit.ts";

const TYPE = "ExternalProvisionersEntitled";

/** See the file's head. */
export interface EntitlementStep extends VisitStep {
  /** Forgets a control plane that is gone. */
  forgetControlPlane(key: ObjectKey): void;
}

/**
 * Makes the step. Where the status of the control plane does not tell, Coder is asked: once for all its provisioners, and
 * every two minutes at most.
 */
export function entitlementStep(now: () => Date): EntitlementStep {
  const answers = new SharedAnswers<Verdict>({ now: () => now().getTime(), keepMs: FRESH_MS });

  function ask(
    { key, controlPlane: { status } }: FoundControlPlane,
    { client, credentials }: OpenCoder,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const { entitlementsLastChecked, externalProvisionerDaemonsEntitlement, licenseLastAppliedHash } = status;
    const rests = JSON.stringify([
      credentials,
      entitlementsLastChecked,
      externalProvisionerDaemonsEntitlement,
      licenseLastAppliedHash,
      status.version,
    ]);
    return answers.get(keyText(key), rests, (own) => askVerdict(client, own), signal);
  }

  return {
    name: "Entitlement",
    async run(visit, tools) {
      const { coder, controlPlane, report, signal } = visit;
      const known = controlPlane.found ? statusVerdict(controlPlane.controlPlane.status, now()) : undefined;
      if (known !== undefined) {
        sayVerdict(visit, known);
        if (known.freshForMs !== undefined) report.lookAgain(known.freshForMs);
      } else if (controlPlane.found && coder !== undefined) {
        const verdict = await ask(controlPlane, coder, signal);
        sayVerdict(visit, { ...verdict, message: tools.redact(verdict.message) });
        if (!verdict.entitled) report.lookAgain(FRESH_MS);
      } else stay(visit);
    },
    forgetControlPlane: (key) => answers.forget((each) => each === keyText(key)),
  };
}

/** Says it, for the later steps, too. */
export function sayVerdict(visit: Visit, { entitled, reason, message }: Verdict): void {
  visit.entitled = entitled;
  visit.report.condition({ type: TYPE, status: entitled ? "True" : "False", reason, message });
  if (!entitled) visit.report.trouble({ reason, message });
}

/** Nobody can say: what was said last stands. */
function stay(visit: Visit): void {
  const before = conditionOf(visit.provisioner.status.conditions, TYPE);
  visit.entitled = before?.status === "True";
  if (before !== undefined) return;
  const message = `Nobody knows what the licence allows: ${visit.closed ?? ""}`;
  visit.report.condition({ type: TYPE, status: "Unknown", reason: "ControlPlaneUnavailable", message });
}
