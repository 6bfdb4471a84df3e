/** How many pods a provisioner's Deployment gets, and what autoscalers are told about them. */
import type { Deployment } from "../api/kubernetes/types.ts";
import type { Provisioner, ProvisionerStatus } from "../api/provisioner.ts";
import { selectorText } from "../workload/labels.ts";
import { decideReplicas, type ReplicasInput } from "../workload/replicas.ts";
import { autoscaleSettings } from "./autoscale.ts";
import { childLabels } from "./children.ts";

/** What the number rests on. */
export interface DeploymentReplicasInput extends Omit<ReplicasInput, "wanted"> {
  readonly provisioner: Provisioner;
  /** What `spec.autoscale` came to; undefined while it has not come to anything. */
  readonly byWork: number | undefined;
}

/**
 * The number to apply; undefined leaves the field to others. An autoscaler of Kubernetes that targets the Deployment goes
 * before `spec.autoscale`, and that before `spec.replicas`. Until the work is known, as many pods as there are stay.
 */
export function deploymentReplicas(input: DeploymentReplicasInput): number | undefined {
  const { provisioner: { spec }, byWork, live, autoscaled } = input;
  if (spec.autoscale === undefined) return decideReplicas({ ...input, wanted: spec.replicas });
  if (live !== undefined && autoscaled) return undefined;
  const { minReplicas, maxReplicas } = autoscaleSettings(spec.autoscale);
  const number = byWork ?? (live === undefined ? minReplicas : live.spec?.replicas ?? 1);
  return Math.min(maxReplicas, Math.max(minReplicas, number));
}

/** What the scale subresource shows. Zero is left out. */
export function scaleStatus(
  provisioner: Provisioner,
  live: Deployment | undefined,
): Pick<ProvisionerStatus, "replicas" | "selector"> {
  const { replicas = 0 } = live?.status ?? {};
  return { ...(replicas > 0 && { replicas }), selector: selectorText(childLabels(provisioner)) };
}
