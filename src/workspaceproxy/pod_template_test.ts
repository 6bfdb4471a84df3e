import assert from "node:assert/strict";
import type { CoderWorkspaceProxy } from "../api/workspace_proxy.ts";
import type { Deployment } from "../api/kubernetes/types.ts";
import { SpecError } from "../workload/spec_error.ts";
import { decideTemplate } from "../workload/template_decision.ts";
import {
  podTemplate,
  primaryUrl,
  type ProxyTemplateFacts,
  RENDERING,
  templateInputs,
} from "./pod_template.ts";
import { LABELS, workspaceProxy } from "./testing.ts";

type Spec = NonNullable<CoderWorkspaceProxy["spec"]>;

const connection = {
  primaryURL: "https://coder.example.com",
  token: { name: "eu-proxy-token", key: "token" },
};

function render(spec: Spec = {}, facts: Partial<ProxyTemplateFacts> = {}) {
  return podTemplate(workspaceProxy(spec), { ...connection, ...facts });
}
function container(spec: Spec = {}, facts: Partial<ProxyTemplateFacts> = {}) {
  const [first, ...others] = render(spec, facts).spec?.containers ?? [];
  assert.ok(first !== undefined && others.length === 0, "exactly one container");
  return first;
}
const env = (spec: Spec = {}, facts: Partial<ProxyTemplateFacts> = {}) =>
  Object.fromEntries((container(spec, facts).env ?? []).map(({ name, ...rest }) => [name, rest]));
const inputs = (spec: Spec = {}, facts = connection) => templateInputs(workspaceProxy(spec), facts);

Deno.test("a bare proxy starts on the stock image, hardened and spread, without a token of Kubernetes", () => {
  assert.deepEqual(render({}, { accessURL: "https://eu.example.com" }), {
    metadata: { labels: LABELS },
    spec: {
      automountServiceAccountToken: false,
      containers: [{
        name: "workspace-proxy",
        image: "ghcr.io/coder/coder:latest",
        command: ["/opt/coder"],
        args: ["wsproxy", "server", "--http-address=0.0.0.0:3001"],
        env: [
          { name: "CODER_PRIMARY_ACCESS_URL", value: "https://coder.example.com" },
          {
            name: "CODER_PROXY_SESSION_TOKEN",
            valueFrom: { secretKeyRef: { name: "eu-proxy-token", key: "token" } },
          },
          { name: "KUBE_POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
          { name: "CODER_DERP_SERVER_RELAY_URL", value: "http://$(KUBE_POD_IP):3001" },
          { name: "CODER_ACCESS_URL", value: "https://eu.example.com" },
        ],
        ports: [{ name: "http", containerPort: 3001, protocol: "TCP" }],
        readinessProbe: {
          httpGet: { path: "/healthz", port: "http", scheme: "HTTP" },
          periodSeconds: 10,
          timeoutSeconds: 1,
          successThreshold: 1,
          failureThreshold: 3,
        },
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          runAsGroup: 1000,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
          seccompProfile: { type: "RuntimeDefault" },
        },
      }],
      topologySpreadConstraints: ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((
        topologyKey,
      ) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: LABELS },
      })),
    },
  });
});

Deno.test("arguments are those of the Go operator, and the user's come behind", () => {
  const { args } = container({ derpOnly: true, extraArgs: ["--x"] });
  assert.deepEqual(args, ["wsproxy", "server", "--http-address=0.0.0.0:3001", "--derp-only", "--x"]);
  const own = container({ command: ["/bin/sh"], args: ["-c"], extraArgs: ["--x"] });
  assert.deepEqual([own.command, own.args], [["/bin/sh"], ["-c", "--x"]]);
});

Deno.test("addresses of the pods' own family are valid in URLs", () => {
  assert.equal(
    env({}, { family: "IPv6" })["CODER_DERP_SERVER_RELAY_URL"]?.value,
    "http://[$(KUBE_POD_IP)]:3001",
  );
  assert.equal(
    env({}, { family: "IPv4" })["CODER_DERP_SERVER_RELAY_URL"]?.value,
    "http://$(KUBE_POD_IP):3001",
  );
});

Deno.test("the addresses of the proxy are told where they are given", () => {
  const told = env({}, { accessURL: "https://eu", wildcardAccessURL: "*.eu" });
  assert.deepEqual([told["CODER_ACCESS_URL"]?.value, told["CODER_WILDCARD_ACCESS_URL"]?.value], [
    "https://eu",
    "*.eu",
  ]);
  assert.equal("CODER_ACCESS_URL" in env(), false);
});

