/** The Deployment of a control plane: rendered anew, or kept as somebody else rendered it. */
import type { ControlPlane } from "../../api/control_plane.ts";
import { applyDeployment, ownDeployment, settleDeployment } from "../../operator/children/deployment.ts";
import { ACCESS_URL } from "../../workload/access_urls.ts";
import type { Pass, Step } from "../step.ts";
import { effective } from "../upgrade/effective.ts";
import { rolloutParts } from "../upgrade/rollout_parts.ts";
import { desiredDeployment } from "./deployment.ts";
import { RENDERING } from "./pod_template.ts";
import { type RenderedTemplate, renderTemplate } from "./rendered_template.ts";
import { makeRoomForRecreate, strategyOf } from "../../operator/children/strategy.ts";

export const deploymentStep: Step = {
  name: "Deployment",
  async run(pass, tools) {
    const controlPlane = effective(pass.controlPlane, pass.image);
    const live = ownDeployment(pass, tools);
    const rendered = await renderTemplate(controlPlane, live, pass, tools);
    const { inputs, recorded } = rendered;
    warnOfAddress(controlPlane, rendered, pass);
    const settled = await settleDeployment(pass, tools, {
      live,
      rendered,
      rendering: RENDERING,
      replicas: controlPlane.spec.replicas,
      waiting: pass.upgrade?.waiting === true,
    });
    const strategy = strategyOf(controlPlane, live, settled.template !== undefined);
    await makeRoomForRecreate(strategy, live, pass, tools);
    const rollout = await rolloutParts(pass, tools, inputs, recorded);
    const desired = desiredDeployment(controlPlane, { ...settled, inputs, recorded, strategy, rollout });
    await applyDeployment(pass, tools, desired, settled, rendered);
  },
};

/** Identity providers send people back to the access URL. */
function warnOfAddress({ spec }: ControlPlane, { urls }: RenderedTemplate, { report }: Pass): void {
  if (!urls.clusterOnly || (spec.signIn?.oidc === undefined && spec.signIn?.github === undefined)) return;
  report.warning({
    reason: "AccessURLInsideCluster",
    message:
      `spec.signIn sends people back to ${urls.access}, which is an address inside the cluster alone: ` +
      `set spec.expose, or ${ACCESS_URL} in spec.extraEnv, to the address that they type`,
  });
}
