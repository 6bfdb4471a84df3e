/** What keeps a pod from running, as its own status tells it. Data in, sentences out. */
import type { Container, ContainerStatus, Pod, PodCondition } from "../../api/kubernetes/types.ts";
import { containerTroubles } from "./container_trouble.ts";
import { type Trouble, trouble } from "./trouble.ts";

/** All of it, the causes first. Empty for a pod that is well, or that nothing is known of yet. */
export function podTroubles(pod: Pod): Trouble[] {
  const { status } = pod;
  const found = [...endTroubles(pod), ...schedulingTroubles(pod)];
  const { initContainers, containers } = pod.spec ?? {};
  found.push(...containersIn(pod, initContainers, status?.initContainerStatuses, "init container", found));
  found.push(...containersIn(pod, containers, status?.containerStatuses, "container", found));
  return [...found, ...gateTroubles(pod)];
}

/** The claims that a pod mounts. */
export function claimsOf(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName];
    return volume.ephemeral ? [`${pod.metadata.name}-${volume.name}`] : [];
  });
}

/** Whether its containers take part in what it is for. */
export function isReady(pod: Pod): boolean {
  return conditionOf(pod, "Ready")?.status === "True";
}

function conditionOf(pod: Pod, type: string): PodCondition | undefined {
  return (pod.status?.conditions ?? []).find((condition) => condition.type === type);
}

function endTroubles(pod: Pod): Trouble[] {
  const { metadata, status } = pod;
  const found: Trouble[] = [];
  if (metadata.deletionTimestamp) {
    const held = (metadata.finalizers ?? []).join(", ");
    const says = `It is being deleted since ${metadata.deletionTimestamp}`;
    found.push(trouble("pod", held === "" ? `${says}.` : `${says}; finalizers hold it: ${held}.`));
  }
  const disrupted = conditionOf(pod, "DisruptionTarget");
  if (disrupted?.status === "True") {
    found.push(trouble("pod", "It was chosen to be removed.", disrupted.reason, disrupted.message));
  }
  if (status?.phase === "Failed") {
    found.push(trouble("pod", "It has failed and is not started again.", status.reason, status.message));
  } else if (status?.reason || status?.message) {
    found.push(trouble("pod", "Its node says something of it.", status.reason, status.message));
  }
  return found;
}

function schedulingTroubles(pod: Pod): Trouble[] {
  if (pod.spec?.nodeName || isOver(pod)) return [];
  const scheduled = conditionOf(pod, "PodScheduled");
  if (scheduled?.reason === "SchedulingGated") {
    const gates = (pod.spec?.schedulingGates ?? []).map(({ name }) => name).join(", ");
    return [trouble("pod", `It waits until its scheduling gates are removed: ${gates}.`)];
  }
  if (scheduled?.status === "False") {
    return [trouble("pod", "No node can take it.", scheduled.reason, scheduled.message)];
  }
  const scheduler = pod.spec?.schedulerName ?? "default-scheduler";
  return [trouble("pod", `No scheduler has looked at it yet: is ${scheduler} running?`)];
}

function containersIn(
  pod: Pod,
  containers: readonly Container[] | undefined,
  statuses: readonly ContainerStatus[] | undefined,
  kind: "init container" | "container",
  before: readonly Trouble[],
): Trouble[] {
  const found: Trouble[] = [];
  for (const container of containers ?? []) {
    const status = (statuses ?? []).find(({ name }) => name === container.name);
    if (status === undefined) continue;
    // Init containers end, but for those that are sidecars.
    const runsOn = kind === "container" || container.restartPolicy === "Always";
    found.push(...containerTroubles({
      about: `${kind} ${container.name}`,
      container,
      status,
      expectsReady: runsOn && !isOver(pod),
      isBlocked: before.length + found.length > 0,
    }));
  }
  return found;
}

function gateTroubles(pod: Pod): Trouble[] {
  return (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = conditionOf(pod, conditionType);
    if (condition?.status === "True" || isOver(pod)) return [];
    return [
      trouble(
        "pod",
        `Its readiness gate ${conditionType} is not open.`,
        condition?.reason,
        condition?.message,
      ),
    ];
  });
}

function isOver(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}
