/** When an object of ours is done with. */
import type { Condition } from "../../src/api/kubernetes/types.ts";
import type { KubeObject } from "../../src/api/object.ts";

interface WithConditions extends KubeObject {
  status?: { observedGeneration?: number | undefined; conditions?: readonly Condition[] | undefined };
}

/** `Ready` is true, and said of the spec as it is now. */
export function isReady({ metadata, status }: WithConditions): boolean {
  const { generation } = metadata;
  if (generation === undefined || status?.observedGeneration !== generation) return false;
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" && ready.observedGeneration === generation;
}

/** The value in the middle (the lower one of two), and the highest; 0 of none. */
export function spread(values: readonly number[]): { median: number; most: number } {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, most: sorted.at(-1) ?? 0 };
}
