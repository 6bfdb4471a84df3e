/** The status that follows a pass. Pure: the same facts give the same status, so that nothing is written for nothing. */
import type { ControlPlane, ControlPlaneStatus } from "../api/control_plane.ts";
import type { Condition, Deployment } from "../api/kubernetes/types.ts";
import type { ObjectKey } from "../api/object.ts";
import { conditionOf, type ConditionUpdate, withConditions } from "../workload/conditions.ts";
import { INPUTS_ANNOTATION } from "../workload/template_decision.ts";
import { statusUrl } from "../workload/urls.ts";
import { conditionsOf, TRANSIENT_CONDITIONS } from "./conditions.ts";
import { serviceAddress } from "./children/environment.ts";
import type { StepFailure } from "./failure.ts";
import type { ReportData, ReportedStatus, StatusChange } from "./report.ts";
import { rolloutOf } from "./children/rollout.ts";
import { warningsOf } from "./warnings.ts";

/** What a pass found out. */
export interface PassFacts {
  key: ObjectKey;
  generation: number;
  /** Undefined where the object could not be read. */
  controlPlane: ControlPlane | undefined;
  /** The live Deployment, where there is one of ours. */
  deployment: Deployment | undefined;
  failures: readonly StepFailure[];
  /** Changes of the pod template that wait for the next change of the spec; undefined where that is not known. */
  pendingUpgrade: readonly string[] | undefined;
  /** DNS domain of the cluster. @default {"cluster.local"} */
  clusterDomain?: string;
  /** A database is configured, or may be. */
  databaseKnown: boolean;
  /** False before the first visit of this process to Coder: what an earlier process found out there then stays. */
  visited: boolean;
  /** What steps and visits say beside, in order: a later one has the last word. */
  reports: readonly GenerationReport[];
  now: Date;
}

/** A report, and the generation of the object that it is about. */
export type GenerationReport = ReportData & { generation: number };

/** Fields of the Go operator's status, and of later features, stay; zero values are left out. */
export function nextStatus(before: ControlPlaneStatus | undefined, facts: PassFacts): ControlPlaneStatus {
  const { controlPlane, deployment, generation, now } = facts;
  const rollout = deployment === undefined ? undefined : rolloutOf(deployment);
  const { observedGeneration: observed, readyReplicas: _ready, phase: _phase, url, conditions, ...kept } =
    before ??
      {};
  const warnings = controlPlane === undefined ? [] : warningsOf(controlPlane, {
    replicas: rollout?.wanted ?? controlPlane.spec.replicas,
    databaseKnown: facts.databaseKnown,
  });
  for (const { warnings: more } of facts.reports) warnings.push(...more);
  const troubles = facts.reports.flatMap((report) => report.troubles);
  const said = conditionsOf({
    ...facts,
    pendingUpgrade: facts.pendingUpgrade ?? [],
    rollout,
    warnings,
    troubles,
  });
  const current = new Set(said.map(({ type }) => type));
  if (facts.pendingUpgrade === undefined) current.add("UpgradePending");
  if (!facts.visited) current.add("ConfigurationWarning");
  const updates = facts.visited ? said : said.filter((update) => !mayHide(update, conditions));
  const removed = TRANSIENT_CONDITIONS.filter((type) => !current.has(type));
  const seen = isTakeoverPending(deployment) ? observed : Math.max(generation, observed ?? 0);
  const address = controlPlane === undefined
    ? url
    : statusUrl(serviceAddress(controlPlane, facts.clusterDomain));
  const ready = rollout?.ready ?? 0;
  const reported = withoutUndefined(Object.assign({}, kept, ...facts.reports.map(({ status }) => status)));
  return {
    ...reported,
    ...(seen !== undefined && { observedGeneration: seen }),
    ...(ready > 0 && { readyReplicas: ready }),
    phase: ready > 0 ? "Ready" : "Pending",
    ...(address !== undefined && { url: address }),
    conditions: facts.reports.reduce(
      (all, report) =>
        withConditions(all, report.conditions, report.absent, { generation: report.generation, now }),
      withConditions(conditions, updates, removed, { generation, now }),
    ),
  };
}

/** "Nothing is wrong", before Coder was asked, over something that an earlier process found wrong. */
function mayHide({ type, status }: ConditionUpdate, conditions: readonly Condition[] | undefined): boolean {
  return type === "Degraded" && status === "False" && conditionOf(conditions, type)?.status === "True";
}

function withoutUndefined(status: StatusChange): ReportedStatus {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
}

/**
 * The Deployment is another operator's work and could not be taken over yet. Then its generation stays the last observed
 * one: the next pass must still be able to tell whether the pod template there belongs to this spec.
 */
function isTakeoverPending(deployment: Deployment | undefined): boolean {
  return deployment !== undefined && deployment.metadata.annotations?.[INPUTS_ANNOTATION] === undefined;
}
