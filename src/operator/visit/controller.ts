/** The controller of visits: one visit for an object at a time, many at a time in all. */
import type { Deployment } from "../../api/kubernetes/types.ts";
import { keyText, type KubeObject, type ObjectKey } from "../../api/object.ts";
import type { Informer } from "../../kube/informer.ts";
import { type Controller, type ControllerOptions, createController } from "../../reconciler/controller.ts";
import type { Predicate } from "../../reconciler/predicate.ts";
import type { Reconcile, ReconcileContext, ReconcileResult } from "../../reconciler/reconcile.ts";
import type { Source } from "../../reconciler/source.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { visitFailure } from "./failure.ts";
import type { VisitResult, VisitResults } from "./results.ts";
import { NotYetError, type Visit, type VisitStep, type VisitTools } from "./visit.ts";

/** What the controller works with. `O`: the kind; `V`: its visits; `R`: what they leave. */
export interface VisitControllerOptions<
  O extends KubeObject,
  V extends Visit<O>,
  T extends VisitTools,
  R extends VisitResult,
> {
  /** Of the controller, in logs and metrics. */
  readonly name: string;
  readonly objects: Pick<Informer<O>, "get">;
  readonly watches: readonly Source[];
  readonly tools: T;
  /** In order. */
  readonly steps: readonly VisitStep<V, T>[];
  readonly results: VisitResults<R>;
  /** Begins a visit; undefined for an object that cannot be read: the reconciler tells what is wrong with it. */
  begin(key: ObjectKey, object: O, context: ReconcileContext): V | undefined;
  /** What a visit found out. */
  resultOf(visit: V): R;
  /** True while something of ours holds an object that is being deleted. */
  isHeld(object: O): boolean;
  /** Forgets what is kept of an object that is gone, beside what steps and results keep. */
  forget?(key: ObjectKey): void;
  /** Called when a visit found out something new: the reconciler writes it into the status. */
  onNews(key: ObjectKey): void;
  readonly log: Logger;
  /** @default nothing is counted */
  readonly metrics?: Metrics;
  /**
   * Concurrency, deadlines and back-off.
   * @default {{ concurrency: 64, aside: { afterMs: 2_000, most: 1_000 }, deadlineMs: 60_000 }}
   */
  readonly controller?: Partial<
    Omit<ControllerOptions, "name" | "reconcile" | "watches" | "log" | "metrics">
  >;
}

/** Every object is visited at least this often, in milliseconds: steps ask sooner where they need it. */
const LONGEST_MS = 600_000;

/** Makes the controller; nothing runs yet. */
export function visitController<
  O extends KubeObject,
  V extends Visit<O>,
  T extends VisitTools,
  R extends VisitResult,
>(options: VisitControllerOptions<O, V, T, R>): Controller {
  return createController({
    concurrency: 64,
    // A Coder or a database that hangs costs a socket for some seconds, and no other object its visit.
    aside: { afterMs: 2_000, most: 1_000 },
    deadlineMs: 60_000,
    ...options.controller,
    name: options.name,
    reconcile: visitReconcile(options),
    watches: options.watches,
    log: options.log,
    metrics: options.metrics ?? noMetrics,
  });
}

/** Wakes visits when pods are replaced, or become ready. */
export const podsChanged: Predicate<Deployment> = {
  updated: (before, after) =>
    generationOfPods(before) !== generationOfPods(after) || hasPods(before) !== hasPods(after),
};

/** Changes whenever pods are replaced or become ready. */
export function generationOfPods(deployment: Deployment | undefined): string {
  const { metadata, status } = deployment ?? {};
  return [metadata?.uid, status?.observedGeneration, status?.updatedReplicas, status?.availableReplicas].join(
    " ",
  );
}

/** Pods are available. */
export function hasPods(deployment: Deployment | undefined): boolean {
  return (deployment?.status?.availableReplicas ?? 0) > 0;
}

function visitReconcile<
  O extends KubeObject,
  V extends Visit<O>,
  T extends VisitTools,
  R extends VisitResult,
>(options: VisitControllerOptions<O, V, T, R>): Reconcile {
  const { objects, results, steps } = options;
  /** UID by key: what is left to forget once an object is gone. */
  const seen = new Map<string, string>();
  const forget = (key: ObjectKey) => {
    const uid = seen.get(keyText(key));
    if (uid === undefined) return;
    seen.delete(keyText(key));
    results.delete(uid);
    options.forget?.(key);
    for (const step of steps) step.forget?.(uid);
  };
  return async (key, context) => {
    const object = objects.get(key);
    const uid = object?.metadata.uid ?? "";
    if (seen.get(keyText(key)) !== uid) forget(key);
    if (object === undefined) return;
    seen.set(keyText(key), uid);
    const visit = options.begin(key, object, context);
    if (visit === undefined) return;
    if (object.metadata.deletionTimestamp !== undefined) return await endVisit(visit, options);
    return await runVisit(visit, options);
  };
}

async function runVisit<
  O extends KubeObject,
  V extends Visit<O>,
  T extends VisitTools,
  R extends VisitResult,
>(
  visit: V,
  { tools, steps, results, resultOf, onNews }: VisitControllerOptions<O, V, T, R>,
): Promise<ReconcileResult> {
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
  if (results.set(visit.object.metadata.uid ?? "", resultOf(visit))) onNews(visit.key);
  return { requeueAfterMs: Math.min(visit.report.lookAgainMs ?? LONGEST_MS, LONGEST_MS) };
}

/** The object is going away: what steps made in Coder goes first, as long as our finalizer holds it. */
async function endVisit<
  O extends KubeObject,
  V extends Visit<O>,
  T extends VisitTools,
  R extends VisitResult,
>(
  visit: V,
  { tools, steps, results, isHeld, onNews }: VisitControllerOptions<O, V, T, R>,
): Promise<ReconcileResult> {
  const uid = visit.object.metadata.uid ?? "";
  if (!isHeld(visit.object) || results.ended(uid)?.done === true) return {};
  const left: string[] = [];
  // With one alone, everybody knows what it is about.
  const isOne = steps.filter(({ end }) => end !== undefined).length === 1;
  for (const step of steps) {
    try {
      await step.end?.(visit, tools);
    } catch (error) {
      visit.signal.throwIfAborted();
      const { message } = visitFailure(error, tools.redact);
      left.push(isOne ? message : `${step.name}: ${message}`);
      if (error instanceof NotYetError) continue;
      visit.log.info("what was made in Coder could not be removed yet", { step: step.name, error });
    }
  }
  const done = left.length === 0;
  const { conditions } = visit.report.data();
  results.setEnded(uid, { done, message: left.join("; "), ...(conditions.length > 0 && { conditions }) });
  onNews(visit.key);
  return done ? {} : { requeueAfterMs: Math.min(visit.report.lookAgainMs ?? 5_000, 5_000) };
}
