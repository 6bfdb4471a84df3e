/** What runs for them: workloads, network, volumes, quotas; of Secrets and ConfigMaps the names alone. */
import {
  ConfigMaps,
  Deployments,
  Ingresses,
  Leases,
  NetworkPolicies,
  Nodes,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  Pods,
  ReplicaSets,
  ResourceQuotas,
  RoleBindings,
  Roles,
  Secrets,
  ServiceAccounts,
  Services,
} from "../../api/kubernetes/resources.ts";
import type { Pod } from "../../api/kubernetes/types.ts";
import type { ResourceType } from "../../api/object.ts";
import type { Gatherer } from "../gatherer.ts";

const WHOLE: readonly ResourceType[] = [
  Deployments,
  ReplicaSets,
  Services,
  Ingresses,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  NetworkPolicies,
  ResourceQuotas,
  Roles,
  RoleBindings,
  ServiceAccounts,
  Leases,
];
const NAMES: readonly ResourceType[] = [Secrets, ConfigMaps];
const MOST = 500;

/** `namespaces/<namespace>/<kind>.yaml` for each; the pods, for their logs. */
export async function gatherWorkloads(
  gatherer: Gatherer,
  namespaces: readonly string[],
): Promise<readonly Pod[]> {
  const list = <T extends ResourceType>(type: T, namespace: string, metadataOnly = false) =>
    gatherer.tried(
      `list of ${type.plural} in ${namespace}`,
      (signal) => gatherer.world.cluster.list(type, { namespace, limit: MOST, metadataOnly, signal }),
    );
  const pods: Pod[] = [];
  for (const namespace of namespaces) {
    const [found] = await Promise.all([
      gatherer.tried(
        `list of pods in ${namespace}`,
        (signal) => gatherer.world.cluster.list(Pods, { namespace, limit: MOST, signal }),
      ),
      ...WHOLE.map(async (type) => {
        const page = await list(type, namespace);
        if (page === undefined || page.items.length === 0) return;
        gatherer.yaml(`namespaces/${namespace}/${type.plural}.yaml`, `${type.kind} objects`, 2, page.items);
      }),
      ...NAMES.map(async (type) => {
        const page = await list(type, namespace, true);
        if (page === undefined || page.items.length === 0) return;
        const names = page.items.map(({ metadata }) => ({
          name: metadata.name,
          labels: metadata.labels,
          creationTimestamp: metadata.creationTimestamp,
        }));
        gatherer.yaml(`namespaces/${namespace}/${type.plural}.yaml`, `${type.kind} objects: names`, 3, names);
      }),
    ]);
    if (found === undefined) continue;
    pods.push(...found.items);
    if (found.items.length > 0) {
      gatherer.yaml(`namespaces/${namespace}/pods.yaml`, "Pod objects", 2, found.items);
    }
  }
  return pods;
}

/** `nodes.yaml` */
export async function gatherNodes(gatherer: Gatherer): Promise<void> {
  const page = await gatherer.tried(
    "list of nodes",
    (signal) => gatherer.world.cluster.list(Nodes, { limit: MOST, signal }),
  );
  const nodes = (page?.items ?? []).map(({ metadata, spec, status }) => ({
    name: metadata.name,
    labels: metadata.labels,
    taints: spec?.taints,
    unschedulable: spec?.unschedulable,
    allocatable: status?.allocatable,
    conditions: status?.conditions,
    nodeInfo: status?.nodeInfo,
  }));
  if (page !== undefined) gatherer.yaml("nodes.yaml", "nodes: room, taints, conditions", 3, nodes);
}
