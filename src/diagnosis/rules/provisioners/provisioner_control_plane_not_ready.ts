/** The control plane of a provisioner is missing, not for it, or not up. */
import { timeText } from "../../core_events.ts";
import { list, record, text } from "../../foreign.ts";
import type { Facts } from "../../facts.ts";
import { conditionView } from "../../pods/pod_view.ts";
import { conditionEvidence, type ProvisionerView, refusal } from "../../provisioner_view.ts";
import { isAbsent, valueOf } from "../../seen.ts";
import type { Finding, NextStep, Rule } from "../../types.ts";
import { editStep, isConnected, ownDaemons, subjectOf } from "./seen.ts";

const USED_FROM = "coder.com/used-from";

/** See the file's head. */
export const provisionerControlPlane: Rule = {
  id: "provisioner-control-plane-not-ready",
  subjects: ["provisioner"],
  needs: ["provisioner", "controlPlane"],
  depth: 90,
  explains: [
    "deployment-unavailable",
    "provisioner-not-connected",
    "provisioner-key-secret",
    "secret-missing",
    "crash-loop",
    "coder-unreachable",
  ],
  docs: {
    title: "The provisioner's control plane is missing or not ready",
    symptom: "The provisioner gets no key or no pods, or its daemons find nobody to connect to.",
    cause:
      "spec.controlPlaneRef names a control plane that does not exist, is not for this namespace, or is not up.",
    evidence: "The condition ControlPlaneReady of the provisioner, or Ready of the control plane.",
    remedy:
      "Name the right one, let it in with the annotation coder.com/used-from, or mend the control plane first.",
  },
  find(facts) {
    const view = subjectOf(facts);
    if (view === undefined) return [];
    return missing(facts, view) ?? notReady(facts, view) ?? [];
  },
};

function missing(facts: Facts, view: ProvisionerView): Finding[] | undefined {
  const { controlPlane, ref } = view;
  const condition = refusal(view, "ControlPlaneReady");
  const isGone = isAbsent(facts.controlPlane);
  if (!isGone && condition === undefined) return undefined;
  // The control plane was made, or let this one in, a moment ago.
  if (!isGone && condition?.reason === "ControlPlaneNotFound" && valueOf(facts.controlPlane)) {
    return undefined;
  }
  const isNotShared = /used-from/.test(condition?.message ?? "") ||
    condition?.reason === "ControlPlaneNotShared";
  const evidence = condition === undefined
    ? {
      source: `CoderControlPlane ${controlPlane.ref}`,
      at: timeText(facts.now),
      quote: "not found",
    }
    : conditionEvidence(`provisioner ${ref}`, condition);
  const share: NextStep = {
    text: "Let this provisioner use it, as an administrator of that namespace.",
    command: `kubectl -n ${controlPlane.namespace} annotate codercontrolplane ${controlPlane.name} ` +
      `${USED_FROM}=${ref} --overwrite`,
  };
  return [{
    cause: isGone
      ? `Provisioner ${ref} names the control plane ${controlPlane.ref}, which does not exist.`
      : isNotShared
      ? `The control plane ${controlPlane.ref} is not for provisioner ${ref}: its annotation ${USED_FROM} does not name it.`
      : `Provisioner ${ref} cannot use its control plane ${controlPlane.ref}: ${condition?.message ?? ""}`,
    confidence: "certain",
    evidence: [evidence],
    next: [
      ...(isNotShared && !isGone ? [share] : []),
      editStep(view, "Name the right control plane in spec.controlPlaneRef."),
      {
        text: "See which there are.",
        command: `kubectl -n ${controlPlane.namespace} get codercontrolplanes`,
        tool: { name: "list_control_planes", arguments: { namespace: controlPlane.namespace } },
      },
    ],
  }];
}

function notReady(facts: Facts, view: ProvisionerView): Finding[] | undefined {
  const object = valueOf(facts.controlPlane);
  if (object === undefined || ownDaemons(facts, view)?.some(isConnected) === true) return undefined;
  const ready = list(record(record(object).status)["conditions"]).map(conditionView)
    .find(({ type }) => type === "Ready");
  if (ready?.status !== "False" || text(ready.reason) === "") return undefined;
  const { controlPlane: { name, namespace, ref } } = view;
  return [{
    cause: `The control plane ${ref} of provisioner ${view.ref} is not ready: ${ready.message}`,
    confidence: "likely",
    evidence: [conditionEvidence(`control plane ${ref}`, ready)],
    next: [{
      text: "See what keeps it from being ready.",
      command: `coder-k8s diagnose controlplane ${name} -n ${namespace}`,
      tool: { name: "diagnose_control_plane", arguments: { namespace, name } },
    }],
  }];
}
