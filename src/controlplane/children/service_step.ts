/** The Service of a control plane. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { Services } from "../../api/kubernetes/resources.ts";
import { recordApply } from "./child_events.ts";
import { desiredService } from "./children.ts";
import type { Step } from "../step.ts";

export const serviceStep: Step = {
  name: "Service",
  async run({ controlPlane, object, signal }, { applier, events }) {
    const desired = desiredService(controlPlane);
    const { outcome } = await applier.apply(Services, desired, {
      owner: object,
      ownerType: CoderControlPlanes,
      signal,
    });
    recordApply(events, object, desired, outcome);
  },
};
