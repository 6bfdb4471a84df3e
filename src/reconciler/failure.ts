/** What a failed pass means for the queue. */
import { isConflict } from "../kube/errors.ts";
import { TerminalError } from "./reconcile.ts";

/** How a failure is treated. */
export type Failure =
  /** Another writer was first: again soon, no reason to worry anybody. */
  | { kind: "conflict" }
  /** Retrying will not help. */
  | { kind: "terminal" }
  /** Again after the back-off, and not before `atLeastMs` where a server asked for that. */
  | { kind: "retry"; atLeastMs: number; bug: boolean };

/** Servers may ask for a long pause, but not for an arbitrary one. */
const LONGEST_RETRY_AFTER_MS = 600_000;

/** Classifies what a pass threw, looking through causes and aggregates. */
export function classify(error: unknown): Failure {
  const leaves = leavesOf(error, new Set());
  if (leaves.every((chain) => chain.some((one) => one instanceof TerminalError))) return { kind: "terminal" };
  if (leaves.every((chain) => chain.some(isConflict))) return { kind: "conflict" };
  const waits = leaves.flat().map(retryAfterMs);
  return {
    kind: "retry",
    atLeastMs: Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, ...waits)),
    bug: isBug(error),
  };
}

/**
 * Each way down from an error through its causes; an aggregate branches into one way for each of its errors. Never
 * empty.
 */
function leavesOf(error: unknown, seen: Set<unknown>): unknown[][] {
  if (seen.has(error)) return [[]];
  const deeper = new Set(seen).add(error);
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.flatMap((one) => leavesOf(one, deeper).map((chain) => [error, ...chain]));
  }
  if (error instanceof Error && error.cause !== undefined) {
    return leavesOf(error.cause, deeper).map((chain) => [error, ...chain]);
  }
  return [[error]];
}

/** Kubernetes' and Coder's errors carry the wait that their server asked for under this name. */
function retryAfterMs(error: unknown): number {
  if (!(error instanceof Error) || !("retryAfterMs" in error)) return 0;
  const { retryAfterMs } = error;
  return typeof retryAfterMs === "number" && retryAfterMs > 0 ? retryAfterMs : 0;
}

/** A mistake in the program rather than in the world: what Go would call a panic. */
function isBug(error: unknown): boolean {
  return !(error instanceof Error) || error instanceof TypeError || error instanceof ReferenceError ||
    error instanceof RangeError;
}
