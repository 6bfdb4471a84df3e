import assert from "node:assert/strict";
import { InvalidObjectError } from "./object_schema.ts";
import { CoderProvisioners, parseProvisioner } from "./provisioner.ts";

const metadata = { name: "prov", namespace: "a" };
const controlPlaneRef = { name: "coder" };

/** Fields about pods that nobody gave. */
const noPodFields = {
  command: [],
  args: [],
  envFrom: [],
  volumes: [],
  volumeMounts: [],
  initContainers: [],
  podLabels: {},
  podAnnotations: {},
  hostAliases: [],
  nodeSelector: {},
  tolerations: [],
  topologySpreadConstraints: [],
};

Deno.test("a provisioner reads with the defaults of the operator", () => {
  assert.deepEqual(parseProvisioner({ metadata, spec: { controlPlaneRef } }), {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderProvisioner",
    metadata,
    spec: {
      controlPlaneRef,
      organizationName: "default",
      key: { secretKey: "key" },
      replicas: 1,
      tags: {},
      extraArgs: [],
      extraEnv: [],
      imagePullSecrets: [],
      terminationGracePeriodSeconds: 600,
      ...noPodFields,
    },
    status: {},
  });
});

Deno.test("the empty objects that the Go operator leaves in a spec change nothing", () => {
  const plain = parseProvisioner({ metadata, spec: { controlPlaneRef } });
  const touched = parseProvisioner({
    metadata,
    spec: { controlPlaneRef, key: {}, resources: {}, organizationName: "" },
  });
  assert.deepEqual(touched.spec, { ...plain.spec, resources: {} });
});

Deno.test("a provisioner without a spec names no control plane", () => {
  assert.deepEqual(parseProvisioner({ metadata }).spec.controlPlaneRef, { name: "" });
});

Deno.test("a spec without a reference is refused, an empty reference is read", () => {
  assert.deepEqual(
    parseProvisioner({ metadata, spec: { controlPlaneRef: { name: "" } } }).spec.controlPlaneRef,
    {
      name: "",
    },
  );
  assert.throws(() => parseProvisioner({ metadata, spec: {} }), (error) => {
    assert.ok(error instanceof InvalidObjectError);
    assert.deepEqual(error.problems.map(({ path }) => path), ["spec.controlPlaneRef"]);
    return true;
  });
});

Deno.test("given values stay as they are", () => {
  const spec = {
    controlPlaneRef,
    organizationName: "eng",
    key: { name: "k", secretName: "s", secretKey: "d", rotateAfter: "2160h" },
    replicas: 0,
    tags: { region: "eu" },
    image: "coder:v2",
    extraArgs: ["-v"],
    extraEnv: [{ name: "A", value: "b" }],
    imagePullSecrets: [{ name: "p" }],
    resources: { limits: { memory: "1Gi" } },
    terminationGracePeriodSeconds: 5,
    autoscale: { minReplicas: 0, maxReplicas: 5, pendingJobsPerReplica: 2, scaleDownDelay: "10m" },
    serviceAccount: { disableCreate: true, name: "builds", annotations: {}, labels: {} },
    ...noPodFields,
    command: ["/usr/bin/coder"],
    podLabels: { team: "a" },
    strategy: { type: "Recreate" },
  };
  const status = {
    organizationID: "1",
    tagsHash: "a3fd2d4d",
    secretRef: { name: "s", key: "d" },
    selector: "a=b",
    key: {
      createdAt: "2026-01-01T00:00:00Z",
      valueHash: "00",
      deploymentID: "7",
      tokenSecretRef: { name: "coder-operator-token", key: "token" },
      retries: [
        { notBefore: "2026-01-01T00:00:05Z", failures: 1, reason: "RateLimited", controlPlane: "a/coder" },
      ],
    },
    keyIntents: [
      { name: "k-1", step: "Retiring", since: "2026-01-01T00:00:00Z", controlPlaneName: "coder" },
    ],
  };
  const parsed = parseProvisioner({ metadata, spec, status });
  assert.deepEqual(parsed.spec, spec);
  assert.deepEqual(parsed.status, status);
});

Deno.test("provisioners are addressed in the group coder.com", () => {
  assert.deepEqual(CoderProvisioners, {
    group: "coder.com",
    version: "v1alpha1",
    kind: "CoderProvisioner",
    plural: "coderprovisioners",
    namespaced: true,
  });
});

Deno.test("a control plane of another namespace may be named", () => {
  const elsewhere = { name: "coder", namespace: "coder-system" };
  assert.deepEqual(
    parseProvisioner({ metadata, spec: { controlPlaneRef: elsewhere } }).spec.controlPlaneRef,
    elsewhere,
  );
});

Deno.test("a Secret that the user brings stands beside the default of its key", () => {
  const spec = { controlPlaneRef, key: { existingSecret: "mine" } };
  assert.deepEqual(parseProvisioner({ metadata, spec }).spec.key, {
    existingSecret: "mine",
    secretKey: "key",
  });
});
