/** What a visit does, in order. */
import type { VisitStep } from "./visit.ts";

/** Makes the steps; each remembers what it did for each control plane. */
export function visitSteps(): VisitStep[] {
  return [];
}
