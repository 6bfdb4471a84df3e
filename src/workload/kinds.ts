/** The kinds that reconcilers read, each declared in one way only: the cache watches a kind once in the process. */
import { type CoderControlPlane, CoderControlPlanes } from "../api/control_plane.ts";
import { type CoderProvisioner, CoderProvisioners } from "../api/provisioner.ts";
import { CoderWorkspaceProxies, type CoderWorkspaceProxy } from "../api/workspace_proxy.ts";
import { type Gateway, Gateways, type HTTPRoute, HTTPRoutes } from "../api/gateway.ts";
import {
  ConfigMaps,
  Deployments,
  HorizontalPodAutoscalers,
  Ingresses,
  Jobs,
  Namespaces,
  PodDisruptionBudgets,
  Pods,
  RoleBindings,
  Roles,
  Secrets,
  ServiceAccounts,
  Services,
} from "../api/kubernetes/resources.ts";
import type {
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  Ingress,
  Job,
  Namespace,
  Pod,
  PodDisruptionBudget,
  Role,
  RoleBinding,
  Secret,
  Service,
  ServiceAccount,
} from "../api/kubernetes/types.ts";
import type { Informer, SharedCache } from "../kube/informer.ts";
import { deploymentFacts } from "./deployment_facts.ts";
import { picked } from "./picked.ts";
import { CONTROL_PLANE_LABEL, CONTROL_PLANE_NAMESPACE_LABEL, MANAGED_BY_SELECTOR } from "./labels.ts";
import { BY_INSTANCE, instanceOf, PROVISIONER_PODS, slimPod } from "./provisioner_pods.ts";
import { OWNER_UID_ANNOTATION } from "./workspace_rbac.ts";

/** Index of autoscalers by the Deployment they target, as `namespace/name`. */
export const BY_TARGET = "target-deployment";

/** Index of Roles and RoleBindings by the control plane whose workspaces they are for, as `namespace/name`. */
export const BY_CONTROL_PLANE = "control-plane";

/** Index of Roles and RoleBindings by the UIDs of those whom they were made for. */
export const BY_GRANTEE_UID = "grantee-uid";

/** Live views of what a reconciler works with. */
export interface WorkloadKinds {
  controlPlanes: Informer<CoderControlPlane>;
  provisioners: Informer<CoderProvisioner>;
  workspaceProxies: Informer<CoderWorkspaceProxy>;
  /** Only those with our label; `derived` gives `DeploymentFacts`. */
  deployments: Informer<Deployment>;
  /** Only those with our label. */
  services: Informer<Service>;
  /** Metadata only, but all of them: users may change every label of their ServiceAccounts. */
  serviceAccounts: Informer<ServiceAccount>;
  /** Metadata only: values are read when they are needed. */
  secrets: Informer<Secret>;
  /** Metadata only. */
  configMaps: Informer<ConfigMap>;
  /** Their targets only, by {@linkcode BY_TARGET}. */
  autoscalers: Informer<HorizontalPodAutoscaler>;
  /** Only those with our label. */
  ingresses: Informer<Ingress>;
  /** Only those with our label. The kind may be missing, and may come later. */
  httpRoutes: Informer<HTTPRoute>;
  /** What they listen to and at which addresses, only; theirs are other people's. The kind may be missing. */
  gateways: Informer<Gateway>;
  /** Only those with our label. */
  disruptionBudgets: Informer<PodDisruptionBudget>;
  /** Only those with our label. */
  jobs: Informer<Job>;
  /** Those of provisioners, by {@linkcode BY_INSTANCE}: as `slimPod` leaves them. */
  pods: Informer<Pod>;
  /** Only those with our label: workspace RBAC, by {@linkcode BY_CONTROL_PLANE}. */
  roles: Informer<Role>;
  /** Only those with our label: workspace RBAC, by {@linkcode BY_CONTROL_PLANE}. */
  roleBindings: Informer<RoleBinding>;
  /**
   * Metadata only: who may have rights granted there. Undefined where the operator works in some namespaces alone: its
   * rights then end there, and Namespaces can only be watched with rights in the whole cluster.
   */
  namespaces: Informer<Namespace> | undefined;
}

const declared = new WeakMap<SharedCache, WorkloadKinds>();

/** Declares control planes alone, as {@linkcode workloadKinds} does. */
export function controlPlaneKind(
  cache: Pick<SharedCache, "informer">,
  namespaces: readonly string[] = [],
): Informer<CoderControlPlane> {
  const scope = namespaces.length === 0 ? {} : { namespaces };
  return cache.informer(CoderControlPlanes, { ...scope, optional: true });
}

