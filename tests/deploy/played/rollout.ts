/** What a Deployment does next: one pod more than wanted at most, and never fewer ready ones. Pure. */

/** A pod that was not told to end. */
export interface RolloutPod {
  /** As text: two that are equal are of one revision. */
  readonly template: string;
  readonly isReady: boolean;
}

export interface RolloutStep<P> {
  /** How many of the newest template to start. */
  readonly start: number;
  readonly end: readonly P[];
}

const SURGE = 1;

/** @param template the newest @param wanted how many pods there should be */
export function rolloutStep<P extends RolloutPod>(
  pods: readonly P[],
  template: string,
  wanted: number,
): RolloutStep<P> {
  const newest = pods.filter((pod) => pod.template === template);
  const old = pods.filter((pod) => pod.template !== template);
  if (newest.length > wanted) {
    return { start: 0, end: [...unreadyFirst(newest).slice(0, newest.length - wanted), ...old] };
  }
  const room = wanted + (old.length > 0 ? SURGE : 0) - pods.length;
  // Those that serve nobody may go at once; a ready one when there are enough beside it.
  const spare = pods.filter(({ isReady }) => isReady).length - wanted;
  const unready = old.filter(({ isReady }) => !isReady);
  const ready = old.filter(({ isReady }) => isReady).slice(0, Math.max(0, spare));
  return { start: Math.max(0, Math.min(room, wanted - newest.length)), end: [...unready, ...ready] };
}

function unreadyFirst<P extends RolloutPod>(pods: readonly P[]): P[] {
  return [...pods].sort((a, b) => Number(a.isReady) - Number(b.isReady));
}

/** How long to rest before a pod that failed so often in a row is started again, in milliseconds. */
export function restAfter(failures: number): number {
  return failures <= 1 ? 0 : Math.min(10_000, 500 * 2 ** (failures - 2));
}
