/** The status of a control plane that follows a pass. */
import type { ControlPlane, ControlPlaneStatus } from "../api/control_plane.ts";
import { nextStatus as nextSharedStatus, type StatusFacts } from "../operator/pass/status.ts";
import { rolloutOf } from "../operator/children/rollout.ts";
import type { ConditionWords } from "../operator/pass/conditions.ts";
import type { Trouble } from "../operator/pass/report.ts";
import { controlPlaneAddress, statusUrl } from "../workload/urls.ts";
import type { ReportedStatus } from "./report.ts";
import type { UpgradeReason } from "./upgrade/words.ts";
import { warningsOf } from "./warnings.ts";

const EXPLAINS_STUCK: UpgradeReason = "RolloutStopped";

const WORDS: ConditionWords = {
  running: "Coder runs",
  noun: "control plane",
  resource: "codercontrolplane",
  purpose: "serve requests",
  explainsStuck: EXPLAINS_STUCK,
};

/** What a pass found out. */
export interface PassFacts extends Omit<StatusFacts<ReportedStatus>, "words" | "warnings"> {
  /** Undefined where the object could not be read. */
  controlPlane: ControlPlane | undefined;
  /** DNS domain of the cluster. @default {"cluster.local"} */
  clusterDomain?: string;
  /** A database is configured, or may be. */
  databaseKnown: boolean;
  /** How its workspaces and templates are shown as Kubernetes resources. @default nothing to warn of */
  aggregation?: readonly Trouble[];
  /** What becomes of what is in Coder when it is deleted. @default nothing to warn of */
  deletion?: readonly Trouble[];
}

/** See the shared one. The address stays where the object could not be read. */
export function nextStatus(before: ControlPlaneStatus | undefined, facts: PassFacts): ControlPlaneStatus {
  const { controlPlane, deployment } = facts;
  const replicas = (deployment === undefined ? undefined : rolloutOf(deployment).wanted) ??
    controlPlane?.spec.replicas ?? 0;
  const warnings = controlPlane === undefined ? [] : [
    ...warningsOf(controlPlane, { replicas, databaseKnown: facts.databaseKnown }),
    ...facts.aggregation ?? [],
    ...facts.deletion ?? [],
  ];
  const status = nextSharedStatus<ControlPlaneStatus>(before, { ...facts, words: WORDS, warnings });
  if (controlPlane === undefined) return status;
  return { ...status, url: statusUrl(controlPlaneAddress(controlPlane, facts.clusterDomain)) };
}
