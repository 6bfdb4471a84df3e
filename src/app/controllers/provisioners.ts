/** The controllers of provisioners. */
import { provisionerController } from "../../provisioner/controller.ts";
import { ProvisionerResults } from "../../provisioner/results.ts";
import { provisionerVisits } from "../../provisioner/visits/controller.ts";
import type { Controller } from "../../reconciler/controller.ts";
import type { SharedParts } from "./shared.ts";

/** Makes them: passes and visits. */
export function provisionerControllers(
  { access, core: { metrics }, listings, log, pass, visit }: SharedParts,
): Controller[] {
  const results = new ProvisionerResults();
  const passes = provisionerController({ ...pass, results });
  const visits = provisionerVisits({
    tools: { ...visit, access, listings },
    results,
    onNews: (key) => passes.enqueue(key),
    log,
    metrics,
  });
  return [passes, visits];
}
