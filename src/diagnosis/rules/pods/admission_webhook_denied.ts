/** An admission webhook or policy refuses the pod, or does not answer. */
import { refusedThing } from "../../pods/refusals.ts";
import { correct } from "../../pods/steps.ts";
import { refusalRule } from "./refused.ts";

/** See the file's head. */
export const admissionWebhookDenied = refusalRule({
  id: "admission-webhook-denied",
  depth: 88,
  docs: {
    title: "An admission webhook or policy refuses the pod",
    symptom: "No pod appears at all, or the build fails while it makes one.",
    cause:
      "A policy of the cluster does not allow the pod, or the webhook that has to be asked does not answer.",
    evidence: "The API server's refusal, which names the webhook or the policy.",
    remedy: "Make the pod as the policy wants it, or mend the webhook.",
  },
  say({ words, who }) {
    const thing = refusedThing(words);
    const denied = /admission webhook "([^"]+)" denied the request(?: without explanation)?:?\s*(.*)/s.exec(
      words,
    );
    if (denied !== null) {
      return `The admission webhook ${denied[1]} refuses the ${thing} of ${who}${because(denied[2]!)}`;
    }
    const away = /failed calling webhook "([^"]+)": (.*)/s.exec(words);
    if (away !== null) {
      return `The admission webhook ${away[1]}, which is asked for each ${thing} of ${who}, does not answer${
        because(away[2]!)
      }`;
    }
    const policy = /ValidatingAdmissionPolicy '([^']+)' .*?denied request: (.*)/s.exec(words);
    if (policy === null) return undefined;
    return `The admission policy ${policy[1]} refuses the ${thing} of ${who}${because(policy[2]!)}`;
  },
  steps: (facts, { words }) => [
    /failed calling webhook/.test(words)
      ? {
        text: "See the webhooks, and whether the Service of this one has pods.",
        command: "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
      }
      : correct(facts, "what the policy refuses"),
  ],
});

function because(words: string): string {
  const line = words.replace(/\s+/g, " ").trim().replace(/\.$/, "");
  if (line === "") return ".";
  return line.length <= 240 ? `: ${line}.` : `: ${line.slice(0, 239).toWellFormed()}…`;
}
