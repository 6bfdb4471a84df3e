/** Deployments and Jobs for unit tests. */
import type { Deployment, Job } from "../../api/kubernetes/types.ts";
import { INPUTS_ANNOTATION } from "../../workload/template_decision.ts";
import { ROLLOUT_ANNOTATION, type RolloutState, rolloutStateText } from "./rollout_state.ts";

/** Coder of a version. */
export const coder = (version: string): string => `ghcr.io/coder/coder:v${version}`;

/** What varies between Deployments. */
export interface DeploymentLook {
  image: string;
  state?: RolloutState;
  inputs?: string;
  paused?: boolean;
  /** Pods that are wanted. */
  wanted?: number;
  /** Pods of the current template: all of them, and those that are ready. */
  updated?: number;
  updatedReady?: number;
  /** Ready pods of earlier templates. */
  old?: number;
  /** Pods of earlier templates that are not ready. */
  oldUnready?: number;
  /** The cluster says that the deadline has passed. */
  timedOut?: boolean;
  deadline?: number;
}

/** A Deployment of a control plane as the cluster would have it. */
export function deploymentOf(look: DeploymentLook): Deployment {
  const { wanted = 2, old = 0, oldUnready = 0 } = look;
  const { updated = wanted, updatedReady = updated } = look;
  const ready = updatedReady + old;
  const annotations = {
    ...(look.inputs !== undefined && { [INPUTS_ANNOTATION]: look.inputs }),
    ...(look.state !== undefined && { [ROLLOUT_ANNOTATION]: rolloutStateText(look.state) }),
  };
  const progressing = look.timedOut
    ? { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "has timed out" }
    : { type: "Progressing", status: "True", reason: "ReplicaSetUpdated", message: "" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "coder", namespace: "a", uid: "deployment-1", generation: 1, annotations },
    spec: {
      replicas: wanted,
      selector: {},
      ...(look.paused === true && { paused: true }),
      ...(look.deadline !== undefined && { progressDeadlineSeconds: look.deadline }),
      template: { spec: { containers: [{ name: "sidecar" }, { name: "coder", image: look.image }] } },
    },
    status: {
      observedGeneration: 1,
      replicas: updated + old + oldUnready,
      updatedReplicas: updated,
      readyReplicas: ready,
      availableReplicas: ready,
      conditions: [progressing],
    },
  };
}

/** A backup Job as the cluster would have it. */
export function jobOf(
  name: string,
  labels: Record<string, string>,
  end?: "Complete" | "Failed",
  creationTimestamp = "2026-01-01T00:00:00Z",
): Job {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace: "a", uid: name, labels, creationTimestamp },
    ...(end !== undefined && {
      status: {
        conditions: [{
          type: end,
          status: "True",
          reason: "BackoffLimitExceeded",
          message: "reached the limit",
        }],
      },
    }),
  };
}
