/** Coder does not take the proxy's token. */
import { PODS_DOWN } from "../deployments/follows.ts";
import { list } from "../../foreign.ts";
import { editOwner } from "../../owner_steps.ts";
import { subjectOwner } from "../../owner_view.ts";
import { isReadyPod, podView } from "../../pods/pod_view.ts";
import { kubectl } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import type { Rule } from "../../types.ts";

const REFUSED =
  /(?:invalid|missing required|unknown) external proxy token|proxy session token (?:is required|is invalid)|register(?:ing)? proxy.*\b401\b|\b401\b.*external proxy token/i;

/** See the file's head. */
export const proxyTokenRefused: Rule = {
  id: "proxy-token-refused",
  subjects: ["proxy"],
  needs: ["proxy", "podLogs"],
  depth: 89,
  explains: [...PODS_DOWN, "crash-loop", "proxy-unhealthy", "readiness-failing"],
  docs: {
    title: "Coder refuses the proxy's token",
    symptom: "The proxy's pods end and start again; Coder shows it as not connected.",
    cause: "The token was regenerated or its registration deleted in Coder, or it is of another deployment.",
    evidence: "The last words of the proxy's log.",
    remedy:
      "Put a new token into the Secret (coder wsproxy regenerate-token), or have the operator register it.",
  },
  find(facts) {
    const owner = subjectOwner(facts);
    if (owner === undefined) return [];
    const ready = new Set(
      (valueOf(facts.pods) ?? []).map(podView).filter(isReadyPod).map(({ name }) => name),
    );
    for (const { pod, namespace, container, lines } of valueOf(facts.podLogs) ?? []) {
      const line = list(lines).findLast((one): one is string => typeof one === "string" && REFUSED.test(one));
      if (line === undefined || ready.has(pod)) continue;
      return [{
        cause: `Coder refuses the token of ${owner.about}.`,
        confidence: "certain",
        evidence: [{ source: `log of pod ${namespace}/${pod} (${container})`, quote: line }],
        next: [
          {
            text: "Have Coder show a new token, and put it into the Secret.",
            command: `coder wsproxy regenerate-token ${owner.name}`,
          },
          editOwner(
            owner,
            "Or name the control plane in spec.controlPlaneRef: the operator then keeps the token.",
          ),
          {
            text: "Read more of what the proxy says.",
            command: kubectl(namespace, "logs", pod, "-c", container, "--tail=50"),
          },
        ],
      }];
    }
    return [];
  },
};
