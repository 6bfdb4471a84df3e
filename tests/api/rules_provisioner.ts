/** Rules of the CRD of provisioners. */
import { workloadRules } from "./rules_workload.ts";

/** As in `rules.ts`, without the kind. */
interface Case {
  readonly field: string;
  readonly accepted: readonly unknown[];
  readonly refused: readonly unknown[];
  readonly upstream?: true;
}

/** The least that a provisioner's spec must hold. */
export const provisionerReference = { controlPlaneRef: { name: "coder" } };

const ref = provisionerReference;
const longName = "a".repeat(254);
const key = (fields: object) => ({ ...ref, key: fields });
const autoscale = (fields: object) => ({ ...ref, autoscale: { maxReplicas: 3, ...fields } });
const account = (fields: object) => ({ ...ref, serviceAccount: fields });
const withReference = (specs: readonly unknown[]) => specs.map((spec) => ({ ...ref, ...spec as object }));

/** What control planes have as well, in the same words. The name of the container is another. */
const shared: readonly Case[] = workloadRules
  .filter(({ field }) => field !== "spec.initContainers" && !field.startsWith("spec.podDisruptionBudget"))
  .map(({ field, accepted, refused }) => ({
    field,
    accepted: withReference(accepted),
    refused: withReference(refused),
  }));

export const provisionerRules: readonly Case[] = [
  {
    field: "spec.controlPlaneRef.name",
    accepted: [ref],
    refused: [{ controlPlaneRef: {} }, { controlPlaneRef: { name: "" } }],
  },
  { field: "spec.replicas", accepted: [{ ...ref, replicas: 0 }], refused: [{ ...ref, replicas: -1 }] },
  { field: "spec.image", accepted: [{ ...ref, image: "a:b" }], refused: [{ ...ref, image: " a" }] },
  {
    field: "spec.organizationName",
    upstream: true,
    accepted: ["", "o".repeat(128)].map((organizationName) => ({ ...ref, organizationName })),
    refused: [{ ...ref, organizationName: "o".repeat(129) }],
  },
  {
    field: "spec.key.name",
    upstream: true,
    accepted: [{ ...ref, key: { name: "k".repeat(128) } }],
    refused: [{ ...ref, key: { name: "k".repeat(129) } }],
  },
  {
    field: "spec.key.secretName",
    accepted: ["", "a.b-c"].map((secretName) => ({ ...ref, key: { secretName } })),
    refused: [" ", "A"].map((secretName) => ({ ...ref, key: { secretName } })),
  },
  {
    field: "spec.key.secretName",
    upstream: true,
    accepted: [{ ...ref, key: { secretName: "s".repeat(253) } }],
    refused: [{ ...ref, key: { secretName: longName } }],
  },
  {
    field: "spec.key.secretKey",
    accepted: ["", "a.B_c-1"].map((secretKey) => ({ ...ref, key: { secretKey } })),
    refused: ["a b", "a/b"].map((secretKey) => ({ ...ref, key: { secretKey } })),
  },
  {
    field: "spec.key.secretKey",
    upstream: true,
    accepted: [{ ...ref, key: { secretKey: "k".repeat(253) } }],
    refused: [{ ...ref, key: { secretKey: "k".repeat(254) } }],
  },
  {
    field: "spec.extraEnv[].name",
    accepted: [{ ...ref, extraEnv: [{ name: "A" }] }],
    refused: [{ ...ref, extraEnv: [{ name: "" }] }],
  },
  {
    field: "spec.controlPlaneRef.namespace",
    accepted: ["", "coder-system"].map((namespace) => ({ controlPlaneRef: { name: "coder", namespace } })),
    refused: [" ", "A", "a.b", "a".repeat(64)].map((namespace) => ({
      controlPlaneRef: { name: "coder", namespace },
    })),
  },
  {
    field: "spec.key.existingSecret",
    accepted: ["", "my.key"].map((existingSecret) => key({ existingSecret })),
    refused: [" ", "A", longName].map((existingSecret) => key({ existingSecret })),
  },
  {
    field: "spec.key.rotateAfter",
    accepted: ["", "1h", "2160h", "1h30m", "3600s"].map((rotateAfter) => key({ rotateAfter })),
    refused: ["90d", "1 h", "59m", "1m1h", "-2h", "9999999h"].map((rotateAfter) => key({ rotateAfter })),
  },
  {
    field: "spec.key.rotateAfter",
    accepted: [key({ existingSecret: "", rotateAfter: "2h" }), key({ existingSecret: "a", rotateAfter: "" })],
    refused: [key({ existingSecret: "a", rotateAfter: "2h" })],
  },
  {
    field: "spec.key.secretName",
    accepted: [key({ existingSecret: "", secretName: "b" }), key({ existingSecret: "a", secretName: "" })],
    refused: [key({ existingSecret: "a", secretName: "b" }), key({ existingSecret: "a", secretName: "a" })],
  },
  {
    field: "spec.autoscale.minReplicas",
    accepted: [autoscale({}), ...[0, 3].map((minReplicas) => autoscale({ minReplicas }))],
    refused: [-1, 4].map((minReplicas) => autoscale({ minReplicas })),
  },
  {
    field: "spec.autoscale.maxReplicas",
    accepted: [autoscale({ maxReplicas: 1 })],
    refused: [autoscale({ maxReplicas: 0 })],
  },
  {
    field: "spec.autoscale.pendingJobsPerReplica",
    accepted: [1, 10].map((pendingJobsPerReplica) => autoscale({ pendingJobsPerReplica })),
    refused: [0, -1].map((pendingJobsPerReplica) => autoscale({ pendingJobsPerReplica })),
  },
  {
    field: "spec.autoscale.scaleDownDelay",
    accepted: ["", "0s", "5m"].map((scaleDownDelay) => autoscale({ scaleDownDelay })),
    refused: ["5 minutes", "-5m"].map((scaleDownDelay) => autoscale({ scaleDownDelay })),
  },
  {
    field: "spec.serviceAccount.name",
    accepted: ["", "builds.sa"].map((name) => account({ name })),
    refused: [" ", "Builds", longName].map((name) => account({ name })),
  },
  {
    field: "spec.serviceAccount.labels.team",
    accepted: ["", "Blue_1"].map((team) => account({ labels: { team } })),
    refused: ["a b", "a".repeat(64)].map((team) => account({ labels: { team } })),
  },
  {
    field: "spec.envFrom",
    accepted: [{ ...ref, envFrom: [{ configMapRef: { name: "a" } }, { secretRef: { name: "b" } }] }],
    refused: [{ ...ref, envFrom: [{ configMapRef: { name: "a" }, secretRef: { name: "b" } }] }],
  },
  ...["configMapRef", "secretRef"].map((source) => ({
    field: `spec.envFrom[].${source}.name`,
    accepted: [{ ...ref, envFrom: [{ [source]: { name: "a" } }] }],
    refused: [{ ...ref, envFrom: [{ [source]: {} }] }],
  })),
  {
    field: "spec.initContainers",
    accepted: [{ ...ref, initContainers: [{ name: "wait", image: "busybox" }] }],
    refused: [{ ...ref, initContainers: [{ name: "provisioner" }] }],
  },
  ...shared,
];
