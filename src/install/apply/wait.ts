/** Waiting for the cluster to carry out what was asked for. */
import {
  APIServices,
  CustomResourceDefinitions,
  Deployments,
  Namespaces,
  Pods,
} from "../../api/kubernetes/resources.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import type { KubeObject, ObjectKey } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isNotFound, isTransient } from "../../kube/errors.ts";
import { discovery, DISCOVERY_ACCEPT, DISCOVERY_PATH, tellsOf } from "../discovery.ts";
import { InstallError } from "./error.ts";
import type { Say } from "./say.ts";

export interface WaitOptions {
  readonly say: Say;
  /** Ends it, and with that says why: the deadline, or somebody who has had enough. */
  readonly signal: AbortSignal;
  /** Between two looks, in milliseconds. @default {200} */
  readonly intervalMs?: number;
}

/** What a look has found: nothing is missing, or what is. */
export type Missing = string | undefined;

/** Looks until nothing is missing. @throws {InstallError} with what was missing last */
export async function until(
  what: string,
  look: (signal: AbortSignal) => Promise<Missing>,
  { say, signal, intervalMs = 200 }: WaitOptions,
): Promise<void> {
  let last = "nothing is known yet";
  try {
    while (true) {
      signal.throwIfAborted();
      let missing: Missing;
      try {
        missing = await look(signal);
      } catch (error) {
        if (!isTransient(error)) throw error;
        missing = error instanceof Error ? error.message : String(error);
      }
      if (missing === undefined) return;
      last = missing;
      say.waiting(`${what}: ${missing}`);
      await pause(intervalMs, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new InstallError(`${what}: ${last} (${reasonOf(signal)})`, { cause: error });
  } finally {
    say.waiting(undefined);
  }
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof DOMException && reason.name === "TimeoutError"
    ? "the time for it is over"
    : reason instanceof Error
    ? reason.message
    : String(reason);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

type Reader = Pick<KubeClient, "get" | "list">;

async function found<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** A condition of that type; undefined where there is none. */
function conditionOf(
  object: unknown,
  type: string,
): { status: string; reason?: string; message?: string } | undefined {
  const { status } = object as { status?: { conditions?: { type: string; status: string }[] } };
  return status?.conditions?.find((one) => one.type === type);
}

/** CRDs that the API server serves. */
export async function definitionServed(
  client: Reader,
  name: string,
  signal: AbortSignal,
): Promise<Missing> {
  const definition = await found(client.get(CustomResourceDefinitions, { namespace: "", name }, { signal }));
  if (definition === undefined) return "it is not there";
  const names = conditionOf(definition, "NamesAccepted");
  if (names?.status === "False") {
    throw new InstallError(`${name} is not served: ${names.message ?? names.reason}`);
  }
  return conditionOf(definition, "Established")?.status === "True" ? undefined : "it is not served yet";
}

/** A namespace that something can be made in: one that is ending must have ended first. */
export async function namespaceEnded(client: Reader, name: string, signal: AbortSignal): Promise<Missing> {
  const namespace = await found(client.get(Namespaces, { namespace: "", name }, { signal }));
  if (namespace?.metadata.deletionTimestamp === undefined) return undefined;
  const remaining = [
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
    "NamespaceDeletionDiscoveryFailure",
  ]
    .flatMap((type) => {
      const condition = conditionOf(namespace, type);
      return condition?.status === "True" ? condition.message ?? [] : [];
    });
  return ["it is being deleted", ...remaining].join("; ");
}

/** A Deployment whose pods are all of its newest template, and available. */
export async function rolledOut(client: Reader, key: ObjectKey, signal: AbortSignal): Promise<Missing> {
  const deployment = await found(client.get(Deployments, key, { signal }));
  if (deployment === undefined) return "it is not there";
  const { metadata, spec, status } = deployment;
  const wanted = spec?.replicas ?? 1;
  const { updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = status ?? {};
  const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  if (isSeen && updatedReplicas >= wanted && availableReplicas >= wanted && replicas <= wanted) {
    return undefined;
  }
  const counts = `${Math.min(updatedReplicas, availableReplicas)} of ${wanted} pods are available`;
  return [counts, ...await troublesOf(client, deployment, signal)].join("; ");
}

/** Why pods are not there, or do not run: in the words of Kubernetes. */
async function troublesOf(
  client: Reader,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<string[]> {
  const failure = conditionOf(deployment, "ReplicaFailure");
  const labels = Object.entries(deployment.spec?.selector.matchLabels ?? {});
  const labelSelector = labels.map(([name, value]) => `${name}=${value}`).join(",");
  const { namespace = "" } = deployment.metadata;
  // Who may not read pods is told less.
  const { items } = await client.list(Pods, { namespace, labelSelector, limit: 20, signal }).catch(() => ({
    items: [],
  }));
  const waiting = items.flatMap((pod) => [
    ...(pod.status?.containerStatuses ?? []).flatMap(({ state, lastState }) => {
      const { reason, message } = state?.waiting ?? {};
      if (reason === undefined || reason === "ContainerCreating" || reason === "PodInitializing") return [];
      const code = lastState?.terminated?.exitCode;
      return [
        `${reason}${message === undefined ? "" : `: ${message}`}${
          code === undefined ? "" : ` (exit code ${code})`
        }`,
      ];
    }),
    ...unscheduled(pod),
  ]);
  const told = [...failure?.status === "True" ? [failure.message ?? "pods cannot be made"] : [], ...waiting];
  return [...new Set(told.map((text) => text.length > 300 ? `${text.slice(0, 297)}...` : text))].slice(0, 3);
}

function unscheduled(pod: KubeObject): string[] {
  const condition = conditionOf(pod, "PodScheduled");
  return condition?.status === "False" ? [condition.message ?? "no node takes it"] : [];
}

/** An APIService that the API server reaches, and of whose resources it tells its clients. */
export async function apiAvailable(
  client: Reader & Pick<KubeClient, "raw">,
  name: string,
  signal: AbortSignal,
): Promise<Missing> {
  const apiService = await found(client.get(APIServices, { namespace: "", name }, { signal }));
  if (apiService === undefined) return "it is not there";
  const condition = conditionOf(apiService, "Available");
  if (condition?.status !== "True") return condition?.message ?? "the API server has not looked yet";
  const { group, version } = apiService.spec ?? {};
  const told = await client.raw("GET", DISCOVERY_PATH, { signal, accept: DISCOVERY_ACCEPT });
  return tellsOf(discovery.parse(told), group ?? "", version ?? "")
    ? undefined
    : "the API server does not tell of its resources yet";
}

/** Gone, or the same name is another object's by now. */
export async function isGone(
  read: () => Promise<KubeObject>,
  uid: string | undefined,
): Promise<KubeObject | undefined> {
  const live = await found(read());
  return live === undefined || (uid !== undefined && live.metadata.uid !== uid) ? undefined : live;
}