/** Declares the kinds in `cache`, or gives those that were declared. `namespaces` absent or empty means all. */
export function workloadKinds(cache: SharedCache, namespaces: readonly string[] = []): WorkloadKinds {
  const known = declared.get(cache);
  if (known !== undefined) return known;
  const scope = namespaces.length === 0 ? {} : { namespaces };
  const kinds: WorkloadKinds = {
    controlPlanes: controlPlaneKind(cache, namespaces),
    // Our own definitions may be installed after us.
    provisioners: cache.informer(CoderProvisioners, { ...scope, optional: true }),
    workspaceProxies: cache.informer(CoderWorkspaceProxies, { ...scope, optional: true }),
    deployments: cache.informer(Deployments, {
      ...scope,
      labelSelector: MANAGED_BY_SELECTOR,
      derive: deploymentFacts,
    }),
    services: cache.informer(Services, { ...scope, labelSelector: MANAGED_BY_SELECTOR }),
    serviceAccounts: cache.informer(ServiceAccounts, { ...scope, metadataOnly: true }),
    secrets: cache.informer(Secrets, { ...scope, metadataOnly: true }),
    configMaps: cache.informer(ConfigMaps, { ...scope, metadataOnly: true }),
    autoscalers: cache.informer(HorizontalPodAutoscalers, { ...scope, transform: targetOnly }),
    ingresses: cache.informer(Ingresses, { ...scope, labelSelector: MANAGED_BY_SELECTOR }),
    httpRoutes: cache.informer(HTTPRoutes, { ...scope, labelSelector: MANAGED_BY_SELECTOR, optional: true }),
    gateways: cache.informer(Gateways, { ...scope, transform: listenersOnly, optional: true }),
    disruptionBudgets: cache.informer(PodDisruptionBudgets, { ...scope, labelSelector: MANAGED_BY_SELECTOR }),
    jobs: cache.informer(Jobs, { ...scope, labelSelector: MANAGED_BY_SELECTOR }),
    pods: cache.informer(Pods, { ...scope, labelSelector: PROVISIONER_PODS, transform: slimPod }),
    roles: cache.informer(Roles, { ...scope, labelSelector: MANAGED_BY_SELECTOR }),
    roleBindings: cache.informer(RoleBindings, { ...scope, labelSelector: MANAGED_BY_SELECTOR }),
    namespaces: namespaces.length === 0 ? cache.informer(Namespaces, { metadataOnly: true }) : undefined,
  };
  kinds.autoscalers.addIndex(BY_TARGET, targetDeployment);
  kinds.pods.addIndex(BY_INSTANCE, instanceOf);
  kinds.roles.addIndex(BY_CONTROL_PLANE, controlPlaneOf);
  kinds.roleBindings.addIndex(BY_CONTROL_PLANE, controlPlaneOf);
  kinds.roles.addIndex(BY_GRANTEE_UID, granteeUids);
  kinds.roleBindings.addIndex(BY_GRANTEE_UID, granteeUids);
  declared.set(cache, kinds);
  return kinds;
}

/** `namespace/name` of the control plane that workspace RBAC says it is for; empty for other objects. */
export function controlPlaneOf({ metadata: { labels = {} } }: Role | RoleBinding): string[] {
  const { [CONTROL_PLANE_LABEL]: name, [CONTROL_PLANE_NAMESPACE_LABEL]: namespace } = labels;
  return name === undefined || namespace === undefined ? [] : [`${namespace}/${name}`];
}

/** The UIDs of the object that workspace RBAC says it is for, and of its controller. */
export function granteeUids(
  { metadata: { annotations = {}, ownerReferences = [] } }: Role | RoleBinding,
): string[] {
  const controller = ownerReferences.find(({ controller }) => controller === true)?.uid;
  return [...new Set([annotations[OWNER_UID_ANNOTATION], controller])].filter((uid) => uid !== undefined);
}

function targetOnly(autoscaler: HorizontalPodAutoscaler): HorizontalPodAutoscaler {
  const { apiVersion, kind, metadata, spec } = autoscaler;
  const scaleTargetRef = spec?.scaleTargetRef;
  if (scaleTargetRef === undefined) return { apiVersion, kind, metadata };
  return { apiVersion, kind, metadata, spec: { scaleTargetRef, maxReplicas: spec?.maxReplicas ?? 0 } };
}

function listenersOnly({ apiVersion, kind, metadata, spec, status }: Gateway): Gateway {
  const listeners = (spec?.listeners ?? []).map(({ name, protocol, port, hostname }) => ({
    name,
    protocol,
    port,
    ...(hostname !== undefined && { hostname }),
  }));
  const addresses = status?.addresses;
  return {
    apiVersion,
    kind,
    metadata: picked(metadata, ["name", "namespace", "uid", "resourceVersion"]),
    spec: { listeners },
    ...(addresses !== undefined && { status: { addresses } }),
  };
}

/** `namespace/name` of the Deployment that an autoscaler targets; empty for other targets. */
export function targetDeployment({ metadata, spec }: HorizontalPodAutoscaler): string[] {
  const target = spec?.scaleTargetRef;
  if (target?.kind !== "Deployment" || !(target.apiVersion ?? "apps/v1").startsWith("apps/")) return [];
  return [`${metadata.namespace ?? ""}/${target.name}`];
}
