/** The status of a provisioner that follows a pass. */
import type { Provisioner, ProvisionerStatus } from "../api/provisioner.ts";
import type { ConditionWords } from "../operator/pass/conditions.ts";
import { EMPTY_REPORT, type Trouble } from "../operator/pass/report.ts";
import { nextStatus as nextSharedStatus, type StatusFacts } from "../operator/pass/status.ts";
import { conditionOf, type ConditionUpdate } from "../workload/conditions.ts";
import { mergeRecords, readRecord, writeRecord } from "./keys/mod.ts";
import { scaleStatus } from "./replicas.ts";
import type { GenerationReport, ProvisionerResult, ReportedStatus } from "./results.ts";
import { liveImage } from "./template_facts.ts";

/** What a pass found out. */
export interface PassFacts extends Omit<StatusFacts<ReportedStatus>, "words" | "warnings" | "unready"> {
  /** Undefined where the object could not be read. */
  readonly provisioner: Provisioner | undefined;
  /** Why there can be no Deployment yet. */
  readonly waiting: Trouble | undefined;
  /** The record of keys as the last visit read it, and as it left it. */
  readonly keys: ProvisionerResult["keys"];
}

/** See the shared one. */
export function nextStatus(before: ProvisionerStatus | undefined, facts: PassFacts): ProvisionerStatus {
  const { deployment, generation, keys, provisioner, reports } = facts;
  const own: GenerationReport = {
    ...EMPTY_REPORT,
    generation,
    conditions: [deploymentReady(deployment)],
    status: {
      image: liveImage(deployment),
      replicas: undefined,
      ...(provisioner !== undefined && scaleStatus(provisioner, deployment)),
    },
  };
  const status = nextSharedStatus<ProvisionerStatus>(before, {
    ...facts,
    words: wordsFor(provisioner),
    warnings: [],
    ...keyTroubles(before, facts),
    reports: [own, ...reports],
  });
  return withKeys(status, before, keys, facts.key.namespace);
}

/** The record is written over whatever else a report says of its fields; `undefined` removes one. */
export function withKeys(
  status: ProvisionerStatus,
  before: ProvisionerStatus | undefined,
  keys: ProvisionerResult["keys"],
  namespace: string,
): ProvisionerStatus {
  if (keys === undefined) return status;
  const record = mergeRecords({ ...keys, theirs: readRecord(before ?? {}, namespace) });
  const entries = Object.entries({ ...status, ...writeRecord(record, namespace) });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as ProvisionerStatus;
}

/** What the Go operator says of the Deployment. */
function deploymentReady(deployment: PassFacts["deployment"]): ConditionUpdate {
  const ready = deployment?.status?.readyReplicas ?? 0;
  return ready > 0
    ? {
      type: "DeploymentReady",
      status: "True",
      reason: "MinimumReplicasReady",
      message: "At least one pod is ready",
    }
    : { type: "DeploymentReady", status: "False", reason: "NoReplicasReady", message: "No pod is ready" };
}

/**
 * What the last visit said of the key, be it one of an earlier process. Without a good one in the Secret, pods cannot sign
 * in. Pods that run with a good one go on while Coder is asked for the one that the spec wants now.
 */
function keyTroubles(
  before: ProvisionerStatus | undefined,
  { deployment, reports, waiting }: PassFacts,
): Pick<StatusFacts, "pending" | "unready"> {
  const trouble = (type: string): Trouble | undefined => {
    const said = reports.flatMap(({ conditions }) => conditions).findLast((each) => each.type === type) ??
      conditionOf(before?.conditions, type);
    return said?.status === "False" ? { reason: said.reason, message: said.message } : undefined;
  };
  const pending = trouble("ProvisionerKeyReady");
  const unusable = trouble("ProvisionerKeySecretReady");
  if (unusable !== undefined) return { unready: pending ?? unusable };
  return deployment === undefined ? { unready: pending ?? waiting } : { pending };
}

function wordsFor(provisioner: Provisioner | undefined): ConditionWords {
  return {
    running: "Provisioners run",
    noun: "provisioner",
    resource: "coderprovisioner",
    purpose: "take builds",
    // They take builds from a queue. Without this, each step up of autoscaling would be an outage.
    oneIsEnough: true,
    replicas: provisioner?.spec.autoscale === undefined ? "spec.replicas" : "spec.autoscale",
  };
}
