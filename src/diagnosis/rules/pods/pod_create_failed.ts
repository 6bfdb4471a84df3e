/** The API server refuses the pod for a reason that has no rule of its own. */
import { correct } from "../../pods/steps.ts";
import { admissionWebhookDenied } from "./admission_webhook_denied.ts";
import { refusalRule } from "./refused.ts";

const HAS_A_RULE =
  /exceeded quota|failed quota|violates PodSecurity|security context constraint|service ?account "[^"]+" not found|(?:maximum|minimum) \S+ usage per|limit to request ratio|admission webhook|failed calling webhook|ValidatingAdmissionPolicy/i;

/** See the file's head. */
export const podCreateFailed = refusalRule({
  id: "pod-create-failed",
  depth: admissionWebhookDenied.depth - 1,
  docs: {
    title: "The API server refuses the pod",
    symptom: "No pod appears at all.",
    cause: "The pod is not valid, or something that guards the cluster does not want it.",
    evidence: "The API server's refusal, as a controller quotes it.",
    remedy: "As the refusal says.",
  },
  say({ words, who }) {
    // What Terraform says of other refusals is told by rules about builds.
    if (words === "" || HAS_A_RULE.test(words) || who.startsWith("build")) return undefined;
    const line = words.replace(/\s+/g, " ").replace(/^Error creating: /, "").replace(/\.$/, "");
    return `The API server refuses the pod of ${who}: ${
      line.length <= 240 ? line : `${line.slice(0, 239).toWellFormed()}…`
    }.`;
  },
  steps: (facts) => [correct(facts, "what is refused")],
});
