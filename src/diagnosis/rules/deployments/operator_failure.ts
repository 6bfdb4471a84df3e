/** What keeps the operator from doing its work, in its own words: makes the rules about that. */
import { type OwnerView, subjectOwner } from "../../owner_view.ts";
import { quoteCondition, seeOwner } from "../../owner_steps.ts";
import type { ConditionView } from "../../pods/pod_view.ts";
import type { NextStep, Rule } from "../../types.ts";
import { PODS_DOWN } from "./follows.ts";

const TYPES = ["Degraded", "Stalled", "Reconciling", "Ready"];

interface FailureRule {
  readonly id: string;
  readonly depth: number;
  readonly reasons: readonly string[];
  readonly docs: Rule["docs"];
  cause(owner: OwnerView, words: string): string;
  next(owner: OwnerView, condition: ConditionView): readonly NextStep[];
}

/** Makes one. */
export function operatorFailureRule({ id, depth, reasons, docs, cause, next }: FailureRule): Rule {
  return {
    id,
    subjects: ["controlplane", "proxy", "provisioner"],
    needs: [],
    depth,
    explains: [...PODS_DOWN, "finalizer-stuck", "ingress-not-served", "proxy-token-missing"],
    docs,
    find(facts) {
      const owner = subjectOwner(facts);
      const condition = owner === undefined ? undefined : failureOf(owner, reasons);
      if (owner === undefined || condition === undefined) return [];
      return [{
        cause: cause(owner, condition.message),
        confidence: "certain",
        evidence: [quoteCondition(owner.about, condition)],
        next: [...next(owner, condition), seeOwner(owner)],
      }];
    },
  };
}

/** The first condition that says so of the object as it is now. */
function failureOf(
  { conditions, generation, observedGeneration }: OwnerView,
  reasons: readonly string[],
): ConditionView | undefined {
  // It has changed since: what was said may be over.
  if (observedGeneration > 0 && observedGeneration < generation) return undefined;
  return TYPES.map((type) => conditions.find((one) => one.type === type)).find((one) =>
    one !== undefined && reasons.includes(one.reason) &&
    one.status === (one.type === "Ready" ? "False" : "True")
  );
}
