/** One run of a reconcile function, with its deadline. */
import type { ObjectKey } from "../api/object.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Reconcile, ReconcileResult } from "./reconcile.ts";

/** The reason of a pass' signal when its time is up. */
export class ReconcileDeadlineError extends Error {
  override readonly name = "ReconcileDeadlineError";
}

/** How a pass ended. */
export type PassOutcome =
  | { kind: "done"; result: ReconcileResult }
  | { kind: "failed"; error: unknown };

export interface PassOptions {
  key: ObjectKey;
  reconcile: Reconcile;
  log: Logger;
  clock: Clock;
  deadlineMs: number;
  /** How long after its deadline a pass that goes on counts as stuck. */
  graceMs: number;
  /** Called once when the deadline is reached. */
  onDeadline(): void;
}

/** A pass in hand. */
export interface Pass {
  readonly key: ObjectKey;
  readonly startedAt: number;
  /** Settles when the reconcile function does. Never rejects. */
  readonly outcome: Promise<PassOutcome>;
  /** Resolves when the pass has ended (true) or is stuck (false), whichever comes first. */
  readonly endedOrStuck: Promise<boolean>;
  /** Aborts the signal that the reconcile function was given. */
  abort(reason: unknown): void;
}

/** Starts a pass. The reconcile function may also throw before its first await. */
export function startPass(options: PassOptions): Pass {
  const { key, reconcile, log, clock, deadlineMs, graceMs, onDeadline } = options;
  const abort = new AbortController();
  const watched = Promise.withResolvers<boolean>();

  let cancel = clock.setTimer(() => {
    onDeadline();
    abort.abort(
      new ReconcileDeadlineError(
        `The pass did not end within ${deadlineMs / 1000} s. It is stopped and will be tried again.`,
      ),
    );
    cancel = clock.setTimer(() => watched.resolve(false), graceMs);
  }, deadlineMs);

  const run = async (): Promise<PassOutcome> => {
    try {
      return { kind: "done", result: await reconcile(key, { signal: abort.signal, log }) ?? {} };
    } catch (error) {
      return { kind: "failed", error };
    } finally {
      cancel();
      watched.resolve(true);
    }
  };
  return {
    key,
    startedAt: clock.now(),
    outcome: run(),
    endedOrStuck: watched.promise,
    abort: (reason) => abort.abort(reason),
  };
}