Deno.test("each name is in the environment once, and the user's value wins", () => {
  const extraEnv = [
    { name: "CODER_PRIMARY_ACCESS_URL", value: "https://other" },
    { name: "CODER_VERBOSE", value: "1" },
    { name: "CODER_VERBOSE", value: "2" },
  ];
  const list = container({ extraEnv }).env ?? [];
  assert.equal(new Set(list.map(({ name }) => name)).size, list.length);
  assert.equal(env({ extraEnv })["CODER_PRIMARY_ACCESS_URL"]?.value, "https://other");
  assert.equal(env({ extraEnv })["CODER_VERBOSE"]?.value, "2");
});

Deno.test("certificates of the user's authorities are among those of the system", () => {
  const spec = {
    certs: { secrets: [{ name: "ca", key: "ca.crt" }] },
    volumes: [{ name: "v", emptyDir: {} }],
  };
  assert.deepEqual(render(spec).spec?.volumes, [{ name: "ca-cert-ca", secret: { secretName: "ca" } }, {
    name: "v",
    emptyDir: {},
  }]);
  assert.deepEqual(container(spec).volumeMounts, [{
    name: "ca-cert-ca",
    mountPath: "/etc/ssl/certs/ca.crt",
    subPath: "ca.crt",
    readOnly: true,
  }]);
});

Deno.test("fields of the proxy's own reach its pods", () => {
  const pod = render({
    serviceAccountName: "proxy",
    terminationGracePeriodSeconds: 5,
    imagePullSecrets: [{ name: "p" }],
    resources: { limits: { memory: "1Gi" } },
    readinessProbe: { enabled: false },
    livenessProbe: { enabled: true, initialDelaySeconds: 3 },
    image: "coder:v2",
  }).spec;
  assert.equal(pod?.serviceAccountName, "proxy");
  assert.equal(pod?.automountServiceAccountToken, undefined);
  assert.equal(pod?.terminationGracePeriodSeconds, 5);
  assert.deepEqual(pod?.imagePullSecrets, [{ name: "p" }]);
  const [first] = pod?.containers ?? [];
  assert.deepEqual([first?.image, first?.resources], ["coder:v2", { limits: { memory: "1Gi" } }]);
  assert.equal(first?.readinessProbe, undefined);
  assert.equal(first?.livenessProbe?.initialDelaySeconds, 3);
});

Deno.test("annotations of the operator stand beside the user's, and win", () => {
  const { metadata } = render({ podAnnotations: { a: "1", b: "2" } }, { annotations: { b: "3" } });
  assert.deepEqual(metadata?.annotations, { a: "1", b: "3" });
});

Deno.test("the address of Coder is the user's, the control plane's, or that of bootstrap", () => {
  const bootstrap = { coderURL: " https://b ", credentialsSecretRef: { name: "admin" } };
  const of = (spec: Spec, controlPlane?: string) => primaryUrl(workspaceProxy(spec), controlPlane);
  assert.equal(of({ primaryAccessURL: " https://p ", bootstrap }), "https://p");
  assert.equal(of({ bootstrap }), "https://b");
  assert.equal(of({ controlPlaneRef: { name: "coder" } }, "https://c"), "https://c");
  assert.equal(
    of({ controlPlaneRef: { name: "coder" }, primaryAccessURL: "https://p" }, "https://c"),
    "https://p",
  );
  assert.equal(of({ controlPlaneRef: { name: "coder" } }), undefined);
  assert.throws(() => of({ proxySessionTokenSecretRef: { name: "t" } }), SpecError);
});

Deno.test("the stored hash of a template's inputs is the same in every version", () => {
  assert.equal(inputs(), "5b7d493de205b925");
  const spec = {
    image: "coder:v2.30.0",
    derpOnly: true,
    extraArgs: ["--verbose"],
    extraEnv: [{ name: "A", value: "b" }],
    imagePullSecrets: [{ name: "p" }],
  };
  assert.equal(inputs(spec), "54084ae79f470fe9");
});

Deno.test("what does not shape the pods is not in the hash", () => {
  const bare = inputs();
  for (
    const spec of [
      { replicas: 3 },
      { service: { port: 8080, type: "NodePort" } },
      { podDisruptionBudget: { minAvailable: 1 } },
      { strategy: { type: "Recreate" } },
      { readinessProbe: { enabled: true } },
      { serviceAccountName: "", priorityClassName: "" },
      { expose: {}, certs: { secrets: [] } },
    ]
  ) assert.equal(inputs(spec), bare, JSON.stringify(spec));
});

