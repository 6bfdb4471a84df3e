/** The licence of Coder, or its build, has no external provisioners. */
import { timeText } from "../../core_events.ts";
import type { Facts } from "../../facts.ts";
import { conditionEvidence, type ProvisionerView, refusal } from "../../provisioner_view.ts";
import { isUnread, valueOf } from "../../seen.ts";
import type { Evidence, Rule } from "../../types.ts";
import { subjectOf } from "./seen.ts";

const FEATURE = "external_provisioner_daemons";
const REFUSED = ["NotEntitled", "NotSupported"];

/** See the file's head. */
export const provisionerNotEntitled: Rule = {
  id: "provisioner-not-entitled",
  subjects: ["provisioner"],
  needs: ["provisioner", "entitlements"],
  depth: 92,
  explains: [
    "deployment-unavailable",
    "provisioner-key-revoked",
    "provisioner-key-secret",
    "provisioner-not-connected",
    "secret-missing",
  ],
  docs: {
    title: "Coder's licence has no external provisioners",
    symptom: "The provisioner gets no key and no pods, or its daemons are not let in.",
    cause: "External provisioners need a licence that covers them; the AGPL build has none at all.",
    evidence: "Coder's entitlements, or the condition ExternalProvisionersEntitled.",
    remedy:
      "Give the control plane a licence (spec.licenseSecretRef), or build with the provisioners of Coder " +
      "itself (CODER_PROVISIONER_DAEMONS).",
  },
  find(facts) {
    const view = subjectOf(facts);
    if (view === undefined) return [];
    const entitlement = valueOf(facts.entitlements)?.features[FEATURE]?.entitlement;
    if (entitlement === "entitled" || entitlement === "grace_period") return [];
    const condition = refusal(view, "ExternalProvisionersEntitled", REFUSED);
    const evidence = [
      ...saidByCoder(facts, entitlement),
      ...(condition === undefined ? [] : [conditionEvidence(`provisioner ${view.ref}`, condition)]),
    ];
    if (evidence.length === 0) return [];
    const isBuild = condition?.reason === "NotSupported" && isUnread(facts.entitlements, "notServed");
    return [{
      cause: isBuild
        ? `The build of Coder of control plane ${view.controlPlane.ref} has no external provisioners.`
        : `The licence of control plane ${view.controlPlane.ref} does not allow external provisioners: ` +
          `provisioner ${view.ref} gets no key.`,
      confidence: "certain",
      evidence,
      next: nextOf(view, isBuild),
    }];
  },
};

function saidByCoder(facts: Facts, entitlement: string | undefined): Evidence[] {
  const entitlements = valueOf(facts.entitlements);
  if (entitlements === undefined || (entitlement === undefined && entitlements.hasLicense)) return [];
  const [error] = entitlements.errors;
  return [{
    source: "entitlements of Coder",
    at: timeText(facts.now),
    quote: `${FEATURE}: ${entitlement ?? "not_entitled"}, has_license: ${entitlements.hasLicense}` +
      (error === undefined ? "" : `; ${error}`),
  }];
}

function nextOf({ controlPlane: { namespace, name } }: ProvisionerView, isBuild: boolean) {
  const look = {
    text: "See what the licence allows, and until when.",
    command: `coder-k8s diagnose controlplane ${name} -n ${namespace}`,
    tool: { name: "get_license_and_entitlements", arguments: { namespace, name } },
  };
  const edit = {
    text: isBuild
      ? "Run an image of Coder that has external provisioners (spec.image)."
      : "Name a Secret with a licence that covers external provisioners (spec.licenseSecretRef).",
    command: `kubectl -n ${namespace} edit codercontrolplane ${name}`,
  };
  return isBuild ? [edit] : [edit, look];
}
