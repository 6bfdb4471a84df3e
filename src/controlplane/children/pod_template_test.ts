import assert from "node:assert/strict";
import type { EnvVar } from "../../api/kubernetes/types.ts";
import { SpecError } from "../../workload/spec_error.ts";
import { firstAccessUrl } from "./environment.ts";
import { podTemplate, serviceAccountName, templateInputs } from "./pod_template.ts";
import { controlPlane } from "../testing.ts";

type Spec = Parameters<typeof controlPlane>[0];

function render(spec: Spec, fromSources = false) {
  const object = controlPlane(spec);
  return podTemplate(object, { accessUrl: firstAccessUrl(object, fromSources) });
}
function container(spec: Spec, fromSources = false) {
  const [first, ...others] = render(spec, fromSources).spec?.containers ?? [];
  assert.ok(first !== undefined && others.length === 0, "exactly one container");
  return first;
}
const env = (spec: Spec, fromSources = false) => container(spec, fromSources).env ?? [];
const names = (list: EnvVar[]) => list.map(({ name }) => name);
const inputs = (spec: Spec, accessUrl?: string) => templateInputs(controlPlane(spec), accessUrl);

const labels = {
  "app.kubernetes.io/name": "coder-control-plane",
  "app.kubernetes.io/instance": "coder",
  "app.kubernetes.io/managed-by": "coder-k8s",
};
const readinessProbe = {
  httpGet: { path: "/healthz", port: "http", scheme: "HTTP" },
  periodSeconds: 10,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 3,
};
const basicEnv = [
  { name: "KUBE_POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
  { name: "CODER_DERP_SERVER_RELAY_URL", value: "http://$(KUBE_POD_IP):8080" },
];

const spread = ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
  maxSkew: 1,
  topologyKey,
  whenUnsatisfiable: "ScheduleAnyway",
  labelSelector: { matchLabels: labels },
}));
const securityContext = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

Deno.test("a bare control plane gets the Go operator's pod, hardened, spread, and with time to end", () => {
  assert.deepEqual(render({}), {
    metadata: { labels },
    spec: {
      serviceAccountName: "coder",
      containers: [{
        name: "coder",
        image: "ghcr.io/coder/coder:latest",
        args: ["--http-address=0.0.0.0:8080"],
        env: [...basicEnv, { name: "CODER_ACCESS_URL", value: "http://coder.a.svc.cluster.local" }],
        ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
        readinessProbe,
        securityContext,
      }],
      topologySpreadConstraints: spread,
      terminationGracePeriodSeconds: 60,
    },
  });
});

Deno.test("TLS, certificates and a database give the Go operator's golden shape", () => {
  const template = render({
    tls: { secretNames: ["my-tls", "my.tls"] },
    certs: { secrets: [{ name: "ca", key: "ca.crt" }, { name: "ca", key: "b" }] },
    extraEnv: [{ name: "CODER_PG_CONNECTION_URL", value: "postgres://x" }],
  });
  const [coder] = template.spec?.containers ?? [];
  assert.deepEqual(coder?.env, [
    ...basicEnv,
    { name: "CODER_ACCESS_URL", value: "https://coder.a.svc.cluster.local" },
    { name: "CODER_TLS_ENABLE", value: "true" },
    { name: "CODER_TLS_ADDRESS", value: "0.0.0.0:8443" },
    {
      name: "CODER_TLS_CERT_FILE",
      value: "/etc/ssl/certs/coder/my-tls/tls.crt,/etc/ssl/certs/coder/my.tls/tls.crt",
    },
    {
      name: "CODER_TLS_KEY_FILE",
      value: "/etc/ssl/certs/coder/my-tls/tls.key,/etc/ssl/certs/coder/my.tls/tls.key",
    },
    { name: "CODER_PG_CONNECTION_URL", value: "postgres://x" },
  ]);
  assert.deepEqual(coder?.ports?.map(({ name, containerPort }) => [name, containerPort]), [
    ["http", 8080],
    ["https", 8443],
  ]);
  assert.deepEqual(template.spec?.volumes, [
    { name: "tls-my-tls", secret: { secretName: "my-tls" } },
    { name: "tls-my-tls-e3767053", secret: { secretName: "my.tls" } },
    { name: "ca-cert-ca", secret: { secretName: "ca" } },
  ]);
  assert.deepEqual(
    coder?.volumeMounts?.map(({ mountPath, subPath, readOnly }) => [mountPath, subPath, readOnly]),
    [
      ["/etc/ssl/certs/coder/my-tls", undefined, true],
      ["/etc/ssl/certs/coder/my.tls", undefined, true],
      ["/etc/ssl/certs/ca-ca.crt", "ca.crt", true],
      ["/etc/ssl/certs/ca-b.crt", "b", true],
    ],
  );
});

