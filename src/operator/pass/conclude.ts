/** The end of a pass: the one status write, the Events about it, and whether and when to come back. */
import type { KubeObject } from "../../api/object.ts";
import { type ReconcileResult, TerminalError } from "../../reconciler/reconcile.ts";
import { writeStatus } from "../../workload/status_writer.ts";
import { ownDeployment } from "../children/deployment.ts";
import type { VisitResult } from "../visit/results.ts";
import { failureText, isStalling, type StepFailure, stepFailure } from "./failure.ts";
import type { BaseStatus, StatusFacts } from "./status.ts";
import type { PassState, Tools } from "./step.ts";
import { transitions } from "./transitions.ts";

/** Objects of others carry no label that wakes us when they go or are released. */
const LOOK_AGAIN_MS = 60_000;

/** What visits left for the pass. */
export interface Visited<S extends object> {
  /** Of the last visit; undefined before the first one of this process. */
  readonly result: VisitResult<S> | undefined;
  /** Nobody visits Coder: what an earlier process found out there counts no more. */
  readonly unvisited: boolean;
}

/** What a pass found out, but for what its kind alone knows. */
export function passFacts<O extends KubeObject, S extends object>(
  pass: PassState<O, S>,
  failures: readonly StepFailure[],
  { result, unvisited }: Visited<S>,
  tools: Pick<Tools, "kinds" | "now">,
): Omit<StatusFacts<S>, "words" | "warnings"> {
  const generation = pass.object.metadata.generation ?? 0;
  return {
    key: pass.key,
    generation,
    deployment: pass.deployment ?? ownDeployment(pass, tools),
    failures,
    pendingUpgrade: pass.pendingUpgrade,
    visited: unvisited || result !== undefined,
    reports: [
      { ...pass.report.data(), generation },
      ...(result === undefined ? [] : [{ ...result.report, generation: result.generation }]),
    ],
    now: tools.now(),
  };
}

/** Writes `next`, tells what changed in it, and says whether and when to come back. Throws what is worth another try. */
export async function concludePass<S extends BaseStatus, O extends KubeObject & { status?: S }>(
  pass: PassState<O>,
  failures: readonly StepFailure[],
  next: (before: S | undefined) => S,
  { client, events, redact }: Pick<Tools, "client" | "events" | "redact">,
): Promise<ReconcileResult> {
  const { key, kind, object, signal } = pass;
  try {
    const { before, after, written } = await writeStatus<S, O>({
      client,
      informer: kind.informer,
      type: kind.type,
      object: latest(object, kind.informer.get(key)),
      next,
      signal,
    });
    if (written) {
      for (const { type, reason, note } of transitions(before?.conditions, after.conditions)) {
        events.event(object, type, reason, note);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    return verdict([...failures, stepFailure("Status", error, redact)]);
  }
  return verdict(failures, pass.report.lookAgainMs);
}

/** A step may have written to the object itself; another object of the same name is none of this pass' business. */
function latest<O extends KubeObject>(object: O, cached: O | undefined): O {
  return cached !== undefined && cached.metadata.uid === object.metadata.uid ? cached : object;
}

/** Throws what is worth another try at once; comes back later for what somebody has to change. */
function verdict(failures: readonly StepFailure[], lookAgainMs?: number): ReconcileResult {
  const retried = failures.filter((failure) => !isStalling(failure));
  const errors = (those: readonly StepFailure[]) => those.map(({ error }) => error);
  if (retried.length > 0) throw new AggregateError(errors(retried), failureText(failures));
  const foreign = failures.some(({ reason }) => reason === "ForeignObject");
  const wishes = [...(lookAgainMs === undefined ? [] : [lookAgainMs]), ...(foreign ? [LOOK_AGAIN_MS] : [])];
  if (wishes.length > 0) return { requeueAfterMs: Math.min(...wishes) };
  if (failures.length === 0) return {};
  throw new TerminalError(failureText(failures), { cause: new AggregateError(errors(failures)) });
}
