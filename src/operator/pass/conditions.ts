/** The conditions of an object that runs pods: what to look at first, and what to do. */
import type { ObjectKey } from "../../api/object.ts";
import type { ConditionUpdate } from "../../workload/conditions.ts";
import { UPGRADE_NOW_ANNOTATION } from "../../workload/template_decision.ts";
import { failureText, isStalling, notable, type StepFailure } from "./failure.ts";
import type { Rollout } from "../children/rollout.ts";
import type { Trouble } from "./report.ts";

/** Conditions that are only there while they are true. */
export const TRANSIENT_CONDITIONS = [
  "Reconciling",
  "Stalled",
  "UpgradePending",
  "ConfigurationWarning",
] as const;

/** What differs from kind to kind in the messages. */
export interface ConditionWords {
  /** What runs, for "Coder runs: 1 of 1 pods are ready". */
  readonly running: string;
  /** Such as `control plane`. */
  readonly noun: string;
  /** As kubectl knows the kind, such as `codercontrolplane`. */
  readonly resource: string;
  /** What the pods do when they are available, for "Enough pods are available to …". */
  readonly purpose: string;
  /** What may say that no pod is wanted, beside an autoscaler. @default {"spec.replicas"} */
  readonly replicas?: string;
  /** One pod is enough, however many are wanted: more that are on their way make nothing worse. @default {false} */
  readonly oneIsEnough?: boolean;
  /** Reason of a trouble that explains why a rollout is stuck better than the cluster does. @default none */
  readonly explainsStuck?: string;
}

/** What the conditions are made from. */
export interface ConditionFacts {
  key: ObjectKey;
  words: ConditionWords;
  /** Undefined while there is no Deployment of ours. */
  rollout: Rollout | undefined;
  failures: readonly StepFailure[];
  pendingUpgrade: readonly string[];
  warnings: readonly Trouble[];
  /** What is wrong while the pods may well run. */
  troubles: readonly Trouble[];
  /** Why the object is not ready, whatever its pods do; while there are none, it is what they wait for. @default nothing */
  unready?: Trouble | undefined;
  /** What of the spec is still to be done beside the pods, which may well run. @default nothing */
  pending?: Trouble | undefined;
}

/** All of them, in the order in which they are read best. */
export function conditionsOf(facts: ConditionFacts): ConditionUpdate[] {
  const available = availability(facts);
  const progressing = progress(facts);
  const degraded = degradation(facts);
  return [
    readiness(available, degraded, facts),
    available,
    progressing,
    degraded,
    ...reconciling(progressing, facts),
    ...stalled(facts),
    ...upgradePending(facts),
    ...configurationWarning(facts.warnings),
  ];
}

function readiness(
  available: ConditionUpdate,
  degraded: ConditionUpdate,
  { failures, rollout, unready, words }: ConditionFacts,
): ConditionUpdate {
  if (notable(failures).length > 0) {
    return { type: "Ready", status: "False", reason: degraded.reason, message: degraded.message };
  }
  if (unready !== undefined) return { type: "Ready", status: "False", ...unready };
  if (available.status !== "True") {
    return { type: "Ready", status: "False", reason: available.reason, message: available.message };
  }
  const message = `${words.running}: ${rollout?.ready ?? 0} of ${rollout?.wanted ?? 0} pods are ready`;
  return { type: "Ready", status: "True", reason: "Ready", message };
}

function availability({ rollout, words }: ConditionFacts): ConditionUpdate {
  const no = (reason: string, message: string): ConditionUpdate => ({
    type: "Available",
    status: "False",
    reason,
    message,
  });
  if (rollout === undefined) {
    return no("DeploymentMissing", `There is no Deployment of this ${words.noun} yet`);
  }
  if (rollout.wanted === 0) {
    return no(
      "ScaledToZero",
      `No pod is wanted: ${words.replicas ?? "spec.replicas"}, or an autoscaler, says 0`,
    );
  }
  if (!rollout.available && !(words.oneIsEnough === true && rollout.availablePods > 0)) {
    return no("PodsUnavailable", rollout.unavailableBecause);
  }
  return {
    type: "Available",
    status: "True",
    reason: "PodsAvailable",
    message: `Enough pods are available to ${words.purpose}`,
  };
}

