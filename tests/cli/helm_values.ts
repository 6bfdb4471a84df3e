/** Every value of Coder's Helm chart, with an example of each and where it goes. Facts of the chart, written anew. */

/** The chart that {@linkcode CHART_VALUES} is of. */
export const CHART_VERSION = "2.30.0";

/** One value. */
export interface ChartValue {
  /** As `coder.service.type`. */
  readonly path: string;
  /** Other than the default. */
  readonly example: unknown;
  /** Other values that it needs to mean anything. */
  readonly beside?: Readonly<Record<string, unknown>>;
  /** The field of the control plane that the example sets, and to what; absent where there is none. */
  readonly field?: readonly [path: string, value: unknown];
  /** True where the conversion warns of the example. @default {false where there is a field, true where there is none} */
  readonly warns?: boolean;
}

const same = (path: string, example: unknown): ChartValue => ({
  path,
  example,
  field: [path.replace(/^coder\./, "spec."), example],
});

const probe = (name: string): ChartValue[] => [
  {
    path: `coder.${name}.enabled`,
    example: name !== "readinessProbe",
    field: [`spec.${name}.enabled`, name !== "readinessProbe"],
  },
  ...["initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold"].map((key) =>
    same(`coder.${name}.${key}`, 7)
  ),
  name === "readinessProbe"
    ? same(`coder.${name}.successThreshold`, 2)
    : { path: `coder.${name}.successThreshold`, example: 2, warns: true },
];

