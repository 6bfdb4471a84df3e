/** One pass over one control plane: its children, its status, its end. */
import {
  type CoderControlPlane,
  CoderControlPlanes,
  type ControlPlane,
  type ControlPlaneStatus,
  parseControlPlane,
} from "../api/control_plane.ts";
import { InvalidObjectError } from "../api/object_schema.ts";
import {
  type Reconcile,
  type ReconcileContext,
  type ReconcileResult,
  TerminalError,
} from "../reconciler/reconcile.ts";
import { writeStatus } from "../workload/status_writer.ts";
import { SpecError } from "../workload/spec_error.ts";
import { deploymentStep, ownDeployment } from "./deployment_step.ts";
import { envSources } from "./env_sources.ts";
import { failureText, isStalling, type StepFailure, stepFailure } from "./failure.ts";
import { finalize } from "./finalizer.ts";
import { oldServiceAccountsStep, serviceAccountStep } from "./service_account_step.ts";
import { serviceStep } from "./service_step.ts";
import { nextStatus } from "./status.ts";
import { type Pass, type PassState, runSteps, type Step, type Tools } from "./step.ts";
import { transitions } from "./transitions.ts";
import { DATABASE_URL, namesDatabase } from "./warnings.ts";

/** What is done, stage by stage. Workspace RBAC, exposure, operator access and licences are steps of their own, to come. */
const STAGES: readonly (readonly Step[])[] = [
  [serviceAccountStep, deploymentStep, serviceStep],
  [oldServiceAccountsStep],
];

/** Objects of others carry no label that wakes us when they go or are released. */
const LOOK_AGAIN_MS = 60_000;

/** What passes work with beside the tools of their steps. */
export interface ReconcilerOptions extends Tools {
  /** Namespaces that the operator works in; empty means all. */
  namespaces: readonly string[];
  /** @default the wall clock */
  now?: () => Date;
  /** @default {STAGES} */
  stages?: readonly (readonly Step[])[];
}

/** Makes the reconcile function of control planes. */
export function controlPlaneReconcile(options: ReconcilerOptions): Reconcile {
  return async (key, context) => {
    const object = options.kinds.controlPlanes.get(key);
    if (object === undefined) return;
    if (object.metadata.deletionTimestamp !== undefined) return await end(object, options, context);
    const state: PassState = { key, object, ...context };
    const read = readObject(object, options);
    if ("failure" in read) return await conclude(state, undefined, [read.failure], options);
    const pass: Pass = { ...state, controlPlane: read.controlPlane };
    const failures = await runSteps(options.stages ?? STAGES, pass, options);
    return await conclude(pass, pass.controlPlane, failures, options);
  };
}

/** Writes the status, tells what changed in it, and says whether and when to come back. */
async function conclude(
  pass: PassState,
  controlPlane: ControlPlane | undefined,
  failures: readonly StepFailure[],
  options: ReconcilerOptions,
): Promise<ReconcileResult> {
  const { object, key, signal } = pass;
  const { client, kinds, events } = options;
  const facts = {
    key,
    generation: object.metadata.generation ?? 0,
    controlPlane,
    deployment: pass.deployment ?? ownDeployment(pass, options),
    failures,
    pendingUpgrade: pass.pendingUpgrade,
    databaseKnown: controlPlane === undefined || await knowsDatabase(controlPlane, pass, options),
    now: options.now?.() ?? new Date(),
  };
  try {
    const { before, after, written } = await writeStatus<ControlPlaneStatus, CoderControlPlane>({
      client,
      informer: kinds.controlPlanes,
      type: CoderControlPlanes,
      object: latest(object, kinds.controlPlanes.get(key)),
      next: (status) => nextStatus(status, facts),
      signal,
    });
    if (written) {
      for (const { type, reason, note } of transitions(before?.conditions, after.conditions)) {
        events.event(object, type, reason, note);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    return verdict([...failures, stepFailure("Status", error, options.redact)]);
  }
  return verdict(failures);
}

/** A step may have written to the object itself; another object of the same name is none of this pass' business. */
function latest(object: CoderControlPlane, cached: CoderControlPlane | undefined): CoderControlPlane {
  return cached !== undefined && cached.metadata.uid === object.metadata.uid ? cached : object;
}

/** Throws what is worth another try at once; comes back later for what somebody has to change. */
function verdict(failures: readonly StepFailure[]): ReconcileResult {
  const retried = failures.filter((failure) => !isStalling(failure));
  const errors = (those: readonly StepFailure[]) => those.map(({ error }) => error);
  if (retried.length > 0) throw new AggregateError(errors(retried), failureText(failures));
  if (failures.length === 0) return {};
  if (failures.some(({ reason }) => reason === "ForeignObject")) return { requeueAfterMs: LOOK_AGAIN_MS };
  throw new TerminalError(failureText(failures), { cause: new AggregateError(errors(failures)) });
}

function readObject(
  object: CoderControlPlane,
  { redact }: ReconcilerOptions,
): { controlPlane: ControlPlane } | { failure: StepFailure } {
  try {
    return { controlPlane: parseControlPlane(object) };
  } catch (error) {
    if (!(error instanceof InvalidObjectError)) throw error;
    return { failure: stepFailure("Spec", new SpecError("spec", error.message), redact) };
  }
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

async function end(
  object: CoderControlPlane,
  options: ReconcilerOptions,
  { signal }: ReconcileContext,
): Promise<void> {
  const { client, events, namespaces, redact } = options;
  try {
    const deleted = await finalize(object, { client, namespaces, signal });
    if (deleted.length > 0) {
      events.event(
        object,
        "Normal",
        "RBACRemoved",
        `Removed workspace RBAC: ${deleted.join(", ")}`,
        "Delete",
      );
    }
  } catch (error) {
    signal.throwIfAborted();
    const text = redact(error instanceof Error ? error.message : String(error));
    events.event(
      object,
      "Warning",
      "CleanupFailed",
      `Workspace RBAC could not be removed: ${text}`,
      "Delete",
    );
    throw error;
  }
}
