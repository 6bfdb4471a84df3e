/** What the subject belongs to does not run. */
import type { Facts } from "../../facts.ts";
import { record, text } from "../../foreign.ts";
import { conditionIn, controlPlaneOf, type OwnerView, subjectOwner } from "../../owner_view.ts";
import { quoteCondition, quoteNow, since } from "../../owner_steps.ts";
import type { ConditionView } from "../../pods/pod_view.ts";
import { isAbsent } from "../../seen.ts";
import type { Finding, NextStep, Rule } from "../../types.ts";

/** Pods that are replaced are not away for long; milliseconds. */
const PATIENCE_MS = 30_000;

/** See the file's head. */
export const controlPlaneNotReady: Rule = {
  id: "control-plane-not-ready",
  subjects: ["workspace", "proxy"],
  needs: ["controlPlane"],
  depth: 70,
  explains: [
    "agent-never-connected",
    "agent-lost",
    "coder-unreachable",
    "proxy-token-missing",
    "proxy-unhealthy",
    "proxy-unreachable",
    "proxy-unregistered",
  ],
  docs: {
    title: "The control plane is missing or does not run",
    symptom: "Workspaces, agents and proxies find no Coder.",
    cause: "The control plane that the object belongs to does not exist, or none of its pods is available.",
    evidence: "The operator's condition Available of the control plane.",
    remedy: "See what is wrong with the control plane: diagnose that.",
  },
  find(facts) {
    const owner = controlPlaneOf(facts);
    if (owner === undefined) return missing(facts);
    const away = awayOf(facts, owner);
    if (away === undefined) return [];
    return [{
      cause: `The control plane ${owner.ref} does not run${since(away.at)}: ${away.message}`,
      confidence: "likely",
      evidence: [quoteCondition(owner.about, away)],
      next: [diagnoseIt(owner.namespace, owner.name)],
    }];
  },
};

function missing(facts: Facts): Finding[] {
  const proxy = subjectOwner(facts);
  const reference = record(proxy?.spec["controlPlaneRef"]);
  const name = text(reference["name"]);
  if (!isAbsent(facts.controlPlane) || proxy === undefined || name === "") return [];
  const namespace = text(reference["namespace"]) || proxy.namespace;
  return [{
    cause: `${proxy.about} belongs to the control plane ${namespace}/${name}, which does not exist.`
      .replace(/^./, (letter) => letter.toUpperCase()),
    confidence: "certain",
    evidence: [quoteNow(facts, `CoderControlPlane ${namespace}/${name}`, "not found")],
    next: [{
      text: "See which there are, and correct spec.controlPlaneRef.",
      command: `kubectl -n ${namespace} get codercontrolplanes`,
      tool: { name: "list_control_planes", arguments: { namespace } },
    }],
  }];
}

function awayOf(facts: Facts, owner: OwnerView): ConditionView | undefined {
  const available = conditionIn(owner, "Available");
  if (available?.status !== "False" || facts.now - available.at < PATIENCE_MS) return undefined;
  // Who has just been answered knows better.
  const { coderAlive, build, coderProxies } = facts;
  return [coderAlive, build, coderProxies].some((seen) => seen?.state === "seen") ? undefined : available;
}

function diagnoseIt(namespace: string, name: string): NextStep {
  return {
    text: "See what keeps it from running.",
    command: `coder-k8s diagnose controlplane ${name} -n ${namespace}`,
    tool: { name: "diagnose_control_plane", arguments: { namespace, name } },
  };
}
