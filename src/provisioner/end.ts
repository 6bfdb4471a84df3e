/**
 * The end of a provisioner: nothing is made anew. Its pods end first and may finish their builds, then visits delete its
 * keys in Coder, then what holds it is taken away.
 */
import { CoderProvisioners, parseProvisioner, type ProvisionerStatus } from "../api/provisioner.ts";
import { Deployments } from "../api/kubernetes/resources.ts";
import type { Deployment } from "../api/kubernetes/types.ts";
import { isConflict, isNotFound } from "../kube/errors.ts";
import { ownDeployment } from "../operator/children/deployment.ts";
import { concludePass } from "../operator/pass/conclude.ts";
import { type StepFailure, stepFailure } from "../operator/pass/failure.ts";
import { dropFinalizer, hasFinalizer } from "../operator/pass/finalizers.ts";
import type { ReconcileResult } from "../reconciler/reconcile.ts";
import { withConditions } from "../workload/conditions.ts";
import { finalizerMayStayMs, GIVE_UP_ANNOTATION, givesUp, KEY_FINALIZER, podsMayRunMs } from "./ending.ts";
import { type Key, readRecord } from "./keys/mod.ts";
import { removeWorkspaceRbac } from "./rbac_clean_up.ts";
import type { ProvisionerResults } from "./results.ts";
import { withKeys } from "./status.ts";
import type { PassState, Tools } from "./step.ts";

/** Why it goes on: a reason of the condition `Terminating`. */
type Reason = "PodsEnding" | "DeletingKeys" | "CleaningUp";

/** What it still waits for. */
interface Waiting {
  readonly reason: Reason;
  readonly message: string;
  /** When time alone ends it, in milliseconds. */
  readonly ms: number;
}

/** What an end works with. */
export interface EndOptions extends Tools {
  /** Undefined where nobody visits Coder: then no key was made either. */
  results?: ProvisionerResults;
}

/** One pass over a provisioner that is being deleted. */
export async function endProvisioner(pass: PassState, options: EndOptions): Promise<ReconcileResult | void> {
  const { object, signal } = pass;
  if (!hasFinalizer(object, KEY_FINALIZER)) return;
  try {
    const waiting = await proceed(pass, options);
    if (waiting === undefined) return;
    pass.report.lookAgain(waiting.ms);
    return await conclude(pass, [], waiting, options);
  } catch (error) {
    signal.throwIfAborted();
    const failure = stepFailure("CleanUp", error, options.redact);
    const message = `What was made for it could not be removed: ${failure.message}`;
    return await conclude(pass, [failure], { reason: "CleaningUp", message, ms: 0 }, options);
  }
}

async function conclude(
  pass: PassState,
  failures: readonly StepFailure[],
  waiting: Waiting,
  options: EndOptions,
): Promise<ReconcileResult> {
  return await concludePass(
    pass,
    failures,
    (before: ProvisionerStatus | undefined) => next(before, waiting, pass, options),
    options,
  );
}

/** Does what can be done now; undefined where that was all. */
async function proceed(pass: PassState, options: EndOptions): Promise<Waiting | undefined> {
  const { object, signal } = pass;
  const now = options.now();
  const deployment = ownDeployment(pass, options);
  if (deployment !== undefined) await endPods(deployment, pass, options);
  const podsMs = podsMayRunMs(object, deployment, now);
  if (podsMs > 0) {
    const message = "Its pods finish their builds; their key is deleted after that. " +
      `Not to wait: kubectl annotate ${command(pass)}`;
    return { reason: "PodsEnding", message, ms: podsMs };
  }
  const ended = options.results?.ended(object.metadata.uid ?? "");
  if (options.results !== undefined && ended?.done !== true) {
    // Visits give keys up by themselves; what they cannot read they leave out.
    const inVain = !isReadable(pass) && (givesUp(object) || keysOf(pass).length === 0);
    const stayMs = inVain ? 0 : finalizerMayStayMs(object, now);
    if (stayMs > 0) {
      const message =
        `Its keys are deleted in Coder${ended?.message ? `: ${ended.message}` : ""}. To give them up: ` +
        `kubectl annotate ${command(pass)}`;
      return { reason: "DeletingKeys", message, ms: stayMs };
    }
    tellOfKeys(pass, options, ended?.message);
  }
  // Those in other namespaces are where owner references do not reach.
  await removeWorkspaceRbac(pass, options);
  await dropFinalizer(CoderProvisioners, object, KEY_FINALIZER, { client: options.client, signal });
  return undefined;
}

function isReadable({ object }: PassState): boolean {
  try {
    parseProvisioner(object);
    return true;
  } catch {
    return false;
  }
}

/** In the foreground: the Deployment is there until its last pod is gone. */
async function endPods(
  { metadata }: Deployment,
  { deploymentKey, object, signal }: PassState,
  { client, events }: EndOptions,
): Promise<void> {
  // Kubernetes leaves the children of what is deleted with `--cascade=orphan`.
  if (metadata.deletionTimestamp !== undefined || hasFinalizer(object, "orphan")) return;
  try {
    await client.delete(Deployments, deploymentKey, {
      signal,
      propagationPolicy: "Foreground",
      ...(metadata.uid !== undefined && { preconditions: { uid: metadata.uid } }),
    });
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return;
    throw error;
  }
  const note = `Deleted Deployment ${deploymentKey.name}: its pods finish their builds`;
  events.event(object, "Normal", "Deleted", note, "Delete");
}

/** On record. */
function keysOf({ key, object }: PassState): Key[] {
  const { present, intents } = readRecord(object.status ?? {}, key.namespace);
  return [...(present === undefined ? [] : [present]), ...intents];
}

function tellOfKeys(pass: PassState, { events }: EndOptions, why: string | undefined): void {
  const keys = keysOf(pass);
  if (keys.length === 0) return;
  const names = keys.map(({ name, organization }) => `${name} (organization ${organization.name})`).join(
    ", ",
  );
  const note = `Provisioner keys were not deleted and may still be in Coder: ${names}${
    why ? `: ${why}` : ""
  }. Where that Coder still exists, run: coder provisioner keys delete <key> --org <organization>`;
  events.event(pass.object, "Warning", "KeyNotRevoked", note, "Delete");
}

function next(
  before: ProvisionerStatus | undefined,
  { reason, message }: Waiting,
  { key, object, result }: PassState,
  { now }: EndOptions,
): ProvisionerStatus {
  const generation = object.metadata.generation ?? 0;
  const conditions = withConditions(
    before?.conditions,
    [
      { type: "Ready", status: "False", reason: "Terminating", message },
      { type: "Terminating", status: "True", reason, message },
    ],
    [],
    { generation, now: now() },
  );
  const status = { ...before, observedGeneration: generation, conditions };
  return withKeys(status, before, result?.keys, key.namespace);
}

function command({ key: { name, namespace } }: PassState): string {
  return `coderprovisioner ${name} --namespace ${namespace} ${GIVE_UP_ANNOTATION}=true`;
}
