/** Looking whether the product can be installed, and whether it works where it is. */
export { DEPLOYMENTS } from "./names.ts";
export { exitCodeOf, runChecks } from "./run.ts";
export { deployment, listOf } from "./shapes.ts";
export type { CheckReport, CoderAnswer, Finding, Phase, Verdict } from "./types.ts";
export { checkWorld } from "./world.ts";
