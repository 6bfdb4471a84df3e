/** The operator has lost its access to Coder, or never got it. */
import { conditionIn, controlPlaneOf } from "../../owner_view.ts";
import { editOwner, quoteCondition, seeOwner, since } from "../../owner_steps.ts";
import { SUBJECT_KINDS } from "../../subject.ts";
import type { Rule } from "../../types.ts";

/** It is not wanted, is on its way, or has another rule. */
const OTHERS =
  /^(?:Disabled|NotRevoked|WaitingForCoder|NoDatabaseURL|Database.*|CoderDatabaseAway|CoderUnavailable|RateLimited|Aborted|KubernetesAPI|SchemaUnknown|Pending)$/;

/** See the file's head. */
export const coderAccessLost: Rule = {
  id: "coder-access-lost",
  subjects: SUBJECT_KINDS,
  needs: ["controlPlane"],
  depth: 64,
  explains: [
    "control-plane-not-ready",
    "licence-not-applied",
    "provisioner-control-plane-not-ready",
    "proxy-unregistered",
    "proxy-token-missing",
  ],
  docs: {
    title: "The operator has no access to Coder",
    symptom:
      "Licences, provisioner keys and proxies are not looked after; workspaces are not shown as resources.",
    cause:
      "Coder refuses the operator's token, or it could not be made: the bootstrap token or the database refuse.",
    evidence: "The operator's condition OperatorAccess.",
    remedy: "See docs/operator-access.md; the operator makes a new token by itself once it can.",
  },
  find(facts) {
    const owner = controlPlaneOf(facts);
    const access = owner === undefined ? undefined : conditionIn(owner, "OperatorAccess");
    if (owner === undefined || access?.status !== "False" || OTHERS.test(access.reason)) return [];
    return [{
      cause: `The operator has no access to Coder of control plane ${owner.ref}${
        since(access.at)
      }: ${access.message}`,
      confidence: facts.subject.kind === "controlplane" ? "certain" : "likely",
      evidence: [quoteCondition(owner.about, access)],
      next: [
        editOwner(owner, "Correct spec.operatorAccess: its bootstrap token, or the database that it names."),
        seeOwner(owner),
      ],
    }];
  },
};
