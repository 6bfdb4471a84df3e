/** Words about pods of a Deployment, for states. */
import { timeText } from "../core_events.ts";
import type { Facts } from "../facts.ts";
import { list, number, record } from "../foreign.ts";
import type { OwnerView } from "../owner_view.ts";
import { conditionView, isReadyPod, podView } from "../pods/pod_view.ts";
import { oneLine } from "../pods/trouble.ts";
import { isAbsent, valueOf } from "../seen.ts";
import type { Cause } from "../types.ts";

/** Pods may take so long to become ready, in milliseconds. */
const STARTING_MS = 120_000;

/** How many pods there should be and are. */
interface Rollout {
  /** Undefined: not known. */
  readonly wanted: number | undefined;
  readonly ready: number;
  /** The cluster has seen the latest change, and no older pod is left. */
  readonly isComplete: boolean;
  /** `2 of 2 pods are ready` */
  readonly words: string;
  /** When something changed last, in milliseconds since 1970. */
  readonly changedAt: number;
}

/** What is said beside the pods. */
export interface Beside {
  /** Such as `; Coder 2.30.0 answers`; may be empty. */
  readonly words: string;
  /** That, too, is as it should be. */
  readonly isWell: boolean;
}

/** The state of what the operator runs pods for, in one sentence. */
export function ownerState(
  facts: Facts,
  owner: OwnerView | undefined,
  causes: readonly Cause[],
  beside: (owner: OwnerView) => Beside,
): { readonly state: string; readonly isWell: boolean } {
  if (owner === undefined) return { state: "Its object could not be read.", isWell: false };
  if (owner.deletingSince > 0) {
    const waits = owner.finalizers.length === 0 ? "" : `; it waits for ${owner.finalizers.join(", ")}`;
    return { state: `It is being deleted since ${timeText(owner.deletingSince)}${waits}.`, isWell: true };
  }
  const rollout = rolloutOf(facts, owner.spec["replicas"]);
  const [first] = causes;
  const why = first === undefined ? "" : `: ${oneLine(first.cause)}`;
  if (rollout.wanted === 0) {
    return { state: sentence(`it is scaled to zero, no pod is wanted${why}`), isWell: true };
  }
  const isUp = rollout.wanted !== undefined && rollout.ready >= rollout.wanted && rollout.isComplete;
  const isStarting = !isUp && facts.now - Math.max(rollout.changedAt, owner.changedAt) < STARTING_MS;
  // Why pods are not ready is seen in them alone: those that nobody could look at may be in trouble already.
  const isSeen = facts.pods?.state === "seen";
  const unseen = valueOf(facts.deployment) === undefined ? "" : ", nobody could see why";
  const more = !isStarting || first !== undefined ? "" : isSeen ? ", it is starting" : unseen;
  const { words, isWell } = beside(owner);
  return {
    state: sentence(`${rollout.words}${more}${words}${why}`),
    isWell: (isStarting && isSeen) || (isUp && isWell),
  };
}

function sentence(words: string): string {
  const begun = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** @param replicas of the spec, where there is no Deployment to say it */
function rolloutOf(facts: Facts, replicas: unknown): Rollout {
  const deployment = valueOf(facts.deployment);
  if (deployment === undefined) return fromPods(facts, isAbsent(facts.deployment), replicas);
  const { metadata, spec, status } = record(deployment);
  const seen = record(status);
  const wanted = number(record(spec)["replicas"] ?? 1);
  const ready = number(seen["readyReplicas"]);
  const isCurrent = number(seen["observedGeneration"]) >= number(record(metadata)["generation"]);
  const updated = number(seen["updatedReplicas"]);
  const isComplete = isCurrent && updated >= wanted && number(seen["replicas"]) <= updated;
  const changedAt = Math.max(0, ...list(seen["conditions"]).map((one) => conditionView(one).at));
  return { wanted, ready, isComplete, words: readyWords(ready, wanted), changedAt };
}

function fromPods(facts: Facts, isMissing: boolean, replicas: unknown): Rollout {
  const pods = valueOf(facts.pods);
  const ready = (pods ?? []).map(podView).filter(isReadyPod).length;
  const wanted = typeof replicas === "number" ? replicas : undefined;
  const words = isMissing
    ? "there is no Deployment yet"
    : pods === undefined
    ? "its pods could not be seen"
    : readyWords(ready, wanted ?? pods.length);
  return { wanted, ready, isComplete: !isMissing && pods !== undefined, words, changedAt: 0 };
}

function readyWords(ready: number, wanted: number): string {
  return `${ready} of ${wanted} ${wanted === 1 ? "pod is" : "pods are"} ready`;
}
