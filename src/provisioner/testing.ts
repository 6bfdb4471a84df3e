/** Provisioners for unit tests. For tests alone. */
import { type CoderProvisioner, parseProvisioner, type Provisioner } from "../api/provisioner.ts";

/** What a spec may say beside the control plane. */
export type SpecInput = Partial<NonNullable<CoderProvisioner["spec"]>>;

/** As the API server would have it, in namespace `a` with name `prov`, for the control plane `coder`. */
export function storedProvisioner(
  spec: SpecInput = {},
  extra: Partial<CoderProvisioner["metadata"]> = {},
): CoderProvisioner {
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderProvisioner",
    metadata: { name: "prov", namespace: "a", uid: "uid-1", generation: 1, resourceVersion: "1", ...extra },
    spec: { controlPlaneRef: { name: "coder" }, ...spec },
  };
}

/** The same with defaults. */
export function provisioner(
  spec: SpecInput = {},
  extra: Partial<CoderProvisioner["metadata"]> = {},
): Provisioner {
  return parseProvisioner(storedProvisioner(spec, extra));
}

/** The standard labels of that provisioner. */
export const LABELS = {
  "app.kubernetes.io/name": "coder-provisioner",
  "app.kubernetes.io/instance": "prov",
  "app.kubernetes.io/managed-by": "coder-k8s",
};

/** One value for every field that shapes the pods. */
export const SHAPING: Required<
  Omit<
    SpecInput,
    "autoscale" | "controlPlaneRef" | "key" | "organizationName" | "replicas" | "strategy" | "tags"
  >
> = {
  image: "mirror/coder:v2",
  extraArgs: ["--verbose"],
  extraEnv: [{ name: "EXTRA", value: "shaped" }],
  imagePullSecrets: [{ name: "registry" }],
  resources: { limits: { memory: "1Gi" } },
  terminationGracePeriodSeconds: 1200,
  serviceAccount: { name: "builds" },
  command: ["/usr/local/bin/coder"],
  args: ["provisioner", "start", "--cache-dir=/c"],
  envFrom: [{ secretRef: { name: "cloud" } }],
  volumes: [{ name: "cache", emptyDir: {} }],
  volumeMounts: [{ name: "cache", mountPath: "/c" }],
  initContainers: [{ name: "warm-up", image: "busybox" }],
  lifecycle: { preStop: { sleep: { seconds: 1 } } },
  securityContext: { runAsUser: 5 },
  podSecurityContext: { fsGroup: 6 },
  podLabels: { team: "platform" },
  podAnnotations: { note: "well" },
  priorityClassName: "high",
  hostAliases: [{ ip: "10.0.0.1", hostnames: ["git"] }],
  nodeSelector: { pool: "builds" },
  tolerations: [{ key: "builds" }],
  topologySpreadConstraints: [{ maxSkew: 2, topologyKey: "rack", whenUnsatisfiable: "DoNotSchedule" }],
  affinity: { nodeAffinity: {} },
};
