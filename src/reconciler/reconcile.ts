/** What a controller runs for one object. */
import type { ObjectKey } from "../api/object.ts";
import type { Logger } from "../telemetry/logger.ts";

/** Given to every pass. */
export interface ReconcileContext {
  /** Aborts at the reconcile deadline, on loss of leadership and at the end of the drain time. */
  readonly signal: AbortSignal;
  /** Carries controller, namespace, name and a reconcile id. */
  readonly log: Logger;
}

/** What a pass asks for. Empty or undefined: done until something changes. */
export interface ReconcileResult {
  /** Run again after this many milliseconds, not counted as a failure. */
  requeueAfterMs?: number;
}

/** Level-based: makes the world match the spec of `key`, or throws to be retried with back-off. */
export type Reconcile = (key: ObjectKey, context: ReconcileContext) => Promise<ReconcileResult | void>;

/** Retrying will not help until the object changes; counted, logged, not requeued. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}
