/** The controller of visits: one control plane's Coder and database at a time each, many at a time in all. */
import {
  type CoderControlPlane,
  CoderControlPlanes,
  type ControlPlane,
  parseControlPlane,
} from "../../api/control_plane.ts";
import { InvalidObjectError } from "../../api/object_schema.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey } from "../../api/object.ts";
import type { Deployments } from "../../coder/mod.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import type { Predicate } from "../../reconciler/predicate.ts";
import { type Controller, type ControllerOptions, createController } from "../../reconciler/controller.ts";
import type { Reconcile, ReconcileContext, ReconcileResult } from "../../reconciler/reconcile.ts";
import { owned, primary, watching } from "../../reconciler/source.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { hasFinalizer } from "../finalizer.ts";
import { Report } from "../report.ts";
import { visitFailure } from "./failure.ts";
import { coderAddress, type ReachOptions } from "./reach.ts";
import type { VisitResults } from "./results.ts";
import { visitConfigMaps, visitSecrets } from "./secrets.ts";
import type { Visit, VisitStep, VisitTools } from "./visit.ts";

/** What the controller works with. */
export interface VisitControllerOptions {
  tools: VisitTools;
  deployments: Deployments;
  reach: ReachOptions;
  /** In order. */
  steps: readonly VisitStep[];
  results: VisitResults;
  /** Called when a visit found out something new: the reconciler writes it into the status. */
  onNews(key: ObjectKey): void;
  log: Logger;
  /** @default nothing is counted */
  metrics?: Metrics;
  /**
   * Concurrency, deadlines and back-off.
   * @default {{ concurrency: 64, aside: { afterMs: 2_000, most: 1_000 }, deadlineMs: 60_000 }}
   */
  controller?: Partial<Omit<ControllerOptions, "name" | "reconcile" | "watches" | "log" | "metrics">>;
}

const BY_VISIT_SECRET = "visit-secret";
const BY_VISIT_CONFIG_MAP = "visit-config-map";

/** A control plane is visited at least this often, in milliseconds: steps ask sooner where they need it. */
const LONGEST_MS = 600_000;

/** Makes the controller; nothing runs yet. */
export function visitController(options: VisitControllerOptions): Controller {
  const { tools: { kinds }, log, metrics = noMetrics } = options;
  kinds.controlPlanes.addIndex(BY_VISIT_SECRET, visitSecrets);
  kinds.controlPlanes.addIndex(BY_VISIT_CONFIG_MAP, visitConfigMaps);
  const namedBy = (index: string) => ({ metadata }: KubeObject) =>
    kinds.controlPlanes.byIndex(index, `${metadata.namespace ?? ""}/${metadata.name ?? ""}`).map(keyOf);
  return createController({
    concurrency: 64,
    // A Coder or a database that hangs costs a socket for some seconds, and no other control plane its visit.
    aside: { afterMs: 2_000, most: 1_000 },
    deadlineMs: 60_000,
    ...options.controller,
    name: "codercontrolplane-coder",
    reconcile: visitReconcile(options),
    watches: [
      primary(kinds.controlPlanes),
      owned(kinds.deployments, CoderControlPlanes, { predicate: podsChanged }),
      watching(kinds.secrets, namedBy(BY_VISIT_SECRET), { predicate: anyVersion }),
      watching(kinds.configMaps, namedBy(BY_VISIT_CONFIG_MAP), { predicate: anyVersion }),
    ],
    log,
    metrics,
  });
}

/** Secrets and ConfigMaps are cached as metadata: a new version is all that is seen of a change of their data. */
const anyVersion: Predicate = {
  updated: (before, after) => before.metadata.resourceVersion !== after.metadata.resourceVersion,
};

const podsChanged: Predicate<Deployment> = {
  updated: (before, after) => podsOf(before) !== podsOf(after) || isReady(before) !== isReady(after),
};

function podsOf(deployment: Deployment | undefined): string {
  const { metadata, status } = deployment ?? {};
  return [metadata?.uid, status?.observedGeneration, status?.updatedReplicas, status?.availableReplicas].join(
    " ",
  );
}

