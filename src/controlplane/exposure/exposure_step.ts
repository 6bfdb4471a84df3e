/** The Ingress or HTTPRoute of a control plane, and its addresses. */
import { exposureStep as sharedStep } from "../../operator/exposure/exposure_step.ts";
import type { Pass, Step, Tools } from "../step.ts";
import { internalAddress, wantedExposure } from "./exposure.ts";

/** See the shared one. */
export const exposureStep: Step = sharedStep<Pass, Tools>(({ key, controlPlane }, { clusterDomain }) => ({
  child: key,
  noun: "Coder",
  internalURL: internalAddress(controlPlane, clusterDomain),
  wanted: () => wantedExposure(controlPlane),
}));
