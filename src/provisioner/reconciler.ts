/** One pass over one provisioner: its children, its status, its end. */
import { CoderProvisioners, parseProvisioner, type ProvisionerStatus } from "../api/provisioner.ts";
import type { ObjectKey } from "../api/object.ts";
import { concludePass, passFacts } from "../operator/pass/conclude.ts";
import type { StepFailure } from "../operator/pass/failure.ts";
import { gatheringEvents } from "../operator/pass/gathered_events.ts";
import { readOwner } from "../operator/pass/read.ts";
import { runSteps } from "../operator/pass/step.ts";
import { findControlPlane } from "../operator/visit/control_plane_ref.ts";
import type { Reconcile, ReconcileContext, ReconcileResult } from "../reconciler/reconcile.ts";
import { provisionerName } from "../workload/names.ts";
import { endProvisioner } from "./end.ts";
import { type ProvisionerResults, Report } from "./results.ts";
import { nextStatus } from "./status.ts";
import type { Pass, PassState, Step, Tools } from "./step.ts";
import { deploymentStep } from "./steps/deployment_step.ts";
import { finalizerStep } from "./steps/finalizer_step.ts";
import { leftoversStep } from "./steps/leftovers_step.ts";
import { oldSecretsStep, oldServiceAccountsStep } from "./steps/old_children_steps.ts";
import { serviceAccountStep } from "./steps/service_account_step.ts";
import { workspaceRbacStep } from "./steps/workspace_rbac_step.ts";

/** What is done, stage by stage. What concerns Coder itself (keys, numbers of pods by work) is done by visits. */
const STAGES: readonly (readonly Step[])[] = [
  // Visits make no key before the finalizer holds the provisioner.
  [finalizerStep, serviceAccountStep, deploymentStep],
  [leftoversStep],
  [workspaceRbacStep, oldServiceAccountsStep, oldSecretsStep],
];

/** What passes work with beside the tools of their steps. */
export interface ReconcilerOptions extends Tools {
  /** What visits to Coder found out. @default there are no visits */
  results?: ProvisionerResults;
  /** @default {STAGES} */
  stages?: readonly (readonly Step[])[];
}

/** Makes the reconcile function of provisioners. */
export function provisionerReconcile(options: ReconcilerOptions): Reconcile {
  return (key, context) => gatheringEvents(options, (tools) => reconcile(key, context, tools));
}

async function reconcile(
  key: ObjectKey,
  context: ReconcileContext,
  options: ReconcilerOptions,
): Promise<ReconcileResult | void> {
  const { kinds, redact, results } = options;
  const object = kinds.provisioners.get(key);
  if (object === undefined) return;
  const state: PassState = {
    key,
    kind: { type: CoderProvisioners, informer: kinds.provisioners, noun: "provisioner" },
    object,
    deploymentKey: { namespace: key.namespace, name: provisionerName(key.name) },
    ...context,
    report: new Report(),
    result: results?.get(object.metadata.uid ?? ""),
  };
  if (object.metadata.deletionTimestamp !== undefined) return await endProvisioner(state, options);
  const read = readOwner(object, parseProvisioner, redact);
  if ("failure" in read) return await conclude(state, [read.failure], options);
  const provisioner = read.value;
  const { controlPlaneRef } = provisioner.spec;
  const controlPlane = findControlPlane(controlPlaneRef, key, kinds.controlPlanes, options.clusterDomain);
  const pass: Pass = { ...state, provisioner, controlPlane };
  const failures = await runSteps(options.stages ?? STAGES, pass, options);
  return await conclude(pass, failures, options);
}

async function conclude(
  pass: PassState | Pass,
  failures: readonly StepFailure[],
  options: ReconcilerOptions,
): Promise<ReconcileResult> {
  const { result } = pass;
  const visits = { result, unvisited: options.results === undefined };
  const facts = {
    ...passFacts(pass, failures, visits, options),
    provisioner: "provisioner" in pass ? pass.provisioner : undefined,
    waiting: pass.waiting,
    keys: result?.keys,
  };
  return await concludePass(
    pass,
    failures,
    (before: ProvisionerStatus | undefined) => nextStatus(before, facts),
    options,
  );
}
