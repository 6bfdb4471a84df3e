/** The Deployment of a control plane, as it should be applied. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { Deployment, DeploymentStrategy, PodTemplateSpec } from "../../api/kubernetes/types.ts";
import { standardLabels } from "../../workload/labels.ts";
import { REPLICAS_ANNOTATION } from "../../workload/replicas.ts";
import { INPUTS_ANNOTATION, RENDERING_ANNOTATION } from "../../workload/template_decision.ts";
import type { RolloutParts } from "../upgrade/rollout_parts.ts";

/** What was decided about the parts that may be left to others. */
export interface DeploymentParts {
  /** Undefined leaves the template that is there. */
  template: PodTemplateSpec | undefined;
  /** Undefined leaves the number to an autoscaler. */
  replicas: number | undefined;
  /** The hash of what the template is made from. */
  inputs: string;
  /** The value of the rendering annotation. */
  rendering: string;
  /** Annotations of what else shapes the template. */
  recorded: Readonly<Record<string, string>>;
  /** Undefined leaves that which is there. */
  strategy: DeploymentStrategy | undefined;
  /** How the rollout of another image is to go. */
  rollout?: RolloutParts;
}

/** The object for the applier. Deadlines that an upgrade does not need stay as the cluster or others set them. */
export function desiredDeployment(controlPlane: ControlPlane, parts: DeploymentParts): Deployment {
  const { metadata: { namespace = "", name = "" }, spec } = controlPlane;
  const labels = standardLabels("coder-control-plane", name);
  const { template, replicas, inputs, rendering, recorded, strategy } = parts;
  const { annotations, ...rollout } = parts.rollout ?? {};
  const deploymentSpec = {
    ...(replicas !== undefined && { replicas }),
    selector: { matchLabels: labels },
    ...(strategy !== undefined && { strategy }),
    ...rollout,
    ...(template !== undefined && { template }),
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name,
      namespace,
      labels,
      annotations: {
        [INPUTS_ANNOTATION]: inputs,
        [RENDERING_ANNOTATION]: rendering,
        [REPLICAS_ANNOTATION]: String(spec.replicas),
        ...recorded,
        ...annotations,
      },
    },
    // An apply may leave out what is there already; the type describes whole objects.
    spec: deploymentSpec as NonNullable<Deployment["spec"]>,
  };
}