Deno.test("every field that describes the pod lands where it should", () => {
  const affinity = { nodeAffinity: {} };
  const tolerations = [{ key: "k", operator: "Exists" }];
  const spread = [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }];
  const initContainers = [{ name: "wait", image: "busybox", env: [{ name: "A", value: "1" }] }];
  const lifecycle = { preStop: { exec: { command: ["sleep", "5"] } } };
  const hostAliases = [{ ip: "10.0.0.1", hostnames: ["db"] }];
  const template = render({
    image: "coder:1",
    extraArgs: ["--verbose"],
    imagePullSecrets: [{ name: "pull" }, { name: "other" }, { name: "pull" }],
    serviceAccount: { name: "runner" },
    resources: { limits: { cpu: "1" } },
    securityContext: { runAsNonRoot: true },
    podSecurityContext: { fsGroup: 1000 },
    envFrom: [{ prefix: "P_", configMapRef: { name: "c" } }],
    volumes: [{ name: "v", emptyDir: {} }],
    volumeMounts: [{ name: "v", mountPath: "/v" }],
    nodeSelector: { disk: "ssd" },
    tolerations,
    topologySpreadConstraints: spread,
    affinity,
    readinessProbe: { enabled: false },
    livenessProbe: { enabled: true, initialDelaySeconds: 7, periodSeconds: 8 },
    command: ["/opt/coder"],
    args: ["server"],
    initContainers,
    lifecycle,
    hostAliases,
    podLabels: { team: "x", "app.kubernetes.io/name": "mine" },
    podAnnotations: { scrape: "true" },
    priorityClassName: "high",
    terminationGracePeriodSeconds: 0,
  });
  assert.deepEqual(template.metadata, { labels: { team: "x", ...labels }, annotations: { scrape: "true" } });
  const { containers, ...pod } = template.spec!;
  assert.deepEqual(pod, {
    serviceAccountName: "runner",
    imagePullSecrets: [{ name: "pull" }, { name: "other" }],
    volumes: [{ name: "v", emptyDir: {} }],
    nodeSelector: { disk: "ssd" },
    tolerations,
    topologySpreadConstraints: spread,
    affinity,
    securityContext: { fsGroup: 1000 },
    initContainers,
    hostAliases,
    priorityClassName: "high",
    terminationGracePeriodSeconds: 0,
  });
  const [coder] = containers;
  assert.equal(coder?.image, "coder:1");
  assert.deepEqual(coder?.command, ["/opt/coder"]);
  assert.deepEqual(coder?.args, ["server", "--verbose"]);
  assert.deepEqual(coder?.lifecycle, lifecycle);
  assert.deepEqual(coder?.resources, { limits: { cpu: "1" } });
  assert.deepEqual(coder?.securityContext, { runAsNonRoot: true });
  assert.deepEqual(coder?.envFrom, [{ prefix: "P_", configMapRef: { name: "c" } }]);
  assert.deepEqual(coder?.volumeMounts, [{ name: "v", mountPath: "/v" }]);
  assert.equal(coder?.readinessProbe, undefined);
  assert.deepEqual(coder?.livenessProbe, { ...readinessProbe, initialDelaySeconds: 7, periodSeconds: 8 });
});

Deno.test("the access URL is set unless the user, a source or a switch says otherwise", () => {
  const url = (spec: Spec, fromSources = false) =>
    env(spec, fromSources).filter(({ name }) => name === "CODER_ACCESS_URL");
  assert.deepEqual(url({ service: { port: 8080 } }), [{
    name: "CODER_ACCESS_URL",
    value: "http://coder.a.svc.cluster.local:8080",
  }]);
  assert.deepEqual(url({ envUseClusterAccessURL: false }), []);
  assert.deepEqual(url({}, true), []);
  const own = { name: "CODER_ACCESS_URL", value: "https://coder.example.com" };
  assert.deepEqual(url({ extraEnv: [own] }), [own]);
  assert.deepEqual(url({ extraEnv: [own] }, true), [own]);
});

Deno.test("names that repeat are made one, and the user's value wins", () => {
  const list = env({
    extraEnv: [
      { name: "CODER_DERP_SERVER_RELAY_URL", value: "http://[$(KUBE_POD_IP)]:8080" },
      { name: "A", value: "1" },
      { name: "A", value: "2" },
    ],
  });
  assert.deepEqual(names(list), ["KUBE_POD_IP", "CODER_DERP_SERVER_RELAY_URL", "CODER_ACCESS_URL", "A"]);
  assert.equal(list[1]?.value, "http://[$(KUBE_POD_IP)]:8080");
  assert.equal(list[3]?.value, "2");
});

