/** The Service of a control plane. */
import { Services } from "../../api/kubernetes/resources.ts";
import { applyChild } from "../../operator/children/apply_child.ts";
import type { Step } from "../step.ts";
import { desiredService } from "./children.ts";

export const serviceStep: Step = {
  name: "Service",
  async run(pass, tools) {
    await applyChild(Services, desiredService(pass.controlPlane), pass, tools);
  },
};
