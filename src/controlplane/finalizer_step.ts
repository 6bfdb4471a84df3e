/** Holds the control plane until what was made for it outside of its namespace has been removed. */
import { addFinalizer } from "../operator/pass/finalizers.ts";
import { RBAC_FINALIZER } from "./finalizer.ts";
import type { Step } from "./step.ts";

/** Adds the finalizer where it is missing, and touches nothing else of the object. */
export const finalizerStep: Step = {
  name: "Finalizer",
  run: (pass, { client }) => addFinalizer(pass, RBAC_FINALIZER, client),
};