function progress({ failures, rollout, unready }: ConditionFacts): ConditionUpdate {
  const progressing = (status: "True" | "False", reason: string, message: string): ConditionUpdate => ({
    type: "Progressing",
    status,
    reason,
    message,
  });
  if (rollout === undefined) {
    const [stalled] = notable(failures).filter(isStalling);
    if (stalled !== undefined) {
      return progressing("False", stalled.reason, `There are no pods yet: ${failureText([stalled])}`);
    }
    return unready === undefined
      ? progressing("True", "Creating", "The Deployment is being created")
      : progressing("False", unready.reason, `There are no pods yet: ${unready.message}`);
  }
  if (rollout.complete) return progressing("False", "RolloutComplete", "Every pod is as the spec wants it");
  if (rollout.stuck !== undefined) {
    return progressing("False", "ProgressDeadlineExceeded", `${rollout.stuck} (${rollout.waitingFor})`);
  }
  if (rollout.paused) {
    return progressing(
      "False",
      "RolloutPaused",
      "The Deployment is paused: kubectl rollout resume goes on with it",
    );
  }
  return progressing("True", "RollingOut", `Rolling out: ${rollout.waitingFor}`);
}

function degradation({ rollout, failures, troubles, words }: ConditionFacts): ConditionUpdate {
  const degraded = (reason: string, message: string): ConditionUpdate => ({
    type: "Degraded",
    status: "True",
    reason,
    message,
  });
  const [first, ...others] = notable(failures).sort((a, b) => Number(isStalling(b)) - Number(isStalling(a)));
  if (first !== undefined) return degraded(first.reason, failureText([first, ...others]));
  if (rollout?.replicaFailure !== undefined) {
    return degraded("ReplicaFailure", `Pods cannot be made: ${rollout.replicaFailure}`);
  }
  // It knows why the rollout is stuck, and what to do.
  const explanation = troubles.find(({ reason }) => reason === words.explainsStuck);
  if (rollout?.stuck !== undefined && explanation === undefined) {
    const advice = "see the pods' events and logs; pods of the earlier version go on where there are any";
    return degraded("ProgressDeadlineExceeded", `${rollout.stuck}; ${advice}`);
  }
  const told = explanation === undefined
    ? troubles
    : [explanation, ...troubles.filter((each) => each !== explanation)];
  const [trouble] = told;
  if (trouble !== undefined) {
    return degraded(trouble.reason, told.map(({ message }) => message).join("; "));
  }
  return { type: "Degraded", status: "False", reason: "AsExpected", message: "Nothing is wrong" };
}

/** kstatus: there is work to do, and the operator (or the cluster) is at it. */
function reconciling(
  progressing: ConditionUpdate,
  { failures, pending, rollout }: Pick<ConditionFacts, "failures" | "pending" | "rollout">,
): ConditionUpdate[] {
  const condition = (reason: string, message: string): ConditionUpdate[] => [
    { type: "Reconciling", status: "True", reason, message },
  ];
  const retried = notable(failures).filter((failure) => !isStalling(failure));
  if (retried.length > 0) return condition("Retrying", failureText(retried));
  if (stalled({ failures, rollout }).length > 0) return [];
  if (progressing.status === "True") return condition(progressing.reason, progressing.message);
  return pending === undefined ? [] : condition(pending.reason, pending.message);
}

/** kstatus: nothing will change before somebody changes something. Never together with `Reconciling`. */
function stalled({ failures, rollout }: Pick<ConditionFacts, "failures" | "rollout">): ConditionUpdate[] {
  const condition = (reason: string, message: string): ConditionUpdate[] => [
    { type: "Stalled", status: "True", reason, message },
  ];
  const [first, ...others] = notable(failures);
  if (first !== undefined) {
    const all = [first, ...others];
    return all.every(isStalling) ? condition(first.reason, failureText(all)) : [];
  }
  return rollout?.stuck === undefined ? [] : condition("ProgressDeadlineExceeded", rollout.stuck);
}

/** More changes than this are counted, not listed. */
const LISTED_CHANGES = 20;

function upgradePending({ key, pendingUpgrade, words }: ConditionFacts): ConditionUpdate[] {
  if (pendingUpgrade.length === 0) return [];
  const listed = pendingUpgrade.slice(0, LISTED_CHANGES).join("; ");
  const rest = pendingUpgrade.length - LISTED_CHANGES;
  const command = `kubectl annotate ${words.resource} ${key.name} --namespace ${key.namespace} ` +
    `${UPGRADE_NOW_ANNOTATION}=true`;
  return [{
    type: "UpgradePending",
    status: "True",
    reason: "TemplateKept",
    message:
      `The pods keep the template that they were started with. The next change of the spec also ${listed}${
        rest > 0 ? `; and ${rest} more` : ""
      }. To have that now (the pods restart): ${command}`,
  }];
}

function configurationWarning(warnings: readonly Trouble[]): ConditionUpdate[] {
  const [first] = warnings;
  if (first === undefined) return [];
  const message = warnings.map((warning) => warning.message).join(". ");
  return [{ type: "ConfigurationWarning", status: "True", reason: first.reason, message }];
}
