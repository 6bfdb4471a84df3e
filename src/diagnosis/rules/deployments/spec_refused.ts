/** The spec asks for what cannot be made, or for a name that is taken. */
import { editOwner } from "../../owner_steps.ts";
import { operatorFailureRule } from "./operator_failure.ts";

/** See the file's head. */
export const specRefused = operatorFailureRule({
  id: "spec-refused",
  depth: 87,
  reasons: ["InvalidSpec", "ForeignObject", "Rejected"],
  docs: {
    title: "The spec cannot be carried out",
    symptom: "The object is degraded and stalled: nothing changes before somebody changes something.",
    cause:
      "The spec is contradictory, the API server refuses what follows from it, or an object of the needed name is " +
      "there already and is somebody else's.",
    evidence: "The operator's condition.",
    remedy: "Correct the spec; remove or rename the other object.",
  },
  cause: ({ about }, words) => `The spec of ${about} cannot be carried out: ${words}`,
  next: (owner) => [editOwner(owner, "Correct the spec.")],
});
