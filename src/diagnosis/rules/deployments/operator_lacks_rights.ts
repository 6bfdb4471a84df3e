/** The API server does not let the operator do its work. */
import { kubectl } from "../../pods/steps.ts";
import { operatorFailureRule } from "./operator_failure.ts";

/** See the file's head. */
export const operatorLacksRights = operatorFailureRule({
  id: "operator-lacks-rights",
  depth: 88,
  reasons: ["Forbidden"],
  docs: {
    title: "The operator lacks a right",
    symptom: "The object is degraded; something of it is missing.",
    cause: "RBAC, or an admission policy, does not let the operator read or write something.",
    evidence: "The operator's condition, which quotes the API server.",
    remedy:
      "Apply the operator's RBAC of this version again (deploy/base/rbac.yaml), or let it through the policy.",
  },
  cause: ({ about }, words) => `The operator may not do what ${about} needs: ${words}`,
  next: (_owner, { message }) => {
    const [, user = ""] = /User "([^"]+)"/.exec(message) ?? [];
    return [
      { text: "Apply the operator's RBAC again.", command: "kubectl apply -f deploy/base/rbac.yaml" },
      ...(user === ""
        ? []
        : [{ text: "See what it may do.", command: kubectl("", "auth", "can-i", "--list", `--as=${user}`) }]),
    ];
  },
});
