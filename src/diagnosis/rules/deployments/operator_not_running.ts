/** Nobody acts on the object: the operator does not run, or does not look at its namespace. */
import { timeText } from "../../core_events.ts";
import type { Facts } from "../../facts.ts";
import { number, record, text, time } from "../../foreign.ts";
import { type OwnerView, subjectOwner } from "../../owner_view.ts";
import { quoteNow } from "../../owner_steps.ts";
import { kubectl } from "../../pods/steps.ts";
import { isAbsent, valueOf } from "../../seen.ts";
import type { Evidence, NextStep, Rule } from "../../types.ts";

/** It gets this long to act, in milliseconds. */
const PATIENCE_MS = 60_000;

/** See the file's head. */
export const operatorNotRunning: Rule = {
  id: "operator-not-running",
  subjects: ["controlplane", "proxy", "provisioner"],
  needs: ["operatorLease"],
  depth: 90,
  explains: [
    "deployment-unavailable",
    "finalizer-stuck",
    "proxy-unregistered",
    "proxy-token-missing",
    "provisioner-key-secret",
    "secret-missing",
  ],
  docs: {
    title: "The operator does not act",
    symptom: "A new or changed object stays as it is: no pods, an old status, a deletion that does not end.",
    cause:
      "No operator runs, its leader has stopped renewing its Lease, or it works in other namespaces alone.",
    evidence:
      "metadata.generation and status.observedGeneration of the object, and the Lease of the operator's leader.",
    remedy: "Bring the operator up; see its log.",
  },
  find(facts) {
    const owner = subjectOwner(facts);
    const waits = owner === undefined ? undefined : waitsFor(facts, owner);
    if (owner === undefined || waits === undefined) return [];
    const leader = leaderOf(facts);
    // It runs, and has been here: what it says is what is the matter.
    if (leader.runs === true && owner.conditions.length > 0) return [];
    const cause = leader.runs === false
      ? `The operator does not run (${leader.words}): ${waits.words}.`
      : leader.runs === true
      ? `The operator runs, and has never looked at ${owner.about}: it may work in other namespaces alone.`
      : `The operator has not acted on ${owner.about}: ${waits.words}.`;
    return [{
      cause,
      confidence: leader.runs === false ? "certain" : leader.runs === true ? "possible" : "likely",
      evidence: [waits.evidence, ...leader.evidence],
      next: nextOf(leader.namespace),
    }];
  },
};

interface Waiting {
  readonly words: string;
  readonly evidence: Evidence;
}

/** What nobody has acted on for a while. */
function waitsFor(facts: Facts, owner: OwnerView): Waiting | undefined {
  const { about, generation, observedGeneration, changedAt, deletingSince, finalizers } = owner;
  if (deletingSince > 0) {
    if (facts.now - deletingSince < PATIENCE_MS || !finalizers.some((one) => one.startsWith("coder.com/"))) {
      return undefined;
    }
    const at = timeText(deletingSince);
    return {
      words: `${about} is being deleted since ${at}`,
      evidence: {
        source: about,
        at,
        quote: `deletionTimestamp: ${at}; finalizers: ${finalizers.join(", ")}`,
      },
    };
  }
  if (changedAt === 0 || facts.now - changedAt < PATIENCE_MS) return undefined;
  const at = timeText(changedAt);
  if (generation > observedGeneration) {
    const seen = observedGeneration === 0
      ? "has no status"
      : `has the status of generation ${observedGeneration}`;
    return {
      words: `${about} was changed at ${at} and ${seen} still`,
      evidence: {
        source: about,
        at,
        quote: `metadata.generation: ${generation}; status.observedGeneration: ${observedGeneration}`,
      },
    };
  }
  if (
    !isAbsent(facts.deployment) ||
    owner.conditions.some(({ type, status }) => type === "Ready" && status === "False")
  ) {
    return undefined;
  }
  return {
    words: `the Deployment of ${about} is gone, and nobody makes it again`,
    evidence: quoteNow(facts, `Deployment of ${about}`, "not found"),
  };
}

interface Leader {
  /** Undefined: not known. */
  readonly runs: boolean | undefined;
  readonly words: string;
  readonly evidence: readonly Evidence[];
  readonly namespace: string;
}

function leaderOf(facts: Facts): Leader {
  const apiService = record(record(record(valueOf(facts.apiService))["spec"])["service"]);
  const home = text(apiService["namespace"]);
  if (isAbsent(facts.operatorLease)) {
    // Without leader election there is none: that alone proves nothing.
    return {
      runs: undefined,
      words: "",
      namespace: home,
      evidence: [quoteNow(facts, "Lease of the operator's leader", "not found")],
    };
  }
  const { metadata, spec } = record(valueOf(facts.operatorLease));
  const { renewTime, leaseDurationSeconds, holderIdentity } = record(spec);
  const renewed = time(renewTime);
  if (renewed === 0) return { runs: undefined, words: "", evidence: [], namespace: home };
  const { namespace, name } = record(metadata);
  const source = `Lease ${text(namespace)}/${text(name)}`;
  const holder = text(holderIdentity);
  const runs = facts.now - renewed < Math.max(number(leaseDurationSeconds), 15) * 1_000 + 15_000;
  const evidence = {
    source,
    at: timeText(renewed),
    quote: `holderIdentity: ${holder === "" ? "none" : holder}; renewTime: ${timeText(renewed)}`,
  };
  return {
    runs,
    words: `its leader renewed ${source} last at ${timeText(renewed)}`,
    evidence: [evidence],
    namespace: text(namespace),
  };
}

function nextOf(namespace: string): NextStep[] {
  if (namespace === "") {
    return [{
      text: "Find the operator, and see whether it runs.",
      command: "kubectl get deployments --all-namespaces -l app=coder-k8s",
    }];
  }
  return [
    {
      text: "See whether the operator's pods run.",
      command: kubectl(namespace, "get", "deployments,pods"),
    },
    {
      text: "Read what it says.",
      command: kubectl(namespace, "logs", "deployment/coder-k8s", "--tail=100"),
    },
  ];
}
