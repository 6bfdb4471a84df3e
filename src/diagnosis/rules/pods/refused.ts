/** Rules about refusals differ in the words that they look for, and in what they say. */
import { NOT_STARTED } from "../../pods/downstream.ts";
import { foldedBy } from "../../pods/pod_facts.ts";
import { type Refusal, refusals } from "../../pods/refusals.ts";
import type { Finding, NextStep, Rule } from "../../types.ts";
import type { Facts } from "../../facts.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** What one of them is made of. */
export interface RefusalRule extends Pick<Rule, "id" | "depth" | "docs"> {
  /** Undefined: not this. */
  readonly say: (refusal: Refusal) => string | undefined;
  readonly steps: (facts: Facts, refusal: Refusal) => readonly NextStep[];
}

/** Makes the rule: one finding for each sentence. */
export function refusalRule({ id, depth, docs, say, steps }: RefusalRule): Rule {
  return {
    id,
    subjects: ALL_SUBJECTS,
    needs: ["events"],
    depth,
    explains: NOT_STARTED,
    docs,
    find(facts) {
      const hits = refusals(facts).flatMap((refusal) => {
        const cause = say(refusal);
        return cause === undefined ? [] : [{ refusal, cause }];
      });
      return foldedBy(hits, ({ cause }) => cause).map(([{ refusal, cause }]): Finding => ({
        cause,
        confidence: "certain",
        evidence: [refusal.evidence],
        next: [...steps(facts, refusal), ...refusal.next],
      }));
    },
  };
}
