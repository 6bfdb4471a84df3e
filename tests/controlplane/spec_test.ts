/** What the spec says takes effect on the cluster. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { startRig } from "./rig.ts";

const DEPLOYMENT = "apps/v1/deployments/coder";

Deno.test("every field of the spec lands where it should", async () => {
  const rig = await startRig("spec");
  await using _operator = await rig.operator();
  const affinity = {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{
        weight: 1,
        podAffinityTerm: { topologyKey: "zone", labelSelector: { matchLabels: { a: "b" } } },
      }],
    },
  };
  const topologySpreadConstraints = [{
    maxSkew: 1,
    topologyKey: "zone",
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: { a: "b" } },
  }];
  await rig.create("coder", {
    image: "ghcr.io/coder/coder:v2.30.0",
    replicas: 2,
    service: { type: "NodePort", port: 8081, annotations: { lb: "internal" } },
    extraArgs: ["--verbose"],
    extraEnv: [{ name: "CODER_PG_CONNECTION_URL", valueFrom: { secretKeyRef: { name: "db", key: "url" } } }],
    imagePullSecrets: [{ name: "pull" }],
    serviceAccount: { name: "runner", labels: { team: "x" }, annotations: { role: "r" } },
    resources: { requests: { cpu: "0.1", memory: "128Mi" }, limits: { memory: "1024Mi" } },
    securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false },
    podSecurityContext: { fsGroup: 1000 },
    tls: { secretNames: ["my-tls", "my.tls"] },
    certs: { secrets: [{ name: "ca", key: "ca.crt" }, { name: "ca", key: "b" }] },
    readinessProbe: { enabled: true, initialDelaySeconds: 5, periodSeconds: 11 },
    livenessProbe: { enabled: true },
    envFrom: [{ prefix: "P_", secretRef: { name: "more", optional: true } }],
    volumes: [{ name: "extra", emptyDir: {} }],
    volumeMounts: [{ name: "extra", mountPath: "/extra" }],
    tolerations: [{ key: "k", operator: "Exists", effect: "NoSchedule" }],
    topologySpreadConstraints,
    affinity,
  });
  const { status } = await rig.ready("coder");
  assert.equal(status?.readyReplicas, 2);
  assert.equal(status?.url, `https://coder.${rig.namespace}.svc.cluster.local:443`);

  const deployment = await rig.get(DEPLOYMENT);
  const { spec: pod } = deployment.spec.template;
  const [coder] = pod.containers;
  assert.equal(deployment.spec.replicas, 2);
  assert.equal(coder.image, "ghcr.io/coder/coder:v2.30.0");
  assert.deepEqual(coder.args, ["--http-address=0.0.0.0:8080", "--verbose"]);
  // deno-lint-ignore no-explicit-any -- objects as sent
  assert.deepEqual(coder.env.map((each: any) => each.name), [
    "KUBE_POD_IP",
    "CODER_DERP_SERVER_RELAY_URL",
    "CODER_ACCESS_URL",
    "CODER_TLS_ENABLE",
    "CODER_TLS_ADDRESS",
    "CODER_TLS_CERT_FILE",
    "CODER_TLS_KEY_FILE",
    "CODER_PG_CONNECTION_URL",
  ]);
  assert.deepEqual(coder.envFrom, [{ prefix: "P_", secretRef: { name: "more", optional: true } }]);
  assert.deepEqual(coder.resources, {
    requests: { cpu: "100m", memory: "128Mi" },
    limits: { memory: "1Gi" },
  });
  assert.deepEqual(coder.securityContext, { runAsNonRoot: true, allowPrivilegeEscalation: false });
  assert.equal(coder.readinessProbe.initialDelaySeconds, 5);
  assert.equal(coder.readinessProbe.periodSeconds, 11);
  assert.equal(coder.livenessProbe.httpGet.path, "/healthz");
  // deno-lint-ignore no-explicit-any -- objects as sent
  assert.deepEqual(coder.volumeMounts.map((each: any) => each.mountPath), [
    "/etc/ssl/certs/coder/my-tls",
    "/etc/ssl/certs/coder/my.tls",
    "/etc/ssl/certs/ca-ca.crt",
    "/etc/ssl/certs/ca-b.crt",
    "/extra",
  ]);
  // deno-lint-ignore no-explicit-any -- objects as sent
  assert.deepEqual(pod.volumes.map((each: any) => each.name), [
    "tls-my-tls",
    "tls-my-tls-e3767053",
    "ca-cert-ca",
    "extra",
  ]);
  assert.equal(pod.serviceAccountName, "runner");
  assert.deepEqual(pod.imagePullSecrets, [{ name: "pull" }]);
  assert.deepEqual(pod.securityContext, { fsGroup: 1000 });
  assert.deepEqual(pod.tolerations, [{ key: "k", operator: "Exists", effect: "NoSchedule" }]);
  assert.deepEqual(pod.topologySpreadConstraints, topologySpreadConstraints);
  assert.deepEqual(pod.affinity, affinity);

  const service = await rig.get("v1/services/coder");
  assert.equal(service.spec.type, "NodePort");
  assert.equal(service.metadata.annotations.lb, "internal");
  // deno-lint-ignore no-explicit-any -- objects as sent
  assert.deepEqual(service.spec.ports.map((each: any) => [each.name, each.port, each.targetPort]), [
    ["http", 8081, 8080],
    ["https", 443, 8443],
  ]);
  const account = await rig.get("v1/serviceaccounts/runner");
  assert.equal(account.metadata.labels.team, "x");
  assert.equal(account.metadata.annotations.role, "r");
});

Deno.test("pods wait for a node that the selector names", async () => {
  const rig = await startRig("selector");
  await using _operator = await rig.operator();
  await rig.create("coder", { nodeSelector: { "example.com/none": "x" } });
  await rig.condition("coder", "Available", "False");
  assert.deepEqual((await rig.get(DEPLOYMENT)).spec.template.spec.nodeSelector, { "example.com/none": "x" });
});

Deno.test("ports and type of the service follow the spec", async () => {
  const rig = await startRig("ports");
  await using _operator = await rig.operator();
  await rig.create("coder", { service: { type: "NodePort" } });
  await rig.ready("coder");
  const { clusterIP } = (await rig.get("v1/services/coder")).spec;
  const ports = async () => {
    const { spec } = await rig.get("v1/services/coder");
    // deno-lint-ignore no-explicit-any -- objects as sent
    return spec.ports.map((each: any) =>
      `${each.name}:${each.port}:${each.nodePort === undefined ? "" : "node"}`
    );
  };
  assert.deepEqual(await ports(), ["http:80:node"]);
  await rig.change("coder", {
    spec: { service: { type: "ClusterIP", port: 443 }, tls: { secretNames: ["t"] } },
  });
  await waitFor(async () => (await ports()).join() === "https:443:,http:80:", { what: "the ports of TLS" });
  assert.equal((await rig.get("v1/services/coder")).spec.clusterIP, clusterIP);
});

Deno.test("a ConfigMap or Secret in envFrom that defines the access URL takes its place, also later", async () => {
  const rig = await startRig("sources");
  await using _operator = await rig.operator();
  const accessUrl = async () => {
    const { env } = (await rig.get(DEPLOYMENT)).spec.template.spec.containers[0];
    // deno-lint-ignore no-explicit-any -- objects as sent
    return env.find((each: any) => each.name === "CODER_ACCESS_URL")?.value;
  };
  await rig.send("POST", "v1/configmaps", { metadata: { name: "env" }, data: { ACCESS_URL: "https://x" } });
  await rig.create("coder", {
    envFrom: [
      { prefix: "CODER_", configMapRef: { name: "env" } },
      { secretRef: { name: "later", optional: true } },
    ],
  });
  await rig.ready("coder");
  assert.equal(await accessUrl(), undefined);
  await rig.send("PATCH", "v1/configmaps/env", { data: { ACCESS_URL: null } });
  await waitFor(accessUrl, { what: "the default access URL to come" });
  assert.equal(await accessUrl(), `http://coder.${rig.namespace}.svc.cluster.local`);
  await rig.send("POST", "v1/secrets", {
    metadata: { name: "later" },
    stringData: { CODER_ACCESS_URL: "https://y" },
  });
  await waitFor(async () => (await accessUrl()) === undefined, { what: "the default access URL to go" });
  await rig.send("DELETE", "v1/secrets/later");
  await waitFor(accessUrl, { what: "the default access URL to come back" });
});

Deno.test("a service account that was renamed is replaced, and goes when no pod uses it any more", async () => {
  const rig = await startRig("rename");
  await using _operator = await rig.operator();
  await rig.create("coder", { serviceAccount: { name: "first" } });
  await rig.ready("coder");
  await rig.send("POST", "v1/serviceaccounts", { metadata: { name: "bystander" } });
  await rig.change("coder", { spec: { serviceAccount: { name: "second" } } });
  await waitFor(async () => (await rig.get("v1/serviceaccounts/first")) === undefined, {
    what: "the old service account to go",
  });
  const { spec, status } = await rig.get(DEPLOYMENT);
  assert.equal(spec.template.spec.serviceAccountName, "second");
  assert.equal(status.updatedReplicas, status.replicas, "not before the rollout had ended");
  assert.ok(await rig.get("v1/serviceaccounts/second"));
  assert.ok(await rig.get("v1/serviceaccounts/bystander"));
});

Deno.test("a service account is given up where its creation is disabled, and taken back later", async () => {
  const rig = await startRig("disable");
  await using _operator = await rig.operator();
  await rig.create("coder", {
    serviceAccount: { annotations: { role: "r" }, labels: { "app.kubernetes.io/managed-by": "me" } },
  });
  await rig.ready("coder");
  const owners = async () =>
    (await rig.get("v1/serviceaccounts/coder")).metadata.ownerReferences?.length ?? 0;
  assert.equal(await owners(), 1);
  await rig.change("coder", { spec: { serviceAccount: { disableCreate: true } } });
  await waitFor(async () => (await owners()) === 0, { what: "the owner reference to go" });
  const { annotations, labels } = (await rig.get("v1/serviceaccounts/coder")).metadata;
  assert.equal(annotations.role, "r");
  assert.equal(labels["app.kubernetes.io/managed-by"], "me");
  await rig.condition("coder", "Ready", "True");
  await rig.change("coder", { spec: { serviceAccount: { disableCreate: false, labels: null } } });
  await rig.condition("coder", "Stalled", "True");
  await rig.cluster.kubectl([
    "annotate",
    "serviceaccount",
    "coder",
    "-n",
    rig.namespace,
    "coder.com/adopt=coder",
  ]);
  await waitFor(async () => (await owners()) === 1, { what: "the owner reference to come back" });
});

Deno.test("a service account that was given up with its labels comes back by itself", async () => {
  const rig = await startRig("toggle");
  await using _operator = await rig.operator();
  await rig.create("coder");
  await rig.ready("coder");
  const owners = async () =>
    (await rig.get("v1/serviceaccounts/coder")).metadata.ownerReferences?.length ?? 0;
  for (const [disableCreate, expected] of [[true, 0], [false, 1]] as const) {
    await rig.change("coder", { spec: { serviceAccount: { disableCreate } } });
    await waitFor(async () => (await owners()) === expected, { what: `${expected} owner references` });
  }
  await rig.condition("coder", "Degraded", "False");
});

Deno.test("several replicas on the built-in database, and repeated names, are warned of", async () => {
  const rig = await startRig("warn");
  await using _operator = await rig.operator();
  await rig.create("coder", {
    replicas: 2,
    extraEnv: [{ name: "A", value: "1" }, { name: "A", value: "2" }],
  });
  const { message } = await rig.condition("coder", "ConfigurationWarning", "True");
  assert.match(message, /database of its own/);
  assert.match(message, /defines A more than once/);
  await rig.ready("coder");
  const { env } = (await rig.get(DEPLOYMENT)).spec.template.spec.containers[0];
  // deno-lint-ignore no-explicit-any -- objects as sent
  assert.deepEqual(env.filter((each: any) => each.name === "A"), [{ name: "A", value: "2" }]);
  await rig.change("coder", { spec: { replicas: 1, extraEnv: null } });
  await rig.condition("coder", "ConfigurationWarning", "Absent");
});
