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
      "Apply the manifests of this version again, in the shape that is installed (`coder-k8s install`), or let the " +
      "operator through the policy.",
  },
  cause: ({ about }, words) => `The operator may not do what ${about} needs: ${words}`,
  next: (_owner, { message }) => {
    const [, user = ""] = /User "([^"]+)"/.exec(message) ?? [];
    return [
      { text: "See which rights the installation lacks.", command: "coder-k8s check" },
      ...(user === ""
        ? []
        : [{ text: "See what it may do.", command: kubectl("", "auth", "can-i", "--list", `--as=${user}`) }]),
    ];
  },
});
