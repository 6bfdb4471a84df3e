/** What the Go operator's documentation has applied: its objects, as far as ours come in their place. */
import type { Manifest } from "./variants.ts";

const RBAC = "rbac.authorization.k8s.io";
const NAMESPACE = "coder-system";
const SUBJECT = { kind: "ServiceAccount", name: "coder-k8s", namespace: NAMESPACE };
const LABELS = { app: "coder-k8s" };
const ALL = ["create", "delete", "get", "list", "patch", "update", "watch"];

function definition(kind: string, singular: string): Manifest {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${singular}s.coder.com`.replace("proxys", "proxies") },
    spec: {
      group: "coder.com",
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, plural: `${singular}s`.replace("proxys", "proxies"), singular },
      versions: [{
        name: "v1alpha1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
              status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
            },
          },
        },
      }],
    },
  };
}

export const GO_DEFINITIONS: readonly Manifest[] = [
  definition("CoderControlPlane", "codercontrolplane"),
  definition("CoderProvisioner", "coderprovisioner"),
  definition("CoderWorkspaceProxy", "coderworkspaceproxy"),
];

function service(name: string, port: number, targetPort: number): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: NAMESPACE, labels: LABELS },
    spec: { type: "ClusterIP", selector: LABELS, ports: [{ port, targetPort, protocol: "TCP" }] },
  };
}

export const GO_INSTALLATION: readonly Manifest[] = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "coder-k8s", namespace: NAMESPACE } },
  {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRole",
    metadata: { name: "manager-role" },
    rules: [
      { apiGroups: [""], resources: ["configmaps", "namespaces"], verbs: ["get", "list", "watch"] },
      { apiGroups: [""], resources: ["secrets", "serviceaccounts", "services", "pods"], verbs: ALL },
      { apiGroups: ["aggregation.coder.com"], resources: ["codertemplates", "coderworkspaces"], verbs: ALL },
      { apiGroups: ["apps"], resources: ["deployments"], verbs: ALL },
      { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ALL },
    ],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: "coder-k8s" },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "manager-role" },
    subjects: [SUBJECT],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: "coder-k8s-auth-delegator" },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "system:auth-delegator" },
    subjects: [SUBJECT],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: "RoleBinding",
    metadata: { name: "coder-k8s-authentication-reader", namespace: "kube-system" },
    roleRef: { apiGroup: RBAC, kind: "Role", name: "extension-apiserver-authentication-reader" },
    subjects: [SUBJECT],
  },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "coder-k8s", namespace: NAMESPACE, labels: LABELS },
    spec: {
      replicas: 1,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          serviceAccountName: "coder-k8s",
          containers: [{
            name: "coder-k8s",
            image: "ghcr.io/coder/coder-k8s:latest",
            ports: [8081, 6443, 8090].map((containerPort, index) => ({
              name: ["health", "https", "mcp"][index],
              containerPort,
            })),
            livenessProbe: { httpGet: { path: "/healthz", port: "health" } },
            readinessProbe: { httpGet: { path: "/readyz", port: "health" } },
          }],
        },
      },
    },
  },
  service("coder-k8s-apiserver", 443, 6443),
  service("coder-k8s", 8090, 8090),
  {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: "v1alpha1.aggregation.coder.com" },
    spec: {
      group: "aggregation.coder.com",
      version: "v1alpha1",
      groupPriorityMinimum: 1000,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
      service: { name: "coder-k8s-apiserver", namespace: NAMESPACE },
    },
  },
];
