/** How containers ended, and whether that still matters. */
import { timeText } from "../core_events.ts";
import type { Facts } from "../facts.ts";
import { list, record, text, texts } from "../foreign.ts";
import { valueOf } from "../seen.ts";
import type { Evidence } from "../types.ts";
import { signalName, signalOf } from "./exit_codes.ts";
import type { PodContainer, PodFacts } from "./pod_facts.ts";
import type { ContainerEnd, ContainerView, PodView } from "./pod_view.ts";
import { tellingLine } from "./telling_line.ts";

/** An end that is longer ago says nothing of a container that runs. */
export const RECENT_MS = 600_000;
/** So many restarts of a container that is ready are no accident any more. */
const OFTEN = 3;

export interface Ended extends PodContainer {
  readonly end: ContainerEnd;
  /** It runs and is ready just now. */
  readonly isBack: boolean;
}

/**
 * Containers of current pods that have ended and should not have: those that are not back, those that come back again and
 * again, and (with `once`) those that are back after one such end a short while ago.
 */
export function endedContainers({ current, now }: PodFacts, { once = false } = {}): readonly Ended[] {
  return current.flatMap((pod) =>
    pod.containers.flatMap((container): Ended[] => {
      const end = container.end ?? container.lastEnd;
      if (end === undefined || isDone(container, end, pod)) return [];
      if (container.state === "waiting" && container.reason !== "CrashLoopBackOff") return [];
      const runs = container.state === "running";
      const isRecent = end.finishedAt > 0 && now - end.finishedAt < RECENT_MS;
      if (runs && !(isRecent && (once || container.restarts >= OFTEN))) return [];
      const isBack = runs && container.ready;
      return [{ pod, container, end, isBack }];
    })
  );
}

/** It was to end, and did so well. */
function isDone({ kind, state, reason }: ContainerView, { exitCode }: ContainerEnd, pod: PodView): boolean {
  if (exitCode !== 0) return false;
  return kind === "init" || pod.phase === "Succeeded" ||
    (state !== "waiting" && reason !== "CrashLoopBackOff");
}

/** `exit code 137 (SIGKILL)` */
export function exitText(end: ContainerEnd): string {
  const signal = signalOf(end);
  const name = signalName(signal) ?? (signal === 0 ? "" : `signal ${signal}`);
  return `exit code ${end.exitCode}${name === "" ? "" : ` (${name})`}`;
}

/** `state of container dev of pod lab/a`, with the end's own words. */
export function endEvidence({ pod, container, end }: Ended): Evidence {
  const words = end.message === "" ? "" : `: ${end.message}`;
  return {
    source: `state of ${container.about} of pod ${pod.ref}`,
    ...(end.finishedAt === 0 ? {} : { at: timeText(end.finishedAt) }),
    quote: `${end.reason || "ended"}, ${exitText(end)}, ${container.restarts} restart${
      container.restarts === 1 ? "" : "s"
    }${words}`,
  };
}

/** The line of its log that tells, where the log was read. */
export function logEvidence(facts: Facts, { pod, container }: PodContainer): Evidence | undefined {
  for (const log of list(valueOf(facts.podLogs)).map(record)) {
    if (log["container"] !== container.name || log["namespace"] !== pod.namespace) continue;
    if (log["pod"] !== pod.name && !isSibling(text(log["pod"]), pod)) continue;
    const line = tellingLine(texts(log["lines"]));
    if (line === undefined) continue;
    const run = log["previous"] === true ? ", the run before" : "";
    return {
      source: `log of ${container.about} of pod ${pod.namespace}/${text(log["pod"])}${run}`,
      quote: line,
    };
  }
  return undefined;
}

/** Pods of one ReplicaSet run the same: one log is read for all. */
function isSibling(name: string, { owner }: PodView): boolean {
  return owner.kind === "ReplicaSet" && owner.name !== "" && name.startsWith(`${owner.name}-`);
}
