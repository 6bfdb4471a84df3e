/** A LimitRange of the namespace refuses the pod's requests or limits. */
import { refusedThing } from "../../pods/refusals.ts";
import { correct, kubectl } from "../../pods/steps.ts";
import { refusalRule } from "./refused.ts";

const WORDS =
  /((?:maximum|minimum) \S+ usage per \S+ is [^,\]]+(?:, but (?:limit|request) is [^,\]]+|\. No limit is specified)?|\S+ max limit to request ratio per \S+ is [^,\]]+(?:, but provided ratio is [^,\]]+)?)/i;

/** See the file's head. */
export const limitRange = refusalRule({
  id: "limit-range",
  depth: 88,
  docs: {
    title: "A LimitRange refuses the pod",
    symptom: "No pod appears at all, or the build fails while it makes one.",
    cause: "The pod asks for more or less than a LimitRange of its namespace allows.",
    evidence: "The API server's refusal, as a controller or Terraform quotes it.",
    remedy: "Ask for what the LimitRange allows, or change it.",
  },
  say({ words, who }) {
    const told = WORDS.exec(words)?.[1];
    if (told === undefined) return undefined;
    return `A LimitRange of the namespace refuses the ${refusedThing(words)} of ${who}: ${told.trim()}.`;
  },
  steps: (facts, { namespace }) => [
    correct(facts, "the requests and limits"),
    { text: "See what the namespace allows.", command: kubectl(namespace, "describe", "limitrange") },
  ],
});