Deno.test("every field that shapes the pods is in the hash", () => {
  const gateway = { gateway: { host: "eu.example.com", parentRefs: [{ name: "edge" }] } };
  const specs: Spec[] = [
    { image: "coder:v3" },
    { derpOnly: true },
    { extraArgs: ["--x"] },
    { extraEnv: [{ name: "A" }] },
    { imagePullSecrets: [{ name: "p" }] },
    { expose: gateway },
    { certs: { secrets: [{ name: "ca", key: "a" }] } },
    { readinessProbe: { enabled: false } },
    { livenessProbe: { enabled: true } },
    { resources: { limits: { cpu: "1" } } },
    { serviceAccountName: "sa" },
    { terminationGracePeriodSeconds: 5 },
    { command: ["x"] },
    { args: ["x"] },
    { envFrom: [{ secretRef: { name: "e" } }] },
    { volumes: [{ name: "v" }] },
    { volumeMounts: [{ name: "v", mountPath: "/v" }] },
    { initContainers: [{ name: "i" }] },
    { lifecycle: { preStop: { sleep: { seconds: 1 } } } },
    { securityContext: { runAsUser: 5 } },
    { podSecurityContext: { fsGroup: 5 } },
    { podLabels: { a: "b" } },
    { podAnnotations: { a: "b" } },
    { priorityClassName: "high" },
    { hostAliases: [{ ip: "10.0.0.1" }] },
    { nodeSelector: { a: "b" } },
    { tolerations: [{ key: "a" }] },
    { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "t", whenUnsatisfiable: "DoNotSchedule" }] },
    { affinity: { nodeAffinity: {} } },
  ];
  const hashes = new Set([inputs(), ...specs.map((spec) => inputs(spec))]);
  assert.equal(hashes.size, specs.length + 1);
  assert.notEqual(inputs({}, { ...connection, primaryURL: "https://other" }), inputs());
  assert.notEqual(inputs({}, { ...connection, token: { name: "other", key: "token" } }), inputs());
});

/** As the Go operator leaves it, with what the API server adds. */
const goDeployment: Deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "wsproxy-eu", namespace: "a", labels: LABELS },
  spec: {
    replicas: 1,
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        containers: [{
          name: "workspace-proxy",
          image: "ghcr.io/coder/coder:latest",
          args: ["wsproxy", "server", "--http-address=0.0.0.0:3001"],
          env: [
            { name: "CODER_PRIMARY_ACCESS_URL", value: "https://coder.example.com" },
            {
              name: "CODER_PROXY_SESSION_TOKEN",
              valueFrom: { secretKeyRef: { name: "eu-proxy-token", key: "token" } },
            },
          ],
          ports: [{ name: "http", containerPort: 3001, protocol: "TCP" }],
          imagePullPolicy: "Always",
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          resources: {},
        }],
        restartPolicy: "Always",
        terminationGracePeriodSeconds: 30,
        dnsPolicy: "ClusterFirst",
        securityContext: {},
        schedulerName: "default-scheduler",
      },
    },
  },
};

Deno.test("pods of the Go operator go on until the spec changes, and it is said what they miss", () => {
  const decision = decideTemplate({
    live: goDeployment,
    facts: { scaled: false },
    rendered: render({}, { accessURL: "https://eu.example.com" }),
    inputs: inputs(),
    recorded: {},
    rendering: RENDERING,
    settled: true,
    upgradeNow: false,
  });
  assert.ok(decision.keep && decision.setAside);
  assert.deepEqual(decision.pending.filter((each) => /command|image|args|secretKeyRef|PRIMARY/.test(each)), [
    "adds containers[name=workspace-proxy].command",
  ]);
});

Deno.test("a Deployment that this version made follows what it is told at once", () => {
  const rendered = render({}, { accessURL: "https://eu.example.com" });
  const annotations = { "coder.com/template-inputs": inputs(), "coder.com/template-rendering": RENDERING };
  const live = {
    ...goDeployment,
    metadata: { ...goDeployment.metadata, annotations },
    spec: { ...goDeployment.spec!, template: render({}) },
  };
  const decision = decideTemplate({
    live,
    facts: { scaled: false },
    rendered,
    inputs: inputs(),
    recorded: {},
    rendering: RENDERING,
    settled: true,
    upgradeNow: false,
  });
  assert.deepEqual(decision, { keep: false, rendering: RENDERING, takeBack: false });
});
