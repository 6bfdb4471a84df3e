/** The Deployment of a workload, as it should be applied. */
import type { Deployment, DeploymentStrategy, PodTemplateSpec } from "../api/kubernetes/types.ts";
import { type ChildIdentity, childMetadata } from "./child.ts";
import { REPLICAS_ANNOTATION } from "./replicas.ts";
import { INPUTS_ANNOTATION, RENDERING_ANNOTATION } from "./template_decision.ts";

/** How the rollout of another image is to go. */
export interface RolloutSettings {
  annotations?: Record<string, string>;
  progressDeadlineSeconds?: number;
  paused?: true;
}

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
  /** @default whatever the cluster or others set */
  rollout?: RolloutSettings;
}

/** The object for the applier. `wanted`: how many pods the spec asks for. */
export function deployment(child: ChildIdentity, wanted: number, parts: DeploymentParts): Deployment {
  const { template, replicas, inputs, rendering, recorded, strategy } = parts;
  const { annotations, ...rollout } = parts.rollout ?? {};
  const spec = {
    ...(replicas !== undefined && { replicas }),
    selector: { matchLabels: { ...child.labels } },
    ...(strategy !== undefined && { strategy }),
    ...rollout,
    ...(template !== undefined && { template }),
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: childMetadata(child, {
      [INPUTS_ANNOTATION]: inputs,
      [RENDERING_ANNOTATION]: rendering,
      [REPLICAS_ANNOTATION]: String(wanted),
      ...recorded,
      ...annotations,
    }),
    // An apply may leave out what is there already; the type describes whole objects.
    spec: spec as NonNullable<Deployment["spec"]>,
  };
}
