/** What pods say about why they do not become ready. */
import { Pods } from "../../api/kubernetes/resources.ts";
import type { ContainerStatus, Pod } from "../../api/kubernetes/types.ts";
import type { KubeClient } from "../../kube/client.ts";

/** A message may be a whole log; its end says most. */
const LONGEST = 600;

/** One pod's words, such as `coder-5f-x: CrashLoopBackOff; exit code 1: migrate up: …`. Undefined for a pod without. */
export function podWords(pod: Pod): string | undefined {
  const { initContainerStatuses = [], containerStatuses = [], conditions = [] } = pod.status ?? {};
  const said = [...initContainerStatuses, ...containerStatuses].flatMap(containerWords);
  if (said.length === 0) {
    const unscheduled = conditions.find(({ type, status }) => type === "PodScheduled" && status === "False");
    if (unscheduled !== undefined) said.push(joined(unscheduled.reason, unscheduled.message));
  }
  if (said.length === 0 && pod.status?.message) said.push(joined(pod.status.reason, pod.status.message));
  return said.length === 0 ? undefined : `${pod.metadata.name ?? ""}: ${said.join("; ")}`;
}

/** Words of the pods that a selector finds and that are not ready, at most three of them. Empty where they say nothing. */
export async function wordsOfPods(
  client: Pick<KubeClient, "list">,
  selection: { namespace: string; labelSelector: string },
  concerns: (pod: Pod) => boolean,
  signal: AbortSignal,
): Promise<string> {
  try {
    const { items } = await client.list(Pods, { ...selection, signal });
    return items.filter((pod) => concerns(pod) && !isReady(pod)).flatMap((pod) => podWords(pod) ?? [])
      .slice(0, 3).join("; ");
  } catch {
    signal.throwIfAborted();
    // Words help; nothing depends on them.
    return "";
  }
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

function containerWords({ state, lastState }: ContainerStatus): string[] {
  const ended = state?.terminated ?? lastState?.terminated;
  return [
    ...(state?.waiting?.reason !== undefined && state.waiting.reason !== "PodInitializing"
      ? [ended === undefined ? joined(state.waiting.reason, state.waiting.message) : state.waiting.reason]
      : []),
    ...(ended !== undefined && ended.exitCode !== 0
      ? [joined(`exit code ${ended.exitCode}`, ended.message ?? ended.reason)]
      : []),
  ];
}

function joined(reason: string | undefined, message: string | undefined): string {
  const text = (message ?? "").trim().replaceAll(/\s+/g, " ");
  const end = text.length > LONGEST ? `…${text.slice(-LONGEST)}` : text;
  return [reason ?? "", end].filter((each) => each !== "").join(": ");
}
