/** The chart's values: their types. What they mean, and their defaults, is in `values.yaml`. */
import { z } from "zod";

const texts = z.record(z.string(), z.string());
const dnsLabel = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
/** A structure of Kubernetes: its types, taken from the OpenAPI document. */
const kubernetes = (name: string) => z.unknown().meta({ kubernetes: name });
const replicas = (least: number) => z.int().min(least).max(100).nullable();
const resources = kubernetes("ResourceRequirements");
const quantity = z.string().regex(/^[0-9]+(\.[0-9]+)?([KMGTPE]i?|m)?$/);
const imageReference = z.string().regex(/^[a-z0-9][a-zA-Z0-9./:_-]*(?:@sha256:[0-9a-f]{64})?$/);
/** Also empty. */
const optional = (text: z.ZodType<string>) => z.union([z.literal(""), text]);

/** As `egress` of a NetworkPolicy. */
const egressRules = z.array(z.record(z.string(), z.unknown()));

const image = z.strictObject({
  repository: z.string().regex(/^[a-z0-9][a-z0-9./:_-]*$/),
  tag: optional(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/)),
  digest: optional(z.string().regex(/^sha256:[0-9a-f]{64}$/)),
  pullPolicy: z.enum(["Always", "IfNotPresent", "Never"]),
});

const one = z.strictObject({ replicas: replicas(1), resources });

/** What is said of pods, whichever they are. */
const pods = {
  podAnnotations: texts,
  podLabels: texts,
  nodeSelector: texts,
  tolerations: z.array(kubernetes("Toleration")),
  affinity: kubernetes("Affinity"),
  topologySpreadConstraints: z.array(kubernetes("TopologySpreadConstraint")),
  priorityClassName: optional(z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)),
  extraArgs: z.array(z.string().regex(/^--[a-z]/)),
  extraEnv: z.array(kubernetes("EnvVar")),
  extraEnvFrom: z.array(kubernetes("EnvFromSource")),
  extraVolumes: z.array(kubernetes("Volume")),
  extraVolumeMounts: z.array(kubernetes("VolumeMount")),
};

/** All values. Strict: a name that is not known is refused. */
export const chartValues = z.strictObject({
  mode: z.enum(["all", "split"]),
  replicas: replicas(0),
  size: z.enum(["small", "medium", "large"]),
  resources,
  highlyAvailable: z.boolean(),
  namespaces: z.array(dnsLabel),
  /** The generator puts the settings' own schema here. */
  config: z.unknown().meta({ settings: "product" }),
  image,
  imagePullSecrets: z.array(kubernetes("LocalObjectReference")),
  crds: z.strictObject({ install: z.boolean(), keep: z.boolean() }),
  split: z.strictObject({ controller: one, apiserver: one, mcp: one }),
  mcp: z.strictObject({
    service: z.strictObject({
      type: z.enum(["ClusterIP", "NodePort", "LoadBalancer"]),
      annotations: texts,
    }),
    sessionAffinity: z.boolean(),
    ingress: z.strictObject({
      enabled: z.boolean(),
      className: z.string(),
      host: z.string(),
      annotations: texts,
      tlsSecretName: z.string(),
    }),
    gateway: z.strictObject({
      enabled: z.boolean(),
      parentRefs: z.array(z.strictObject({
        group: z.string().optional(),
        kind: z.string().optional(),
        name: z.string().min(1),
        namespace: dnsLabel.optional(),
        port: z.int().min(1).max(65_535).optional(),
        sectionName: z.string().optional(),
      })),
      hostnames: z.array(z.string().min(1)),
      annotations: texts,
    }),
  }),
  certManager: z.strictObject({
    enabled: z.boolean(),
    issuerRef: z.strictObject({
      group: z.string().optional(),
      kind: z.string().optional(),
      name: z.string().min(1).optional(),
    }),
    mcpDnsNames: z.array(z.string().min(1)),
  }),
  networkPolicy: z.strictObject({
    enabled: z.boolean(),
    apiServerCIDRs: z.array(z.string().regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/)),
    mcpClients: z.array(z.record(z.string(), z.unknown())),
    extraEgress: egressRules,
  }),
  monitoring: z.strictObject({
    enabled: z.boolean(),
    interval: z.string().regex(/^[0-9]+(ms|s|m|h)$/),
    labels: texts,
    rules: z.boolean(),
    dashboard: z.boolean(),
  }),
  audit: z.strictObject({
    enabled: z.boolean(),
    existingClaim: z.string(),
    size: quantity,
    storageClassName: z.string(),
    accessModes: z.array(z.enum(["ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"])).min(1),
    fluentBit: z.strictObject({ enabled: z.boolean(), config: z.string(), image: imageReference }),
  }),
  userRoles: z.strictObject({
    aggregateToView: z.boolean(),
    aggregateToEdit: z.boolean(),
    aggregateToAdmin: z.boolean(),
  }),
  rights: z.strictObject({
    coderAccessKubeProxy: z.boolean(),
    coderResourcesView: z.boolean(),
    mcpImpersonation: z.boolean(),
    seeAllWorkspaces: z.boolean(),
  }),
  serviceAccount: z.strictObject({ annotations: texts }),
  commonLabels: texts,
  coordinator: z.strictObject({
    enabled: z.boolean(),
    namespace: dnsLabel,
    createNamespace: z.boolean(),
    replicas: replicas(0),
    size: z.enum(["small", "medium", "large"]),
    resources,
    config: z.unknown().meta({ settings: "coordinator" }),
    redis: z.strictObject({
      enabled: z.boolean(),
      image: imageReference,
      size: quantity,
      storageClassName: z.string(),
    }),
    audit: z.strictObject({ enabled: z.boolean(), size: quantity, storageClassName: z.string() }),
    extraEgress: egressRules,
    ...pods,
  }),
  workers: z.strictObject({
    enabled: z.boolean(),
    namespace: dnsLabel,
    createNamespace: z.boolean(),
    replicas: replicas(0),
    resources,
    image,
    extraEgress: egressRules,
    ...pods,
  }),
  ...pods,
});
