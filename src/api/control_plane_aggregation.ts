/** How a deployment's workspaces and templates are shown as Kubernetes resources. */
import { group, optional, text } from "./field.ts";

/** Values of `spec.aggregation.naming`. An empty one is `Auto`. */
export const NAMINGS = ["Auto", "Plain", "Prefixed"] as const;
export type Naming = typeof NAMINGS[number];

/** `aggregation` */
export function aggregation() {
  return group("How workspaces and templates of this Coder are shown as Kubernetes resources.", {
    naming: optional(text(
      "How they are named. Plain: <organization>.<owner>.<workspace>, <organization>.<template>. Prefixed: the same after the name of this control plane and a dot. Auto: Plain while this is the only control plane of the namespace whose operatorAccess is not disabled, Prefixed from the second on. Of several that are Plain, the oldest is. Default: Auto.",
      { enum: ["", ...NAMINGS] },
    )),
  });
}