const rule = { apiGroups: [""], resources: ["services"], verbs: ["get"] };
const spread = { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" };
const ingress = { "coder.ingress.enable": true, "coder.ingress.host": "coder.example.com" };
const route = {
  "coder.httproute.enable": true,
  "coder.httproute.host": "coder.example.com",
  "coder.httproute.parentRefs": [{ name: "gateway" }],
};

/** The values of {@linkcode CHART_VERSION}, in the order of its values file; those that templates alone read at the end. */
export const CHART_VALUES: readonly ChartValue[] = [
  {
    path: "coder.env",
    example: [{ name: "A", value: "b" }],
    field: ["spec.extraEnv", [{ name: "A", value: "b" }]],
  },
  same("coder.envFrom", [{ secretRef: { name: "s" } }]),
  same("coder.envUseClusterAccessURL", false),
  {
    path: "coder.image.repo",
    example: "example.com/coder",
    field: ["spec.image", "example.com/coder:v1.2.3"],
  },
  { path: "coder.image.tag", example: "v2.1.0", field: ["spec.image", "ghcr.io/coder/coder:v2.1.0"] },
  { path: "coder.image.pullPolicy", example: "Always" },
  {
    path: "coder.image.pullSecrets",
    example: [{ name: "p" }],
    field: ["spec.imagePullSecrets", [{ name: "p" }]],
  },
  same("coder.initContainers", [{ name: "wait", image: "busybox" }]),
  { path: "coder.annotations", example: { a: "b" } },
  { path: "coder.labels", example: { a: "b" } },
  same("coder.podAnnotations", { a: "b" }),
  same("coder.podLabels", { a: "b" }),
  same("coder.priorityClassName", "high"),
  { path: "coder.serviceAccount.workspacePerms", example: false, field: ["spec.rbac.workspacePerms", false] },
  {
    path: "coder.serviceAccount.enableDeployments",
    example: false,
    field: ["spec.rbac.enableDeployments", false],
  },
  { path: "coder.serviceAccount.extraRules", example: [rule], field: ["spec.rbac.extraRules", [rule]] },
  {
    path: "coder.serviceAccount.workspaceNamespaces",
    example: [{ name: "dev" }, "test"],
    field: ["spec.rbac.workspaceNamespaces", ["dev", "test"]],
  },
  same("coder.serviceAccount.annotations", { a: "b" }),
  same("coder.serviceAccount.labels", { a: "b" }),
  same("coder.serviceAccount.name", "robot"),
  same("coder.serviceAccount.disableCreate", true),
  same("coder.securityContext.runAsNonRoot", false),
  same("coder.securityContext.runAsUser", 1001),
  same("coder.securityContext.runAsGroup", 1001),
  same("coder.securityContext.readOnlyRootFilesystem", true),
  same("coder.securityContext.seccompProfile", { type: "Unconfined" }),
  same("coder.securityContext.allowPrivilegeEscalation", true),
  same("coder.podSecurityContext", { fsGroup: 1000 }),
  same("coder.volumes", [{ name: "v", emptyDir: {} }]),
  same("coder.volumeMounts", [{ name: "v", mountPath: "/v" }]),
  same("coder.tls.secretNames", ["tls"]),
  { path: "coder.replicaCount", example: 3, field: ["spec.replicas", 3] },
  // A workspace proxy is no control plane: the conversion is refused. It has a test of its own.
  { path: "coder.workspaceProxy", example: false, warns: false },
  same("coder.lifecycle", { preStop: { sleep: { seconds: 5 } } }),
  same("coder.resources", { requests: { cpu: "1" } }),
  ...probe("readinessProbe"),
  ...probe("livenessProbe"),
  same("coder.certs.secrets", [{ name: "ca", key: "ca.crt" }]),
  {
    path: "coder.affinity",
    example: { podAntiAffinity: null, nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    field: ["spec.affinity", { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } }],
  },
  same("coder.topologySpreadConstraints", [spread]),
  same("coder.tolerations", [{ key: "k", operator: "Exists" }]),
  same("coder.nodeSelector", { disk: "fast" }),
  { path: "coder.service.enable", example: false, field: ["spec.service.type", "ClusterIP"], warns: true },
  same("coder.service.type", "NodePort"),
  same("coder.service.sessionAffinity", "ClientIP"),
  same("coder.service.externalTrafficPolicy", "Local"),
  same("coder.service.loadBalancerIP", "192.0.2.1"),
  same("coder.service.loadBalancerClass", "example.com/lb"),
  same("coder.service.annotations", { a: "b" }),
  same("coder.service.httpNodePort", 30080),
  same("coder.service.httpsNodePort", 30443),
  {
    path: "coder.ingress.enable",
    example: true,
    beside: ingress,
    field: ["spec.expose.ingress", { host: "coder.example.com" }],
  },
  ...([["className", "nginx"], ["host", "c.example.com"], ["wildcardHost", "*.c.example.com"], [
    "annotations",
    { a: "b" },
  ]] as const).map(([key, example]): ChartValue => ({
    path: `coder.ingress.${key}`,
    example,
    beside: ingress,
    field: [`spec.expose.ingress.${key}`, example],
  })),
  {
    path: "coder.ingress.tls.enable",
    example: true,
    beside: ingress,
    field: ["spec.expose.ingress.tls", {}],
  },
  {
    path: "coder.ingress.tls.secretName",
    example: "t",
    beside: { ...ingress, "coder.ingress.tls.enable": true },
    field: ["spec.expose.ingress.tls.secretName", "t"],
  },
  {
    path: "coder.ingress.tls.wildcardSecretName",
    example: "w",
    beside: { ...ingress, "coder.ingress.tls.enable": true, "coder.ingress.wildcardHost": "*.example.com" },
    field: ["spec.expose.ingress.tls.wildcardSecretName", "w"],
  },
  same("coder.command", ["/bin/coder"]),
  {
    path: "coder.commandArgs",
    example: ["server", "--verbose"],
    field: ["spec.args", ["server", "--verbose"]],
  },
  {
    path: "provisionerDaemon.pskSecretName",
    example: "psk",
    field: ["spec.extraEnv", [{
      name: "CODER_PROVISIONER_DAEMON_PSK",
      valueFrom: { secretKeyRef: { name: "psk", key: "psk" } },
    }]],
  },
  { path: "extraTemplates", example: ["kind: ConfigMap"] },
  { path: "nameOverride", example: "dev" },
  { path: "coder.tls.secretName", example: "old", field: ["spec.tls.secretNames", ["old"]], warns: true },
];

/** Values of later (or, of the last, of earlier) versions of the chart. */
export const OTHER_VALUES: readonly ChartValue[] = [
  same("coder.strategy", { type: "Recreate" }),
  same("coder.hostAliases", [{ ip: "192.0.2.1", hostnames: ["a"] }]),
  { path: "coder.singleStackIPv6", example: true, field: ["spec.args", ["--http-address=[::]:8080"]] },
  {
    path: "coder.httproute.enable",
    example: true,
    beside: route,
    field: ["spec.expose.gateway", { host: "coder.example.com", parentRefs: [{ name: "gateway" }] }],
  },
  ...([["host", "c.example.com"], ["wildcardHost", "*.c.example.com"], ["parentRefs", [{
    name: "g",
    namespace: "n",
    sectionName: "s",
  }]]] as const).map(([key, example]): ChartValue => ({
    path: `coder.httproute.${key}`,
    example,
    beside: route,
    field: [`spec.expose.gateway.${key}`, example],
  })),
  { path: "coder.httproute.annotations", example: { a: "b" }, beside: route },
  { path: "coder.httproute.httpsRedirect", example: { enable: true }, beside: route },
  { path: "coder.listenerset", example: { enable: true } },
  {
    path: "coder.service.additionalPorts",
    example: [{ name: "more", port: 8081 }],
    field: ["spec.service.extraPorts", [{ name: "more", port: 8081 }]],
  },
];

/** A nested map from dotted paths. */
export function nested(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(values)) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    const parent = keys.reduce((map, key) => (map[key] ??= {}) as Record<string, unknown>, root);
    parent[last] = value;
  }
  return root;
}
