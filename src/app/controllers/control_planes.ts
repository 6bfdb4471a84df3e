/** The controllers of control planes. */
import { visitController } from "../../controlplane/coder/controller.ts";
import { VisitResults } from "../../controlplane/coder/results.ts";
import { visitSteps } from "../../controlplane/coder/steps.ts";
import { controlPlaneController } from "../../controlplane/controller.ts";
import type { Controller } from "../../reconciler/controller.ts";
import type { SharedParts } from "./shared.ts";

/** Makes them: passes and visits. */
export function controlPlaneControllers(
  { core, database, deployments, log, pass, reach, visit }: SharedParts,
): Controller[] {
  const { config: { clusterDomain }, metrics } = core;
  const results = new VisitResults();
  const passes = controlPlaneController({ ...pass, results });
  const visits = visitController({
    tools: { ...visit, database },
    deployments,
    reach,
    steps: visitSteps({ clusterDomain }),
    results,
    onNews: (key) => passes.enqueue(key),
    log,
    metrics,
  });
  return [passes, visits];
}
