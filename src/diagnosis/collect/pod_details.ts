/** What tells more of pods that do not run: logs, claims, nodes and quotas, each only where it matters. */
import {
  CoreEvents,
  NetworkPolicies,
  Nodes,
  PersistentVolumeClaims,
  Pods,
  ResourceQuotas,
} from "../../api/kubernetes/resources.ts";
import type { PersistentVolumeClaim, Pod } from "../../api/kubernetes/types.ts";
import { isNotFound, KubeApiError } from "../../kube/errors.ts";
import { eventTime } from "../core_events.ts";
import { list, record, text } from "../foreign.ts";
import type { ContainerLog } from "../kubernetes_facts.ts";
import type { Looker } from "../look.ts";
import {
  conditionOf,
  type ContainerView,
  isOver,
  isReadyPod,
  type PodView,
  podView,
} from "../pods/pod_view.ts";
import { valueOf } from "../seen.ts";
import { saysAny } from "./pod_events.ts";

const MOST_LOGS = 2;
const LOG_LINES = 60;
const LOG_BYTES = 32_768;
/** After that long, a container that runs and is not ready is worth a look at its log; milliseconds. */
const SLOW_START_MS = 15_000;
/** A list that is so long may not be all. */
const FULL = 500;

/** Needs `events`. @param namespace where the pods are, or would be */
export async function collectPodDetails(
  looker: Looker,
  pods: readonly Pod[],
  namespace: string,
): Promise<void> {
  const views = pods.map(podView).filter((pod) =>
    pod.phase !== "Succeeded" && pod.name !== "" && !isReadyPod(pod)
  );
  const { events } = looker.facts();
  const isQuota = saysAny(valueOf(events), /exceeded quota/) || buildSays(looker, /exceeded quota/);
  await Promise.all([
    logs(looker, [...views, ...flapping(pods, looker.world.now())]),
    claims(looker, views.filter(waitsForVolumes)),
    nodes(looker, views),
    ...(isQuota ? [collectQuotas(looker, namespace)] : []),
  ]);
}

/** Fills in `quotas`, once; nothing where they are known. Never rejects. */
export async function collectQuotas(looker: Looker, namespace: string): Promise<void> {
  if (looker.facts().quotas !== undefined) return;
  await looker.look(
    "quotas",
    `list resource quotas in ${namespace}`,
    () => looker.list(ResourceQuotas, { namespace }),
  );
}

/**
 * Fills in `networkPolicies` of the pods' namespace: for pods that are ready while what is in them is not heard of.
 * Nothing without such. Never rejects.
 */
export async function collectNetworkPolicies(looker: Looker): Promise<void> {
  const { pods, networkPolicies } = looker.facts();
  const running = (valueOf(pods) ?? []).map(podView).find(isReadyPod);
  if (running === undefined || networkPolicies !== undefined) return;
  const { namespace } = running;
  await looker.look(
    "networkPolicies",
    `list network policies in ${namespace}`,
    () => looker.list(NetworkPolicies, { namespace }),
  );
}

function buildSays(looker: Looker, pattern: RegExp): boolean {
  const { build, buildLog } = looker.facts();
  const error = record(record(valueOf(build))["job"])["error"];
  const lines = list(valueOf(buildLog)).map((line) => record(line)["text"]);
  return [error, ...lines].some((line) => pattern.test(text(line)));
}

/** Pods that are ready just now, between two ends. */
function flapping(pods: readonly Pod[], now: number): PodView[] {
  return pods.map(podView).filter((pod) =>
    isReadyPod(pod) &&
    pod.containers.some(({ lastEnd, restarts }) =>
      restarts > 1 && lastEnd !== undefined && now - lastEnd.finishedAt < 600_000
    )
  );
}

async function logs(looker: Looker, pods: readonly PodView[]): Promise<void> {
  const wanted = pods.flatMap((pod) =>
    pod.containers.flatMap((container) => {
      const previous = runToRead(pod, container, looker.world.now());
      return previous === undefined ? [] : [{ pod, container, previous }];
    })
  );
  if (wanted.length === 0) return;
  // One of each kind: pods of one Deployment say the same.
  const kinds = new Map(wanted.map((one) => [`${one.container.name} ${one.container.image}`, one]));
  const chosen = [...kinds.values()].slice(0, MOST_LOGS);
  const what = chosen.map(({ pod, container }) => `${pod.ref} (${container.name})`).join(", ");
  await looker.look(
    "podLogs",
    `read logs of ${what}`,
    () => Promise.all(chosen.map(({ pod, container, previous }) => logOf(looker, pod, container, previous))),
  );
}

