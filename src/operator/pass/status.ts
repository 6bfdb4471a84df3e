/** The status that follows a pass. Pure: the same facts give the same status, so that nothing is written for nothing. */
import type { Condition, Deployment } from "../../api/kubernetes/types.ts";
import type { ObjectKey } from "../../api/object.ts";
import { conditionOf, type ConditionUpdate, withConditions } from "../../workload/conditions.ts";
import { INPUTS_ANNOTATION } from "../../workload/template_decision.ts";
import { rolloutOf } from "../children/rollout.ts";
import {
  type ConditionFacts,
  conditionsOf,
  type ConditionWords,
  TRANSIENT_CONDITIONS,
} from "./conditions.ts";
import type { StepFailure } from "./failure.ts";
import type { GenerationReport, Trouble } from "./report.ts";

/** What every status of an object that runs pods has. */
export interface BaseStatus {
  observedGeneration?: number | undefined;
  readyReplicas?: number | undefined;
  phase?: string | undefined;
  conditions?: readonly Condition[] | undefined;
}

/** What a pass found out. */
export interface StatusFacts<S extends object = object> {
  key: ObjectKey;
  words: ConditionWords;
  generation: number;
  /** The live Deployment, where there is one of ours. */
  deployment: Deployment | undefined;
  failures: readonly StepFailure[];
  /** Changes of the pod template that wait for the next change of the spec; undefined where that is not known. */
  pendingUpgrade: readonly string[] | undefined;
  /** What the spec allows but should not have. */
  warnings: readonly Trouble[];
  /** See {@linkcode ConditionFacts.unready}. */
  unready?: ConditionFacts["unready"];
  /** The same. */
  pending?: ConditionFacts["pending"];
  /** False before the first visit of this process to Coder: what an earlier process found out there then stays. */
  visited: boolean;
  /** What steps and visits say beside, in order: a later one has the last word. */
  reports: readonly GenerationReport<S>[];
  now: Date;
}

/** Fields of the Go operator's status, and of later features, stay; zero values are left out. */
export function nextStatus<T extends BaseStatus>(before: T | undefined, facts: StatusFacts): T {
  const { deployment, generation, now } = facts;
  const rollout = deployment === undefined ? undefined : rolloutOf(deployment);
  const { observedGeneration: observed, readyReplicas: _ready, phase: _phase, conditions, ...kept } =
    before ??
      {} as T;
  const warnings = [...facts.warnings, ...facts.reports.flatMap((report) => report.warnings)];
  const troubles = facts.reports.flatMap((report) => report.troubles);
  const pendingUpgrade = facts.pendingUpgrade ?? [];
  const said = conditionsOf({ ...facts, pendingUpgrade, rollout, warnings, troubles });
  const current = new Set(said.map(({ type }) => type));
  if (facts.pendingUpgrade === undefined) current.add("UpgradePending");
  if (!facts.visited) current.add("ConfigurationWarning");
  const updates = facts.visited ? said : said.filter((update) => !mayHide(update, conditions));
  const removed = TRANSIENT_CONDITIONS.filter((type) => !current.has(type));
  const seen = isTakeoverPending(deployment) ? observed : Math.max(generation, observed ?? 0);
  const ready = rollout?.ready ?? 0;
  const status: BaseStatus = {
    ...withoutUndefined(Object.assign({}, kept, ...facts.reports.map(({ status }) => status))),
    ...(seen !== undefined && { observedGeneration: seen }),
    ...(ready > 0 && { readyReplicas: ready }),
    phase: ready > 0 ? "Ready" : "Pending",
    conditions: facts.reports.reduce(
      (all, report) =>
        withConditions(all, report.conditions, report.absent, { generation: report.generation, now }),
      withConditions(conditions, updates, removed, { generation, now }),
    ),
  };
  // Reports hold fields of the same status, and nothing else was taken away or added.
  return status as T;
}

/** "Nothing is wrong", before Coder was asked, over something that an earlier process found wrong. */
function mayHide({ type, status }: ConditionUpdate, conditions: readonly Condition[] | undefined): boolean {
  return type === "Degraded" && status === "False" && conditionOf(conditions, type)?.status === "True";
}

function withoutUndefined(status: object): object {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
}

/**
 * The Deployment is another operator's work and could not be taken over yet. Then its generation stays the last observed
 * one: the next pass must still be able to tell whether the pod template there belongs to this spec.
 */
function isTakeoverPending(deployment: Deployment | undefined): boolean {
  return deployment !== undefined && deployment.metadata.annotations?.[INPUTS_ANNOTATION] === undefined;
}
