/** The namespace's pod security does not allow the pod. */
import { correct } from "../../pods/steps.ts";
import { shellWord } from "../../pods/steps.ts";
import { refusalRule } from "./refused.ts";

/** See the file's head. */
export const podSecurityDenied = refusalRule({
  id: "pod-security-denied",
  depth: 88,
  docs: {
    title: "Pod security does not allow the pod",
    symptom: "No pod appears at all, or the build fails while it makes one.",
    cause:
      "The namespace enforces a pod security standard (or, on OpenShift, a security context constraint) that the " +
      "pod does not keep.",
    evidence: "The API server's refusal, which names each setting.",
    remedy: "Set the pod's security context as the refusal says, or use a namespace that allows it.",
  },
  say({ words, who }) {
    const level = /violates PodSecurity "([^"]+)": (.*)/s.exec(words);
    if (level !== null) {
      return `Pod security (${level[1]}) of the namespace refuses the pod of ${who}: ${cut(level[2]!)}`;
    }
    if (!/security context constraint/i.test(words)) return undefined;
    return `No security context constraint allows the pod of ${who}.`;
  },
  steps: (facts, { namespace }) => [
    correct(facts, "the pod's securityContext"),
    ...(namespace === "" ? [] : [{
      text: "See what the namespace enforces.",
      command: `kubectl get namespace ${shellWord(namespace)} --show-labels`,
    }]),
  ],
});

/** The settings without what is said of each. */
function cut(settings: string): string {
  const short = settings.replace(/ \([^()]*(?:\([^()]*\)[^()]*)*\)/g, "").trim().replace(/\.?$/, ".");
  return short.length <= 300 ? short : `${short.slice(0, 299).toWellFormed()}…`;
}
