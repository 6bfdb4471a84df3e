/** A deletion does not end. */
import { timeText } from "../../core_events.ts";
import { conditionIn, type OwnerView, subjectOwner } from "../../owner_view.ts";
import { quoteCondition, seeOwner } from "../../owner_steps.ts";
import { eventEvidence } from "../../pods/event_view.ts";
import { podFacts } from "../../pods/pod_facts.ts";
import { seeEvents } from "../../pods/steps.ts";
import type { Evidence, Rule } from "../../types.ts";

/** What has to be done before may take so long, in milliseconds. */
const PATIENCE_MS = 180_000;
const OWN = /^coder\.com\//;

/** See the file's head. */
export const finalizerStuck: Rule = {
  id: "finalizer-stuck",
  subjects: ["controlplane", "proxy", "provisioner"],
  needs: [],
  depth: 65,
  docs: {
    title: "A deletion does not end",
    symptom: "The object stays Terminating.",
    cause:
      "A finalizer holds it: the operator cannot remove what belongs to it in Coder or in other namespaces, or " +
      "somebody else's finalizer waits for a controller that is gone.",
    evidence: "The finalizers, and what the operator says of the deletion.",
    remedy: "Mend what it waits for; see docs/deletion.md.",
  },
  find(facts) {
    const owner = subjectOwner(facts);
    if (owner === undefined || owner.deletingSince === 0 || owner.finalizers.length === 0) return [];
    if (facts.now - owner.deletingSince < PATIENCE_MS) return [];
    const { about, deletingSince, finalizers, kind, name, namespace } = owner;
    const said = wordsOf(owner);
    const event = podFacts(facts).events.find((one) =>
      one.kind === kind && one.name === name && one.at >= deletingSince
    );
    const foreign = finalizers.filter((one) => !OWN.test(one));
    const evidence: Evidence[] = [
      ...(said === undefined ? [] : [said.evidence]),
      ...(event === undefined ? [] : [eventEvidence(event)]),
      { source: about, at: timeText(deletingSince), quote: `finalizers: ${finalizers.join(", ")}` },
    ];
    const who = foreign.length === finalizers.length ? "another controller, by" : "";
    return [{
      cause: `The deletion of ${about}, begun at ${timeText(deletingSince)}, waits for ${who} ${
        finalizers.join(", ")
      }${said === undefined ? "" : `: ${said.words}`}`.replaceAll("  ", " "),
      confidence: said === undefined && event === undefined ? "likely" : "certain",
      evidence,
      next: [seeOwner(owner), seeEvents(namespace, kind, name)],
    }];
  },
};

function wordsOf(owner: OwnerView) {
  const contents = conditionIn(owner, "ContentsDeletion");
  const degraded = conditionIn(owner, "Degraded");
  const found = contents?.status === "True" ? contents : degraded?.status === "True" ? degraded : undefined;
  return found === undefined
    ? undefined
    : { words: found.message, evidence: quoteCondition(owner.about, found) };
}