Deno.test("what the user says about places and security replaces the defaults", () => {
  const pod = (spec: Spec) => render(spec).spec!;
  assert.equal(pod({ affinity: {} }).topologySpreadConstraints, undefined);
  assert.deepEqual(container({ securityContext: {} }).securityContext, {});
  assert.deepEqual(container({ podSecurityContext: { fsGroup: 1 } }).securityContext, securityContext);
  assert.equal(container({ podSecurityContext: { runAsUser: 0 } }).securityContext, undefined);
  const { runAsNonRoot: _, runAsUser: _user, runAsGroup: _group, ...rest } = securityContext;
  assert.deepEqual(container({ podSecurityContext: { runAsUser: 5000 } }).securityContext, rest);
});

Deno.test("addresses, the pods' family and checksums come from outside the spec", () => {
  const template = podTemplate(controlPlane({ podAnnotations: { "coder.com/checksums": "mine" } }), {
    accessUrl: "https://coder.example.com",
    wildcardAccessUrl: "*.coder.example.com",
    family: "IPv6",
    annotations: { "coder.com/checksums": "Secret/db=1" },
  });
  assert.deepEqual(template.spec?.containers[0]?.env?.slice(1), [
    { name: "CODER_DERP_SERVER_RELAY_URL", value: "http://[$(KUBE_POD_IP)]:8080" },
    { name: "CODER_ACCESS_URL", value: "https://coder.example.com" },
    { name: "CODER_WILDCARD_ACCESS_URL", value: "*.coder.example.com" },
  ]);
  assert.deepEqual(template.metadata?.annotations, { "coder.com/checksums": "Secret/db=1" });
});

Deno.test("a service account name of white space is refused with its field", () => {
  assert.equal(serviceAccountName(controlPlane({ serviceAccount: { name: "" } })), "coder");
  assert.throws(
    () => serviceAccountName(controlPlane({ serviceAccount: { name: " " } })),
    (error) => error instanceof SpecError && error.field === "spec.serviceAccount.name",
  );
});

Deno.test("the hash of the inputs is pinned: another one would restart the pods of every installation", () => {
  assert.equal(inputs({}), "3fe756b8b4ad87f9");
  assert.equal(
    inputs({
      image: "ghcr.io/coder/coder:v2.30.0",
      extraEnv: [{
        name: "CODER_PG_CONNECTION_URL",
        valueFrom: { secretKeyRef: { name: "coder-db", key: "url" } },
      }],
    }, "http://coder.coder.svc.cluster.local"),
    "fc85d0431d0ee7c3",
  );
});

Deno.test("what does not shape the template does not change its inputs", () => {
  const base = inputs({});
  const same: Spec[] = [
    { replicas: 3 },
    { service: { type: "NodePort", annotations: { a: "b" } } },
    { rbac: { workspacePerms: false } },
    { licenseSecretRef: { name: "l" } },
    { operatorAccess: { disabled: true } },
    { extraEnv: [], volumes: [], nodeSelector: {} },
    { readinessProbe: {} },
    { serviceAccount: { labels: { a: "b" } } },
    { strategy: { type: "Recreate" } },
    { podDisruptionBudget: { disabled: true } },
    { expose: { ingress: { host: "coder.example.com" } } },
    { command: [], args: [], initContainers: [], podLabels: {}, podAnnotations: {}, hostAliases: [] },
    { priorityClassName: "" },
  ];
  for (const spec of same) assert.equal(inputs(spec), base, JSON.stringify(spec));
});

Deno.test("what shapes the template changes its inputs", () => {
  const changes: Spec[] = [
    {},
    { image: "x" },
    { extraArgs: ["--x"] },
    { extraEnv: [{ name: "A" }] },
    { imagePullSecrets: [{ name: "p" }] },
    { serviceAccount: { name: "s" } },
    { resources: { limits: { cpu: "1" } } },
    { securityContext: { privileged: false } },
    { podSecurityContext: { fsGroup: 1 } },
    { tls: { secretNames: ["t"] } },
    { readinessProbe: { enabled: false } },
    { livenessProbe: { enabled: true } },
    { envFrom: [{ secretRef: { name: "s" } }] },
    { volumes: [{ name: "v" }] },
    { volumeMounts: [{ name: "v", mountPath: "/v" }] },
    { certs: { secrets: [{ name: "c", key: "k" }] } },
    { nodeSelector: { a: "b" } },
    { tolerations: [{ key: "k" }] },
    { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "z", whenUnsatisfiable: "ScheduleAnyway" }] },
    { affinity: { podAffinity: {} } },
    { command: ["/opt/coder"] },
    { args: ["--x"] },
    { initContainers: [{ name: "wait" }] },
    { lifecycle: { preStop: { sleep: { seconds: 1 } } } },
    { podLabels: { a: "b" } },
    { podAnnotations: { a: "b" } },
    { priorityClassName: "high" },
    { hostAliases: [{ ip: "10.0.0.1" }] },
    { terminationGracePeriodSeconds: 0 },
    { signIn: { disablePassword: true } },
  ];
  const hashes = [...changes.map((spec) => inputs(spec)), inputs({}, "http://x")];
  assert.equal(new Set(hashes).size, hashes.length);
});
