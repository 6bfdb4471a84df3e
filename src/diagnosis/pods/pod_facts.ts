/** The pods that matter now, and what is said of them: what rules about pods begin with. */
import type { Facts } from "../facts.ts";
import { list } from "../foreign.ts";
import { valueOf } from "../seen.ts";
import { eventsOf, type EventView, eventView } from "./event_view.ts";
import { type ContainerView, isOver, isReadyPod, type PodView, podView } from "./pod_view.ts";

/** Younger pods without a bad word are starting. */
export const YOUNG_MS = 10_000;

/** Clocks of nodes and of the API server may differ. */
const CLOCKS_MS = 5_000;

export interface PodFacts {
  readonly now: number;
  /** All that were seen. */
  readonly all: readonly PodView[];
  /** Without those that are done, are being deleted, or have a healthy successor. */
  readonly current: readonly PodView[];
  /** Newest first. */
  readonly events: readonly EventView[];
}

const KNOWN = new WeakMap<Facts, PodFacts>();

/** Empty lists where pods or events were not read. */
export function podFacts(facts: Facts): PodFacts {
  const known = KNOWN.get(facts);
  if (known !== undefined) return known;
  const all = list(valueOf(facts.pods)).map(podView).filter(({ name }) => name !== "");
  const events = list(valueOf(facts.events)).map(eventView).toSorted((a, b) => b.at - a.at);
  const current = all.filter((pod) =>
    pod.phase !== "Succeeded" && pod.deletingSince === 0 && !isReplaced(pod, all)
  );
  const read = { now: facts.now, all, current, events };
  KNOWN.set(facts, read);
  return read;
}

/** Words about a pod, newest first. */
export function eventsOfPod({ events }: PodFacts, pod: PodView): readonly EventView[] {
  const own = eventsOf(events, { kind: "Pod", namespace: pod.namespace, name: pod.name, uid: pod.uid });
  // What is older is about an earlier pod of the same name.
  return own.filter(({ at }) => at === 0 || at >= pod.createdAt - CLOCKS_MS);
}

/** A younger pod of the same Deployment does its work. */
function isReplaced(pod: PodView, all: readonly PodView[]): boolean {
  if (isReadyPod(pod)) return false;
  const family = familyOf(pod);
  return all.some((other) =>
    other !== pod && isReadyPod(other) && familyOf(other) === family && other.createdAt >= pod.createdAt &&
    (isOver(pod) || other.owner.name !== pod.owner.name)
  );
}

function familyOf({ namespace, name, owner }: PodView): string {
  if (owner.kind === "ReplicaSet") return `${namespace}/Deployment/${owner.name.replace(/-[a-z0-9]+$/, "")}`;
  return owner.name === "" ? `${namespace}/Pod/${name}` : `${namespace}/${owner.kind}/${owner.name}`;
}

/** A container with its pod. */
export interface PodContainer {
  readonly pod: PodView;
  readonly container: ContainerView;
}

/** Containers of current pods that do not do what they are for. Init containers that have done it are not among them. */
export function unwellContainers({ current }: PodFacts): readonly PodContainer[] {
  return current.flatMap((pod) =>
    pod.containers
      .filter(({ kind, state, ready, end }) =>
        !(kind === "init" && state === "terminated" && end?.exitCode === 0) &&
        !(state === "running" && (ready || kind === "init")) && state !== "unknown"
      )
      .map((container) => ({ pod, container }))
  );
}

/** Several with one key are one. */
export function foldedBy<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): readonly (readonly [T, ...T[]])[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

const MOST_NAMES = 3;

/** `pod lab/a`, `pods lab/a and lab/b`, `pods lab/a, lab/b, lab/c and 4 more` */
export function podNames(pods: readonly PodView[]): string {
  return named("pod", [...new Set(pods.map(({ ref }) => ref))]);
}

/** `container dev of pod lab/a` */
export function containerNames(items: readonly [PodContainer, ...PodContainer[]]): string {
  return `${items[0].container.about} of ${podNames(items.map(({ pod }) => pod))}`;
}

/** `one` for one, `ones` for more, with their names. */
export function named(what: string, names: readonly string[]): string {
  const [only] = names;
  if (names.length < 2) return `${what} ${only ?? ""}`;
  const shown = names.slice(0, MOST_NAMES);
  const rest = names.length - shown.length;
  return rest === 0
    ? `${what}s ${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`
    : `${what}s ${shown.join(", ")} and ${rest} more`;
}
