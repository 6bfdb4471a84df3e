/** One pass over one control plane: its children, its status. */
import {
  CoderControlPlanes,
  type ControlPlane,
  type ControlPlaneStatus,
  parseControlPlane,
} from "../api/control_plane.ts";
import type { ObjectKey } from "../api/object.ts";
import type { Reconcile, ReconcileContext, ReconcileResult } from "../reconciler/reconcile.ts";
import { aggregationWarnings } from "./aggregation.ts";
import type { VisitResults } from "./coder/results.ts";
import { deploymentStep } from "./children/deployment_step.ts";
import { disruptionBudgetStep } from "./children/disruption_budget_step.ts";
import { envSources } from "../operator/children/env_sources.ts";
import { exposureStep } from "./exposure/exposure_step.ts";
import { concludePass, passFacts } from "../operator/pass/conclude.ts";
import type { StepFailure } from "../operator/pass/failure.ts";
import { gatheringEvents } from "../operator/pass/gathered_events.ts";
import { readOwner } from "../operator/pass/read.ts";
import { runSteps } from "../operator/pass/step.ts";
import { CONTENTS, deletionPolicy } from "./deletion/policy.ts";
import { endPass } from "./end_pass.ts";
import { finalizerStep } from "./finalizer_step.ts";
import { oldServiceAccountsStep, serviceAccountStep } from "./children/service_account_step.ts";
import { serviceStep } from "./children/service_step.ts";
import { Report } from "./report.ts";
import { nextStatus } from "./status.ts";
import type { Pass, PassState, Step, Tools } from "./step.ts";
import { upgradeStep } from "./upgrade/upgrade_step.ts";
import { DATABASE_URL, namesDatabase } from "./warnings.ts";
import { workspaceRbacStep } from "./rbac/workspace_rbac_step.ts";

/** What is done, stage by stage. What concerns Coder itself (access, licence) is done by visits: see `coder/`. */
const STAGES: readonly (readonly Step[])[] = [
  // The Service first: its addresses tell pods of which family theirs are.
  [finalizerStep, upgradeStep(), serviceStep],
  [serviceAccountStep, deploymentStep],
  [workspaceRbacStep, oldServiceAccountsStep, exposureStep, disruptionBudgetStep],
];

/** What passes work with beside the tools of their steps. */
export interface ReconcilerOptions extends Tools {
  /** What visits to Coder found out. @default there are no visits */
  results?: VisitResults;
  /** @default {STAGES} */
  stages?: readonly (readonly Step[])[];
}

/** Makes the reconcile function of control planes. */
export function controlPlaneReconcile(options: ReconcilerOptions): Reconcile {
  return (key, context) => gatheringEvents(options, (tools) => reconcile(key, context, tools));
}

async function reconcile(
  key: ObjectKey,
  context: ReconcileContext,
  options: ReconcilerOptions,
): Promise<ReconcileResult | void> {
  const object = options.kinds.controlPlanes.get(key);
  if (object === undefined) return;
  if (object.metadata.deletionTimestamp !== undefined) return await endPass(object, options, context);
  const visit = options.results?.get(object.metadata.uid ?? "");
  const visitDue = options.results !== undefined &&
    (visit?.generation ?? 0) < (object.metadata.generation ?? 0);
  const kind = { type: CoderControlPlanes, informer: options.kinds.controlPlanes, noun: "control plane" };
  const state: PassState = {
    key,
    kind,
    object,
    // It is named after its control plane.
    deploymentKey: key,
    ...context,
    report: new Report(),
    visit,
    visitDue,
  };
  // Of a control plane that is being deleted alone; a backup may have brought it back.
  state.report.noCondition(CONTENTS);
  const read = readOwner(object, parseControlPlane, options.redact);
  if ("failure" in read) return await conclude(state, undefined, [read.failure], options);
  const pass: Pass = { ...state, controlPlane: read.value };
  const failures = await runSteps(options.stages ?? STAGES, pass, options);
  return await conclude(pass, pass.controlPlane, failures, options);
}

async function conclude(
  pass: PassState,
  controlPlane: ControlPlane | undefined,
  failures: readonly StepFailure[],
  options: ReconcilerOptions,
): Promise<ReconcileResult> {
  const visits = { result: pass.visit, unvisited: options.results === undefined };
  const facts = {
    ...passFacts(pass, failures, visits, options),
    controlPlane,
    clusterDomain: options.clusterDomain,
    aggregation: aggregationWarnings(pass.object, options.kinds.controlPlanes),
    deletion: deletionPolicy(pass.object).warnings,
    databaseKnown: controlPlane === undefined || await knowsDatabase(controlPlane, pass, options),
  };
  return await concludePass(
    pass,
    failures,
    (before: ControlPlaneStatus | undefined) => nextStatus(before, facts),
    options,
  );
}

/** Several pods need a database of their own; where that cannot be told, nobody is warned. */
async function knowsDatabase(
  controlPlane: ControlPlane,
  pass: PassState,
  { envSources: sources }: Tools,
): Promise<boolean> {
  const replicas = pass.deployment?.spec?.replicas ?? controlPlane.spec.replicas;
  if (replicas <= 1 || namesDatabase(controlPlane)) return true;
  try {
    return await sources.define(envSources(controlPlane), DATABASE_URL, pass.signal);
  } catch {
    pass.signal.throwIfAborted();
    return true;
  }
}
