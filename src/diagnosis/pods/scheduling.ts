/** What the scheduler says, taken apart: which nodes do not take a pod, and why. */
import { timeText } from "../core_events.ts";
import type { Facts } from "../facts.ts";
import type { Evidence } from "../types.ts";
import { eventEvidence } from "./event_view.ts";
import { eventsOfPod, foldedBy, podFacts } from "./pod_facts.ts";
import { conditionOf, isOver, type PodView } from "./pod_view.ts";

export type Obstacle =
  | "resources"
  | "taint"
  | "affinity"
  | "volume"
  | "cordoned"
  | "away"
  | "ports"
  | "spread"
  | "other";

export interface Reason {
  readonly obstacle: Obstacle;
  /** Nodes. */
  readonly count: number;
  /** Such as `Insufficient cpu`. */
  readonly words: string;
  /** The resource or the taint that is meant, where one is named. */
  readonly name: string;
}

/** What the scheduler said of one pod. */
export interface SchedulingWords {
  /** Nodes of the cluster; undefined where it does not say. */
  readonly nodes: number | undefined;
  readonly reasons: readonly Reason[];
}

/** Reads `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {a: b}. preemption: …`. */
export function schedulingWords(message: string): SchedulingWords {
  const line = message.replace(/\s+/g, " ").trim();
  if (/^no nodes available/i.test(line)) return { nodes: 0, reasons: [] };
  const match = /^(?:pod .*?: )?0\/(\d+) nodes are available:? ?(.*)$/.exec(line);
  const told = (match?.[2] ?? line).split(
    /[.,]? ?(?:no new claims to deallocate[.,]? ?)?(?:preemption: |$)/,
  )[0] ?? "";
  const parts = told.split(/(?:, |\. )(?=\d+ )/).map((part) => part.replace(/\.$/, "").trim());
  return {
    nodes: match === null ? undefined : Number(match[1]),
    reasons: parts.filter((part) => part !== "").map(reasonOf),
  };
}

const OBSTACLES: readonly (readonly [Obstacle, RegExp])[] = [
  ["cordoned", /were unschedulable|node\.kubernetes\.io\/unschedulable/],
  [
    "away",
    /node\.kubernetes\.io\/(?:not-ready|unreachable|network-unavailable|(?:disk|memory|pid)-pressure)|node\.cloudprovider\.kubernetes\.io\/uninitialized|were not ready/,
  ],
  ["resources", /^Insufficient |^Too many pods/i],
  ["taint", /\btaints?\b/],
  ["volume", /persistentvolumeclaim|volume|PersistentVolume/i],
  ["spread", /pod (?:anti-)?affinity|anti-affinity rules|topology spread/i],
  ["affinity", /node affinity|node selector|nodeaffinity|node\(s\) didn't match Pod's/i],
  ["ports", /free ports/],
];

function reasonOf(part: string): Reason {
  const [, count = "0", words = part] = /^(\d+) (.*)$/.exec(part) ?? [];
  const obstacle = OBSTACLES.find(([, pattern]) => pattern.test(words))?.[0] ?? "other";
  const name = /^Insufficient (\S+)/i.exec(words)?.[1] ?? /\{([^}]*)\}/.exec(words)?.[1]?.trim() ??
    (/^Too many pods/i.test(words) ? "pods" : "");
  return { obstacle, count: Number(count), words, name };
}

/** A pod that no node takes. */
export interface Unplaced extends SchedulingWords {
  readonly pod: PodView;
  readonly words: string;
  readonly evidence: readonly Evidence[];
}

/** Current pods that the scheduler has looked at and placed nowhere; those of one owner that hear the same once. */
export function unplacedPods(facts: Facts): readonly (readonly [Unplaced, ...Unplaced[]])[] {
  const read = podFacts(facts);
  const unplaced = read.current.flatMap((pod): Unplaced[] => {
    const condition = conditionOf(pod, "PodScheduled");
    if (pod.node !== "" || isOver(pod) || condition?.status !== "False") return [];
    if (condition.reason === "SchedulingGated") return [];
    const event = eventsOfPod(read, pod).find(({ reason }) => reason === "FailedScheduling");
    // The condition is the scheduler's last word; where it is empty, its last event is.
    const words = condition.message || event?.message || "";
    const status: Evidence = {
      source: `status of pod ${pod.ref}`,
      ...(condition.at === 0 ? {} : { at: timeText(condition.at) }),
      quote: `${condition.reason}: ${words}`,
    };
    const evidence = event === undefined || event.message === ""
      ? [status]
      : event.message === words
      ? [eventEvidence(event)]
      : [status, eventEvidence(event)];
    return words === "" ? [] : [{ pod, words, evidence, ...schedulingWords(words) }];
  });
  return foldedBy(unplaced, ({ pod, words }) => `${pod.namespace}/${pod.owner.name} ${words}`);
}

/** Reasons of one kind, without those that every cluster has. */
export function reasonsOf(
  { reasons }: SchedulingWords,
  ...obstacles: readonly Obstacle[]
): readonly Reason[] {
  return reasons.filter(({ obstacle }) => obstacles.includes(obstacle));
}
