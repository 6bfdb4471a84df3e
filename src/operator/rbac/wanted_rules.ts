/** The rules that `spec.rbac` of a control plane asks for. */
import type { PolicyRule } from "../../api/kubernetes/types.ts";
import { standardRules } from "../../workload/workspace_rbac.ts";
import { ruleRefusal } from "../../workload/workspace_rbac_guard.ts";

/** A rule to grant, and where the spec asks for it. */
export interface NamedRule {
  readonly rule: PolicyRule;
  /** For people. */
  readonly where: string;
}

/** A rule that the spec asks for. */
export interface WantedRule extends NamedRule {
  /** Why it is granted to nobody who does not have it already, to go after "it"; undefined where it may be granted. */
  readonly refusal: string | undefined;
}

/** `extraRule` names the n-th of `extraRules`, counted from 0, for people. */
export function wantedRules(
  { enableDeployments, extraRules }: {
    readonly enableDeployments: boolean;
    readonly extraRules: readonly PolicyRule[];
  },
  extraRule: (index: number) => string,
): WantedRule[] {
  const standard = standardRules(enableDeployments);
  return [
    ...standard.map((rule) => ({ rule, where: "the standard rules", refusal: undefined })),
    ...extraRules.map((rule, i) => ({ rule, where: extraRule(i), refusal: ruleRefusal(rule) })),
  ];
}
