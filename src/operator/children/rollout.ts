/** How a Deployment fares: what `kubectl rollout status` would say, as data. */
import type { Deployment, DeploymentCondition } from "../../api/kubernetes/types.ts";

/** The state of a rollout. */
export interface Rollout {
  /** Pods that should run. */
  wanted: number;
  ready: number;
  /** Pods that have been ready for long enough. */
  availablePods: number;
  /** Every pod that should run does, is of the current template, and no older one is left. */
  complete: boolean;
  /** What it waits for, in words; empty where it is complete. */
  waitingFor: string;
  /** Enough pods have been ready for long enough. */
  available: boolean;
  /** The cluster's own words on why not. */
  unavailableBecause: string;
  paused: boolean;
  /** The deadline for progress has passed. The text is the cluster's. */
  stuck: string | undefined;
  /** Pods cannot be made, such as for lack of quota. The text is the cluster's. */
  replicaFailure: string | undefined;
}

/** Reads the state from a live Deployment. */
export function rolloutOf(deployment: Deployment): Rollout {
  const { metadata, spec, status } = deployment;
  const wanted = spec?.replicas ?? 1;
  const current = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const condition = (type: string) => status?.conditions?.find((each) => each.type === type);
  const available = condition("Available");
  const progressing = condition("Progressing");
  const waitingFor = current ? missing(deployment, wanted) : "the cluster has yet to see the latest change";
  return {
    wanted,
    ready: status?.readyReplicas ?? 0,
    availablePods: status?.availableReplicas ?? 0,
    complete: waitingFor === "",
    waitingFor,
    available: wanted > 0 && available?.status === "True",
    unavailableBecause: text(available) || "no pod has become ready yet",
    paused: spec?.paused === true,
    stuck: current && progressing?.reason === "ProgressDeadlineExceeded" ? text(progressing) : undefined,
    replicaFailure: failing(condition("ReplicaFailure")),
  };
}

function missing({ status }: Deployment, wanted: number): string {
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  if (updatedReplicas < wanted) return `${updatedReplicas} of ${wanted} pods have the current template`;
  if (replicas > updatedReplicas) return `${replicas - updatedReplicas} older pods are still to end`;
  if (availableReplicas < wanted) return `${availableReplicas} of ${wanted} pods are available`;
  return "";
}

function failing(condition: DeploymentCondition | undefined): string | undefined {
  return condition?.status === "True" ? text(condition) : undefined;
}

function text(condition: DeploymentCondition | undefined): string {
  return condition?.message ?? "";
}
