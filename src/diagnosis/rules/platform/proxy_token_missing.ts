/** The proxy has no token to sign in with. */
import { conditionIn, subjectOwner } from "../../owner_view.ts";
import { editOwner, quoteCondition } from "../../owner_steps.ts";
import type { Rule } from "../../types.ts";

const REASONS = ["TokenMissing", "BootstrapTokenMissing", "CredentialsMissing", "TokenLost", "SecretForeign"];

/** See the file's head. */
export const proxyTokenMissing: Rule = {
  id: "proxy-token-missing",
  subjects: ["proxy"],
  needs: ["proxy"],
  depth: 82,
  explains: ["deployment-unavailable", "proxy-not-registered", "proxy-unregistered", "proxy-unreachable"],
  docs: {
    title: "The proxy has no token",
    symptom: "There are no pods, or they do not start.",
    cause:
      "The Secret with the proxy's token, or with the credentials for registering it, is not as the spec says.",
    evidence: "The operator's condition.",
    remedy: "Create the Secret with that key, or name a control plane in spec.controlPlaneRef.",
  },
  find(facts) {
    const owner = subjectOwner(facts);
    if (owner === undefined || owner.deletingSince > 0) return [];
    const found = [["Registered", "False"], ["Degraded", "True"]]
      .map(([type = "", bad]) => {
        const condition = conditionIn(owner, type);
        return condition?.status === bad ? condition : undefined;
      })
      .find((condition) => condition !== undefined && REASONS.includes(condition.reason));
    if (found === undefined) return [];
    return [{
      cause: `${owner.about} has no token: ${found.message}`.replace(/^./, (letter) => letter.toUpperCase()),
      confidence: "certain",
      evidence: [quoteCondition(owner.about, found)],
      next: [
        editOwner(owner, "Name a Secret that has it, or the control plane in spec.controlPlaneRef."),
        { text: "Have Coder show a new token.", command: `coder wsproxy regenerate-token ${owner.name}` },
      ],
    }];
  },
};
