/** Pods are ready for a while, and Coder has no daemon of theirs. */
import { timeText } from "../../core_events.ts";
import { time } from "../../foreign.ts";
import type { Rule } from "../../types.ts";
import { valueOf } from "../../seen.ts";
import {
  areDaemonsShown,
  daemonEvidence,
  isConnected,
  logStep,
  ownDaemons,
  readyPods,
  subjectOf,
} from "./seen.ts";

/** A daemon connects within moments of its pod's start. */
const GRACE_MS = 60_000;

/** See the file's head. */
export const provisionerNotConnected: Rule = {
  id: "provisioner-not-connected",
  subjects: ["provisioner"],
  needs: ["provisioner", "pods", "daemons", "keys"],
  depth: 45,
  docs: {
    title: "Provisioner pods run, and none is connected to Coder",
    symptom: "The provisioner looks ready in Kubernetes, and builds with its tags wait.",
    cause: "The daemons cannot reach Coder, or Coder does not let them in.",
    evidence: "Since when pods are ready, and what Coder lists of their daemons.",
    remedy:
      "Read the daemons' log: it names the address and what came of it. Look at NetworkPolicies, at the " +
      "certificate, and at CODER_URL.",
  },
  find(facts) {
    const view = subjectOf(facts);
    if (view === undefined) return [];
    const waiting = readyPods(facts).filter(({ since }) => since > 0 && facts.now - since > GRACE_MS);
    const own = ownDaemons(facts, view);
    const [first] = waiting;
    if (first === undefined || own === undefined || own.some(isConnected) || !areDaemonsShown(facts)) {
      return [];
    }
    const since = waiting.reduce((least, { since }) => Math.min(least, since), first.since);
    const lastSeen = [...own].sort((a, b) => time(b.lastSeenAt) - time(a.lastSeenAt));
    const count = waiting.length === 1 ? "1 pod" : `${waiting.length} pods`;
    const others = valueOf(facts.daemons)?.filter(isConnected).length ?? 0;
    return [{
      cause: `${count} of provisioner ${view.ref} ${waiting.length === 1 ? "is" : "are"} ready since ` +
        `${timeText(since)}, and no daemon of ${waiting.length === 1 ? "it" : "them"} is connected to Coder.`,
      confidence: "likely",
      evidence: [
        ...lastSeen.slice(0, 2).map(daemonEvidence),
        {
          source: `provisioner daemons of the organization ${view.organization} in Coder`,
          at: timeText(facts.now),
          quote: `${others} connected, none of them with ${
            view.key.name === "" ? `the name of pod ${first.pod.name}` : `the key ${view.key.name}`
          }`,
        },
      ],
      next: [
        logStep(view),
        {
          text: "See whether something keeps them from reaching Coder.",
          command: `kubectl -n ${view.namespace} get networkpolicies`,
        },
      ],
    }];
  },
};
