/** All kinds of `aggregation.coder.com/v1alpha1`. */
import type { AggregatedDefinition } from "./aggregated.ts";
import { templateDefinition } from "./template.ts";
import { workspaceDefinition } from "./workspace.ts";

/** In the order of discovery. */
export const aggregatedDefinitions: readonly AggregatedDefinition[] = [
  templateDefinition,
  workspaceDefinition,
];
