import assert from "node:assert/strict";
import { coder } from "./testing.ts";

Deno.test("what the chart sets by default is written out", () => {
  const { spec, said } = coder("{}");
  assert.equal(spec.replicas, 1);
  assert.deepEqual(spec.resources, {
    limits: { cpu: "2000m", memory: "4096Mi" },
    requests: { cpu: "2000m", memory: "4096Mi" },
  });
  assert.deepEqual(spec.securityContext, {
    runAsNonRoot: true,
    runAsUser: 1000,
    runAsGroup: 1000,
    seccompProfile: { type: "RuntimeDefault" },
    allowPrivilegeEscalation: false,
  });
  assert.deepEqual(
    [spec.readinessProbe, spec.livenessProbe, spec.command, spec.lifecycle],
    Array(4).fill(undefined),
  );
  assert.deepEqual(said, []);
});

Deno.test("null takes a default away, a map adds to it", () => {
  assert.deepEqual(
    coder("{securityContext: null}").spec.securityContext,
    {},
    "the operator has a default of its own",
  );
  assert.equal(coder("{affinity: null}").spec.affinity, undefined);
  assert.equal(coder("{securityContext: {runAsUser: 7}}").spec.securityContext?.runAsUser, 7);
  assert.equal(coder("{securityContext: {runAsUser: 7}}").spec.securityContext?.runAsGroup, 1000);
  assert.equal(coder("{securityContext: {readOnlyRootFilesystem: null}}").said.length, 0);
  assert.deepEqual(coder("{resources: {requests: {cpu: 1}}}").spec.resources, { requests: { cpu: 1 } });
});

Deno.test("the default affinity keeps pods of this control plane apart", () => {
  const values = (name: string) =>
    coder("{}", { name }).spec.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.[0]
      ?.podAffinityTerm.labelSelector?.matchExpressions?.[0]?.values;
  assert.deepEqual([values("coder"), values("dev")], [["coder"], ["dev"]]);
});

Deno.test("lists of Kubernetes' structures pass as they are", () => {
  const { spec, said } = coder(`{volumes: [{name: v, secret: {secretName: s, defaultMode: 0400}}],
    volumeMounts: [{name: v, mountPath: /v, readOnly: true}], tolerations: [{operator: Exists}],
    hostAliases: [{ip: 192.0.2.1, hostnames: [a]}], initContainers: [{name: i, image: x, command: [sh]}]}`);
  assert.deepEqual(spec.volumes, [{ name: "v", secret: { secretName: "s", defaultMode: 256 } }]);
  assert.deepEqual(spec.volumeMounts, [{ name: "v", mountPath: "/v", readOnly: true }]);
  assert.deepEqual(spec.tolerations, [{ operator: "Exists" }]);
  assert.deepEqual(spec.hostAliases, [{ ip: "192.0.2.1", hostnames: ["a"] }]);
  assert.deepEqual(spec.initContainers, [{ name: "i", image: "x", command: ["sh"] }]);
  assert.deepEqual(said, []);
});

Deno.test("an init container cannot have the Coder container's name", () => {
  const { spec, said } = coder("{initContainers: [{name: coder, image: x}, {name: i, image: x}]}");
  assert.deepEqual(spec.initContainers?.map(({ name }) => name), ["i"]);
  assert.equal(said.length, 1);
});

Deno.test("labels and annotations of pods stay, but for the operator's own labels", () => {
  const { spec, said } = coder(
    "{podAnnotations: {a: b, one: 1}, podLabels: {team: x, app.kubernetes.io/name: y, odd: 'a b'}}",
  );
  assert.deepEqual([spec.podAnnotations, spec.podLabels], [{ a: "b", one: "1" }, { team: "x" }]);
  assert.deepEqual(said.map((line) => line.split(": ")[0]), [
    "coder.podLabels.app.kubernetes.io/name",
    "coder.podLabels.odd",
  ]);
});

