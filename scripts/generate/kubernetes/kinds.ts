/** Which Kubernetes kinds the product speaks of, and where the pinned OpenAPI document comes from. */

/** The Go module whose `api/openapi-spec/swagger.json` is the source of every embedded Kubernetes type. */
export const PIN = {
  module: "k8s.io/kubernetes",
  version: "v1.35.0",
  path: "api/openapi-spec/swagger.json",
  /** The folder of the OpenAPI v3 documents, read for the defaults that version 2 leaves out. */
  defaults: "api/openapi-spec/v3",
};

/**
 * Defaults that CRDs embedding these types never had (they are named constants in the Go source, which CRD generators
 * do not resolve). Adding them would change what is stored for existing objects.
 */
export const UNRESOLVED_DEFAULTS: readonly string[] = [
  "io.k8s.api.core.v1.AzureDiskVolumeSource.cachingMode",
  "io.k8s.api.core.v1.AzureDiskVolumeSource.kind",
];

/** Where the reduced document is kept, from the repository's root. */
export const EXTRACT_PATH = "src/api/kubernetes/openapi.json";

/** One kind to extract. */
export interface WantedKind {
  /** The definition in the OpenAPI document. */
  readonly definition: string;
  /** Name of the `ResourceType` constant; absent for kinds that are bodies of subresources or answers. */
  readonly constant?: string;
}

const api = (group: string, version: string, kind: string, constant?: string): WantedKind => ({
  definition: `io.k8s.api.${group}.${version}.${kind}`,
  ...(constant === undefined ? {} : { constant }),
});

/** Every kind that some room reads or writes. */
export const WANTED_KINDS: readonly WantedKind[] = [
  api("apps", "v1", "Deployment", "Deployments"),
  api("apps", "v1", "ReplicaSet", "ReplicaSets"),
  api("authentication", "v1", "TokenRequest"),
  api("authentication", "v1", "TokenReview", "TokenReviews"),
  api("authorization", "v1", "SelfSubjectAccessReview", "SelfSubjectAccessReviews"),
  api("authorization", "v1", "SelfSubjectRulesReview", "SelfSubjectRulesReviews"),
  api("authorization", "v1", "SubjectAccessReview", "SubjectAccessReviews"),
  api("autoscaling", "v1", "Scale"),
  api("autoscaling", "v2", "HorizontalPodAutoscaler", "HorizontalPodAutoscalers"),
  api("batch", "v1", "Job", "Jobs"),
  api("coordination", "v1", "Lease", "Leases"),
  api("core", "v1", "ConfigMap", "ConfigMaps"),
  api("core", "v1", "Event", "CoreEvents"),
  api("core", "v1", "Namespace", "Namespaces"),
  api("core", "v1", "Node", "Nodes"),
  api("core", "v1", "PersistentVolumeClaim", "PersistentVolumeClaims"),
  api("core", "v1", "Pod", "Pods"),
  api("core", "v1", "ResourceQuota", "ResourceQuotas"),
  api("core", "v1", "Secret", "Secrets"),
  api("core", "v1", "Service", "Services"),
  api("core", "v1", "ServiceAccount", "ServiceAccounts"),
  api("events", "v1", "Event", "Events"),
  api("networking", "v1", "Ingress", "Ingresses"),
  api("networking", "v1", "NetworkPolicy", "NetworkPolicies"),
  api("policy", "v1", "PodDisruptionBudget", "PodDisruptionBudgets"),
  api("rbac", "v1", "ClusterRole", "ClusterRoles"),
  api("rbac", "v1", "ClusterRoleBinding", "ClusterRoleBindings"),
  api("rbac", "v1", "Role", "Roles"),
  api("rbac", "v1", "RoleBinding", "RoleBindings"),
  {
    definition: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    constant: "CustomResourceDefinitions",
  },
  { definition: "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService", constant: "APIServices" },
  { definition: "io.k8s.apimachinery.pkg.apis.meta.v1.Status" },
  { definition: "io.k8s.apimachinery.pkg.apis.meta.v1.Condition" },
  { definition: "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions" },
];

/** What the OpenAPI documents of API servers refer to, whatever they serve. */
export const META_DEFINITIONS: readonly string[] = [
  "Condition",
  "DeleteOptions",
  "ListMeta",
  "ObjectMeta",
  "Status",
]
  .map((name) => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`);

/** Short names that differ from the definition's last part, because two definitions share it. */
export const RENAMED: Readonly<Record<string, string>> = {
  "io.k8s.api.core.v1.Event": "CoreEvent",
  "io.k8s.api.core.v1.EventSeries": "CoreEventSeries",
  "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference": "APIServiceReference",
};

/** The kinds whose fields the applier compares. */
export const APPLIED_KINDS: readonly string[] = [
  "apps.v1.Deployment",
  "batch.v1.Job",
  "core.v1.ConfigMap",
  "core.v1.Secret",
  "core.v1.Service",
  "core.v1.ServiceAccount",
  "networking.v1.Ingress",
  "networking.v1.NetworkPolicy",
  "policy.v1.PodDisruptionBudget",
  "rbac.v1.Role",
  "rbac.v1.RoleBinding",
].map((name) => `io.k8s.api.${name}`);

/** What our own resources embed: each gets a zod schema, with everything reachable from it. */
export const EMBEDDED: readonly string[] = [
  "Affinity",
  "Container",
  "EnvFromSource",
  "EnvVar",
  "HostAlias",
  "Lifecycle",
  "LocalObjectReference",
  "PodSecurityContext",
  "Probe",
  "ResourceRequirements",
  "SecurityContext",
  "Toleration",
  "TopologySpreadConstraint",
  "Volume",
  "VolumeMount",
].map((name) => `io.k8s.api.core.v1.${name}`).concat([
  "io.k8s.api.apps.v1.DeploymentStrategy",
  "io.k8s.api.rbac.v1.PolicyRule",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Condition",
]);
