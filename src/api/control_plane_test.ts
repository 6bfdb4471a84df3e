import assert from "node:assert/strict";
import { type CoderControlPlane, parseControlPlane } from "./control_plane.ts";
import { InvalidObjectError } from "./object_schema.ts";

const metadata = { name: "coder", namespace: "a", generation: 3 };
const parse = (spec?: unknown, status?: unknown) => parseControlPlane({ metadata, spec, status });

Deno.test("a control plane without a spec reads as one with every default", () => {
  assert.deepEqual(parseControlPlane({ metadata }).spec, {
    image: "ghcr.io/coder/coder:latest",
    replicas: 1,
    service: { type: "ClusterIP", port: 80, annotations: {}, extraPorts: [] },
    extraArgs: [],
    extraEnv: [],
    imagePullSecrets: [],
    operatorAccess: { disabled: false },
    serviceAccount: { disableCreate: false, annotations: {}, labels: {} },
    rbac: { workspacePerms: true, enableDeployments: true, extraRules: [], workspaceNamespaces: [] },
    tls: { secretNames: [] },
    readinessProbe: {
      enabled: true,
      initialDelaySeconds: 0,
      periodSeconds: 10,
      timeoutSeconds: 1,
      successThreshold: 1,
      failureThreshold: 3,
    },
    livenessProbe: {
      enabled: false,
      initialDelaySeconds: 0,
      periodSeconds: 10,
      timeoutSeconds: 1,
      successThreshold: 1,
      failureThreshold: 3,
    },
    envUseClusterAccessURL: true,
    envFrom: [],
    volumes: [],
    volumeMounts: [],
    certs: { secrets: [] },
    nodeSelector: {},
    tolerations: [],
    topologySpreadConstraints: [],
    command: [],
    args: [],
    initContainers: [],
    podLabels: {},
    podAnnotations: {},
    hostAliases: [],
  });
});

Deno.test("what the API server stores for `spec: {}` reads the same as no spec", () => {
  const storedSpec: NonNullable<CoderControlPlane["spec"]> = {
    image: "ghcr.io/coder/coder:latest",
    replicas: 1,
    service: { type: "ClusterIP", port: 80 },
    operatorAccess: { disabled: false },
    serviceAccount: { disableCreate: false },
    rbac: { workspacePerms: true, enableDeployments: true },
    readinessProbe: { enabled: true, initialDelaySeconds: 0 },
    livenessProbe: { enabled: false, initialDelaySeconds: 0 },
    envUseClusterAccessURL: true,
    certs: {},
    tls: {},
  };
  assert.deepEqual(parse(storedSpec).spec, parse().spec);
});

Deno.test("a probe without `enabled` is on for readiness and off for liveness", () => {
  const { readinessProbe, livenessProbe } =
    parse({ readinessProbe: {}, livenessProbe: { periodSeconds: 20 } }).spec;
  assert.equal(readinessProbe.enabled, true);
  assert.equal(livenessProbe.enabled, false);
  assert.equal(livenessProbe.periodSeconds, 20);
});

Deno.test("empty image, empty Service type and port 0 mean the defaults", () => {
  const { image, service } = parse({ image: "", service: { type: "", port: 0 } }).spec;
  assert.equal(image, "ghcr.io/coder/coder:latest");
  assert.deepEqual(service, { type: "ClusterIP", port: 80, annotations: {}, extraPorts: [] });
});

Deno.test("odd values that older schemas let through still read", () => {
  const spec = parse({
    replicas: -1,
    service: { type: "ExternalName", port: -1 },
    extraEnv: [{ name: "" }, { name: "A", value: "1" }, { name: "A", value: "2" }],
    envFrom: [{ configMapRef: { name: "a" }, secretRef: { name: "b" } }],
    tls: { secretNames: [" "] },
    expose: {
      ingress: { host: "", tls: { wildcardSecretName: "w" } },
      gateway: { host: "", parentRefs: [] },
    },
    rbac: { workspaceNamespaces: [""] },
  }).spec;
  assert.equal(spec.replicas, -1);
  assert.deepEqual(spec.service, { type: "ExternalName", port: -1, annotations: {}, extraPorts: [] });
  assert.equal(spec.extraEnv.length, 3);
  assert.equal(spec.expose?.ingress?.tls?.wildcardSecretName, "w");
  assert.deepEqual(spec.expose?.ingress?.annotations, {});
});

Deno.test("absent optional parts stay absent", () => {
  const spec = parse({}).spec;
  for (
    const field of [
      "licenseSecretRef",
      "resources",
      "securityContext",
      "podSecurityContext",
      "expose",
      "affinity",
    ]
  ) {
    assert.equal(field in spec, false, field);
  }
});

Deno.test("Kubernetes structures pass as they are", () => {
  const volumes = [{ name: "a", csi: { driver: "x", unheardOf: { of: 1 } } }];
  const affinity = {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
  };
  const resources = { requests: { cpu: 1, memory: "1Gi" } };
  const spec = parse({ volumes, affinity, resources }).spec;
  assert.deepEqual(spec.volumes, volumes);
  assert.deepEqual(spec.affinity, affinity);
  assert.deepEqual(spec.resources, resources);
});

Deno.test("a status reads as it is written: absent means zero, nothing is filled in", () => {
  assert.deepEqual(parse({}).status, {});
  const status = {
    observedGeneration: 1,
    readyReplicas: 2,
    phase: "Ready",
    url: "http://coder.a.svc.cluster.local:80",
    operatorAccessReady: true,
    operatorTokenSecretRef: { name: "coder-operator-token", key: "token" },
    licenseLastApplied: "2026-01-01T00:00:00Z",
    licenseLastAppliedHash: "00",
    licenseTier: "premium",
    entitlementsLastChecked: "2026-01-01T00:00:00Z",
    externalProvisionerDaemonsEntitlement: "entitled",
    conditions: [{
      type: "LicenseApplied",
      status: "True",
      reason: "Applied",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    }],
  };
  assert.deepEqual(parse({}, status).status, status);
});

Deno.test("wrong types are refused, all at once", () => {
  assert.throws(
    () => parse({ replicas: "3", service: { port: "80" }, volumes: [{ emptyDir: {} }], tls: [] }),
    (error) => {
      assert.ok(error instanceof InvalidObjectError);
      assert.deepEqual(error.problems.map(({ path }) => path), [
        "spec.replicas",
        "spec.service.port",
        "spec.tls",
        "spec.volumes[0].name",
      ]);
      return true;
    },
  );
});