Deno.test("labels and annotations of the Deployment are for kubectl", () => {
  const { said } = coder("{labels: {a: b}, annotations: {c: d}}", { name: "dev" });
  assert.match(
    said.join("\n"),
    /^coder\.annotations: .*kubectl annotate deployment dev KEY=VALUE.*\ncoder\.labels: /,
  );
});

Deno.test("strategies that Kubernetes would refuse are told", () => {
  assert.deepEqual(coder("{strategy: {rollingUpdate: {maxSurge: 50%}}}").spec.strategy, {
    rollingUpdate: { maxSurge: "50%" },
  });
  assert.deepEqual(coder("{strategy: {type: Recreate}}").spec.strategy, { type: "Recreate" });
  for (const odd of ["{type: Recreate, rollingUpdate: {maxSurge: 1}}", "{type: Sideways}"]) {
    const { spec, said } = coder(`{strategy: ${odd}}`);
    assert.deepEqual([spec.strategy, said.length], [undefined, 1], odd);
  }
});

Deno.test("certificates are named; the value that the chart gave up is taken with a word", () => {
  const { spec, said } = coder(`{tls: {secretNames: [a, ''], secretName: old},
    certs: {secrets: [{name: ca, key: ca.crt}, {name: x}, {name: '', key: y}]}}`);
  assert.deepEqual(spec.tls, { secretNames: ["a", "old"] });
  assert.deepEqual(spec.certs, { secrets: [{ name: "ca", key: "ca.crt" }] });
  assert.deepEqual(said.map((line) => line.split(":")[0]), [
    "coder.tls.secretName",
    "coder.certs.secrets[1]",
    "coder.certs.secrets[2]",
  ]);
});

Deno.test("probes are written where they differ from the default", () => {
  const { spec, said } = coder(`{readinessProbe: {enabled: false}, livenessProbe:
    {enabled: true, initialDelaySeconds: 5, periodSeconds: -1, successThreshold: 2}}`);
  assert.deepEqual(spec.readinessProbe, { enabled: false });
  assert.deepEqual(spec.livenessProbe, { enabled: true, initialDelaySeconds: 5 });
  assert.deepEqual(said.map((line) => line.split(":")[0]), [
    "coder.livenessProbe.periodSeconds",
    "coder.livenessProbe.successThreshold",
  ]);
  assert.equal(
    coder("{readinessProbe: {enabled: true, initialDelaySeconds: 0}}").spec.readinessProbe,
    undefined,
  );
});

Deno.test("odd scheduling is told", () => {
  const { spec, said } = coder("{priorityClassName: 'Not One', nodeSelector: {a: b}, replicaCount: -2}");
  assert.deepEqual([spec.priorityClassName, spec.nodeSelector, spec.replicas], [undefined, { a: "b" }, 0]);
  assert.deepEqual(said, ["coder.priorityClassName: is not a name and was left out"]);
});

Deno.test("selectors for the chart's pods get a remark, those that fit do not", () => {
  const affinity = (labels: string) =>
    coder(`{affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: null,
      requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone, labelSelector: ${labels}}]}}}`)
      .said;
  assert.deepEqual(affinity("{matchLabels: {app.kubernetes.io/instance: coder}}"), []);
  assert.deepEqual(affinity("{matchLabels: {team: x}}"), []);
  assert.deepEqual(affinity("{matchLabels: {app.kubernetes.io/name: coder, helm.sh/chart: c-1}}"), [
    "# coder.affinity: selects pods by app.kubernetes.io/name=coder: pods of the operator have the value " +
    "coder-control-plane",
    "# coder.affinity: selects pods by helm.sh/chart=c-1: pods of the operator do not have this label",
  ]);
  assert.match(
    affinity("{matchExpressions: [{key: app.kubernetes.io/instance, operator: In, values: [prod]}]}").join(),
    /instance=prod: pods of the operator have the value coder$/,
  );
  const spread = coder(
    `{topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule,
    labelSelector: {matchLabels: {app.kubernetes.io/instance: coder}}}]}`,
    { name: "dev" },
  );
  assert.match(spread.said.join(), /^# coder\.topologySpreadConstraints: .*have the value dev$/);
});
