/** Who says how many pods there are: the resource, or an autoscaler. */
import type { Deployment } from "../api/kubernetes/types.ts";
import type { DeploymentFacts } from "./deployment_facts.ts";

/** On a Deployment: `spec.replicas` of the resource when it was last applied. */
export const REPLICAS_ANNOTATION = "coder.com/replicas";

/** What the decision rests on. */
export interface ReplicasInput {
  /** `spec.replicas` of the resource. */
  wanted: number;
  /** The existing Deployment; undefined where there is none of ours. */
  live: Deployment | undefined;
  facts: DeploymentFacts;
  /** A HorizontalPodAutoscaler targets the Deployment. */
  autoscaled: boolean;
}

/**
 * The number to apply; undefined leaves the field to others. An autoscaler rules as long as it is there. A number that
 * was set through the `scale` subresource stays until the resource's own number next changes.
 */
export function decideReplicas({ wanted, live, facts, autoscaled }: ReplicasInput): number | undefined {
  if (live === undefined) return wanted;
  if (autoscaled) return undefined;
  const recorded = live.metadata.annotations?.[REPLICAS_ANNOTATION];
  const changed = recorded !== undefined && recorded !== String(wanted);
  return facts.scaled && !changed ? undefined : wanted;
}