/** Whether the run before this one is of interest; undefined: neither is. */
function runToRead(pod: PodView, container: ContainerView, now: number): boolean | undefined {
  const { state, end, lastEnd, ready, restarts, runningSince } = container;
  if (pod.node === "" || (pod.deletingSince > 0 && !isOver(pod))) return undefined;
  if (state === "terminated") return end !== undefined && end.exitCode !== 0 ? false : undefined;
  if (state === "waiting" || ready) return lastEnd !== undefined && lastEnd.exitCode !== 0 ? true : undefined;
  if (state !== "running" || container.kind === "init") return undefined;
  if (restarts > 0 && lastEnd !== undefined) return true;
  return now - runningSince > SLOW_START_MS ? false : undefined;
}

async function logOf(
  looker: Looker,
  { namespace, name }: PodView,
  container: ContainerView,
  previous: boolean,
): Promise<ContainerLog> {
  const query = { container: container.name, tailLines: LOG_LINES, limitBytes: LOG_BYTES, previous };
  const words = await looker.text(Pods, { namespace, name }, "log", { query, maxBytes: LOG_BYTES })
    .catch((error: unknown) => {
      // A run whose log is gone: the node says 400, or answers in words.
      if (error instanceof KubeApiError && (error.code === 400 || error.code === 404)) return "";
      throw error;
    });
  const lines = words.split("\n").map((line) => line.trimEnd()).filter((line) => line !== "");
  return { pod: name, namespace, container: container.name, previous, lines };
}

/** Not placed yet, or placed and not started. */
function waitsForVolumes(pod: PodView): boolean {
  return pod.claims.length > 0 && !isOver(pod) &&
    (pod.node === "" ||
      pod.containers.some(({ state, reason }) => state === "unknown" || reason === "ContainerCreating"));
}

async function claims(looker: Looker, pods: readonly PodView[]): Promise<void> {
  const [first] = pods;
  if (first === undefined) return;
  const { namespace } = first;
  const names = [
    ...new Set(pods.filter((pod) => pod.namespace === namespace).flatMap((pod) => pod.claims)),
  ];
  const [name, ...more] = names as [string, ...string[]];
  const what = more.length === 0
    ? `get volume claim ${namespace}/${name}`
    : `list volume claims in ${namespace}`;
  let isAll = true;
  const seen = await looker.look("claims", what, async () => {
    if (more.length === 0) return await oneClaim(looker, namespace, name);
    const all = await looker.list(PersistentVolumeClaims, { namespace });
    isAll = all.length < FULL;
    return all.filter((claim) => names.includes(text(record(record(claim)["metadata"])["name"])));
  });
  if (seen.state !== "seen") return;
  if (seen.value.some(isUnbound)) await claimEvents(looker, namespace, names);
  if (!isAll) return;
  const there = new Set(seen.value.map((claim) => text(record(record(claim)["metadata"])["name"])));
  looker.set("missingClaims", { state: "seen", value: names.filter((one) => !there.has(one)) });
}

function isUnbound(claim: unknown): boolean {
  return record(record(claim)["status"])["phase"] !== "Bound";
}

/** What is said of claims is no warning for the most part. What cannot be read is not missed: there were warnings. */
async function claimEvents(looker: Looker, namespace: string, names: readonly string[]): Promise<void> {
  const { events } = looker.facts();
  if (events?.state !== "seen") return;
  try {
    const told = await looker.list(CoreEvents, {
      namespace,
      fieldSelector: "involvedObject.kind=PersistentVolumeClaim,type=Normal",
    });
    const own = told.filter((event) => names.includes(text(record(record(event)["involvedObject"])["name"])));
    const value = [...events.value, ...own].toSorted((a, b) => eventTime(b) - eventTime(a));
    looker.set("events", { ...events, value });
  } catch {
    // The warnings are there.
  }
}

async function oneClaim(looker: Looker, namespace: string, name: string): Promise<PersistentVolumeClaim[]> {
  try {
    return [await looker.get(PersistentVolumeClaims, { namespace, name })];
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

async function nodes(looker: Looker, pods: readonly PodView[]): Promise<void> {
  if (
    pods.some((pod) =>
      pod.node === "" && !isOver(pod) && conditionOf(pod, "PodScheduled")?.status === "False"
    )
  ) {
    await looker.look("nodes", "list nodes", () => looker.list(Nodes));
    return;
  }
  const lost = pods.find((pod) => pod.node !== "" && isNodesFault(pod));
  if (lost === undefined) return;
  await looker.look("nodes", `get node ${lost.node}`, async () => {
    return [await looker.get(Nodes, { namespace: "", name: lost.node })];
  });
}

/** Its node may be away, or under pressure: it evicts, or says nothing any more. */
function isNodesFault(pod: PodView): boolean {
  const ready = conditionOf(pod, "Ready");
  return pod.reason === "Evicted" || pod.reason === "NodeLost" || pod.phase === "Unknown" ||
    pod.deletingSince > 0 || conditionOf(pod, "DisruptionTarget")?.status === "True" ||
    (ready?.status !== "True" && !isOver(pod) &&
      pod.containers.length > 0 &&
      pod.containers.every(({ state }) => state === "running" || state === "unknown"));
}
