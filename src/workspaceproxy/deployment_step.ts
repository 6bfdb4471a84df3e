/** The Deployment of a workspace proxy: rendered anew, or kept as somebody else rendered it. */
import { applyDeployment, ownDeployment, settleDeployment } from "../operator/children/deployment.ts";
import { makeRoomForRecreate, strategyOf } from "../operator/children/strategy.ts";
import { desiredDeployment } from "./children.ts";
import { connectionOf } from "./connection.ts";
import { RENDERING } from "./pod_template.ts";
import { renderTemplate } from "./rendered_template.ts";
import type { Step } from "./step.ts";

export const deploymentStep: Step = {
  name: "Deployment",
  async run(pass, tools) {
    const { proxy, result, unvisited = false } = pass;
    const live = ownDeployment(pass, tools);
    const connection = connectionOf(proxy, { result, unvisited, live });
    if (!connection.ready) {
      if (live === undefined) pass.unready = connection.why;
      return;
    }
    const rendered = await renderTemplate(pass, tools, { connection, live });
    const { inputs, recorded } = rendered;
    const settled = await settleDeployment(pass, tools, {
      live,
      rendered,
      rendering: RENDERING,
      replicas: proxy.spec.replicas,
    });
    const strategy = strategyOf(proxy, live, settled.template !== undefined);
    await makeRoomForRecreate(strategy, live, pass, tools);
    const desired = desiredDeployment(proxy, { ...settled, inputs, recorded, strategy });
    await applyDeployment(pass, tools, desired, settled, rendered);
  },
};
