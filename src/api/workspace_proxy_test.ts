import assert from "node:assert/strict";
import { CoderWorkspaceProxies, parseWorkspaceProxy } from "./workspace_proxy.ts";

const metadata = { name: "eu", namespace: "a" };

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

Deno.test("a proxy without a spec reads with the defaults of the operator", () => {
  assert.deepEqual(parseWorkspaceProxy({ metadata }).spec, {
    image: "ghcr.io/coder/coder:latest",
    replicas: 1,
    service: { type: "ClusterIP", port: 80, annotations: {}, extraPorts: [] },
    derpOnly: false,
    extraArgs: [],
    extraEnv: [],
    imagePullSecrets: [],
    ...noPodFields,
  });
});

Deno.test("bootstrap and token references read as given", () => {
  const spec = {
    image: "coder:v2",
    replicas: 2,
    service: { type: "LoadBalancer", port: 443, annotations: { a: "b" }, extraPorts: [] },
    primaryAccessURL: "https://coder.example.com",
    proxySessionTokenSecretRef: { name: "t" },
    bootstrap: {
      coderURL: "https://coder.example.com",
      credentialsSecretRef: { name: "admin", key: "token" },
      proxyName: "eu",
      displayName: "Europe",
      icon: "/emojis/1f1ea-1f1fa.png",
      generatedTokenSecretName: "eu-token",
    },
    derpOnly: true,
    extraArgs: ["--verbose"],
    extraEnv: [{ name: "CODER_ACCESS_URL", value: "https://eu.example.com" }],
    imagePullSecrets: [{ name: "p" }],
    ...noPodFields,
  };
  const status = {
    registered: true,
    proxyTokenSecretRef: { name: "eu-token", key: "token" },
    phase: "Pending",
  };
  const parsed = parseWorkspaceProxy({ metadata, spec, status });
  assert.deepEqual(parsed.spec, spec);
  assert.deepEqual(parsed.status, status);
});

Deno.test("values that newer rules refuse still read", () => {
  const { spec } = parseWorkspaceProxy({
    metadata: { name: "eu.west" },
    spec: { primaryAccessURL: "nonsense", bootstrap: { coderURL: "", credentialsSecretRef: { name: "" } } },
  });
  assert.equal(spec.primaryAccessURL, "nonsense");
  assert.deepEqual(spec.bootstrap, { coderURL: "", credentialsSecretRef: { name: "" } });
});

Deno.test("an incomplete bootstrap is refused with each missing field", () => {
  assert.throws(
    () => parseWorkspaceProxy({ metadata, spec: { bootstrap: { credentialsSecretRef: {} } } }),
    /spec\.bootstrap\.coderURL: .*; spec\.bootstrap\.credentialsSecretRef\.name: /,
  );
});

Deno.test("proxies are addressed by their irregular plural", () => {
  assert.equal(CoderWorkspaceProxies.plural, "coderworkspaceproxies");
});

Deno.test("a proxy may belong to a control plane, which is called by its operator's own access", () => {
  const given = {
    controlPlaneRef: { name: "coder", namespace: "coder-system" },
    registration: { proxyName: "eu", displayName: "Europe", icon: "/e.png", generatedTokenSecretName: "t" },
  };
  const { spec } = parseWorkspaceProxy({ metadata, spec: given });
  assert.deepEqual({ controlPlaneRef: spec.controlPlaneRef, registration: spec.registration }, given);
  assert.throws(
    () => parseWorkspaceProxy({ metadata, spec: { controlPlaneRef: {} } }),
    /controlPlaneRef\.name/,
  );
});

Deno.test("exposure, certificates and probes read as those of a control plane do", () => {
  const { spec } = parseWorkspaceProxy({
    metadata,
    spec: {
      expose: { gateway: { host: "eu.example.com", parentRefs: [{ name: "edge" }] } },
      certs: { secrets: [{ name: "ca", key: "ca.crt" }] },
      livenessProbe: { enabled: true },
      podDisruptionBudget: { maxUnavailable: "50%" },
      serviceAccountName: "proxy",
    },
  });
  assert.deepEqual(spec.expose, { gateway: { host: "eu.example.com", parentRefs: [{ name: "edge" }] } });
  assert.deepEqual(spec.certs, { secrets: [{ name: "ca", key: "ca.crt" }] });
  assert.deepEqual(spec.livenessProbe, {
    enabled: true,
    initialDelaySeconds: 0,
    periodSeconds: 10,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
  });
  assert.deepEqual(spec.podDisruptionBudget, { maxUnavailable: "50%" });
});

Deno.test("what the operator knows of a registration reads as it was written", () => {
  const place = { coderURL: "https://c", tokenSecretRef: { name: "admin", key: "token" } };
  const status = {
    registration: { id: "1", name: "eu", ...place, controlPlaneName: "coder", controlPlaneNamespace: "b" },
    registrationIntent: { name: "eu", since: "2026-01-01T00:00:00Z", ...place },
    formerRegistrations: [{ name: "old", since: "2026-01-01T00:00:00Z", ...place }],
    health: "ok",
    version: "v2.30.0",
    accessURL: "https://eu",
    wildcardHostname: "*.eu",
  };
  assert.deepEqual(parseWorkspaceProxy({ metadata, status }).status, status);
});