function isReady(deployment: Deployment | undefined): boolean {
  return (deployment?.status?.availableReplicas ?? 0) > 0;
}

function visitReconcile(options: VisitControllerOptions): Reconcile {
  const { tools, results, steps, deployments } = options;
  /** UID by key: what is left to forget once an object is gone. */
  const seen = new Map<string, string>();
  const forget = (key: ObjectKey) => {
    const uid = seen.get(keyText(key));
    if (uid === undefined) return;
    seen.delete(keyText(key));
    results.delete(uid);
    deployments.forget(keyText(key));
    for (const step of steps) step.forget?.(uid);
  };
  return async (key, context) => {
    const object = tools.kinds.controlPlanes.get(key);
    const uid = object?.metadata.uid ?? "";
    if (seen.get(keyText(key)) !== uid) forget(key);
    if (object === undefined) return;
    seen.set(keyText(key), uid);
    const controlPlane = readable(object);
    if (controlPlane === undefined) return;
    const visit = newVisit(key, object, controlPlane, context, options);
    if (object.metadata.deletionTimestamp !== undefined) return await endVisit(visit, options);
    return await runVisit(visit, options);
  };
}

/** The reconciler tells what is wrong with the others. */
function readable(object: CoderControlPlane): ControlPlane | undefined {
  try {
    return parseControlPlane(object);
  } catch (error) {
    if (error instanceof InvalidObjectError) return undefined;
    throw error;
  }
}

function newVisit(
  key: ObjectKey,
  object: CoderControlPlane,
  controlPlane: ControlPlane,
  { signal, log }: ReconcileContext,
  { tools, deployments, reach }: VisitControllerOptions,
): Visit {
  const live = tools.kinds.deployments.get(key);
  const deployment = live !== undefined && isControlledBy(live, object) ? live : undefined;
  const address = coderAddress(key, controlPlane, reach);
  return {
    key,
    object,
    controlPlane,
    signal,
    log,
    report: new Report(),
    ready: isReady(deployment),
    generationOfPods: podsOf(deployment),
    client: (token) => deployments.client(keyText(key), address, token),
    reachable: false,
  };
}

async function runVisit(visit: Visit, options: VisitControllerOptions): Promise<ReconcileResult> {
  const { tools, steps, results, onNews } = options;
  for (const step of steps) {
    try {
      await step.run(visit, tools);
    } catch (error) {
      visit.signal.throwIfAborted();
      // A step handles what it expects; this is the rest.
      const failure = visitFailure(error, tools.redact);
      visit.report.trouble({ reason: failure.reason, message: `${step.name}: ${failure.message}` });
      visit.report.lookAgain(30_000);
      visit.log.warn("a step of a visit failed", { step: step.name, error });
    }
  }
  const uid = visit.object.metadata.uid ?? "";
  const news = results.set(uid, {
    generation: visit.object.metadata.generation ?? 0,
    report: visit.report.data(),
    version: visit.version,
    reachable: visit.reachable,
    ...(visit.migration !== undefined && { migration: visit.migration }),
  });
  if (news) onNews(visit.key);
  return { requeueAfterMs: Math.min(visit.report.lookAgainMs ?? LONGEST_MS, LONGEST_MS) };
}

/** The control plane is going away: what steps made in Coder goes first, as long as our finalizer holds it. */
async function endVisit(
  visit: Visit,
  { tools, steps, results, onNews }: VisitControllerOptions,
): Promise<ReconcileResult> {
  const uid = visit.object.metadata.uid ?? "";
  if (
    !hasFinalizer(visit.object) || results.ended(uid)?.done === true
  ) return {};
  const left: string[] = [];
  for (const step of steps) {
    try {
      await step.end?.(visit, tools);
    } catch (error) {
      visit.signal.throwIfAborted();
      left.push(`${step.name}: ${visitFailure(error, tools.redact).message}`);
      visit.log.info("what was made in Coder could not be removed yet", { step: step.name, error });
    }
  }
  const done = left.length === 0;
  results.setEnded(uid, { done, message: left.join("; ") });
  onNews(visit.key);
  return done ? {} : { requeueAfterMs: 5_000 };
}
