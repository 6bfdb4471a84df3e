/** Holds the provisioner until its keys have been deleted in Coder. */
import { addFinalizer } from "../../operator/pass/finalizers.ts";
import { KEY_FINALIZER } from "../ending.ts";
import type { Step } from "../step.ts";

/** Adds the finalizer where it is missing, and touches nothing else of the object. */
export const finalizerStep: Step = {
  name: "Finalizer",
  run: (pass, { client }) => addFinalizer(pass, KEY_FINALIZER, client),
};
