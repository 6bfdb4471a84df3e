import assert from "node:assert/strict";
import { z } from "zod";
import { containerFields, placementFields, type PodFields } from "../api/pods.ts";
import { type CoderPod, coderPodTemplate, inputsHash, podInputs } from "./coder_pod.ts";

const words = { container: "c", ofContainer: "the container", program: "the program", args: "start" };
const schema = z.object({ ...containerFields(words), ...placementFields() });
const labels = { app: "x" };
const own: CoderPod = {
  labels,
  container: "c",
  image: "coder:v2",
  args: ["start"],
  extraArgs: [],
  env: [],
  imagePullSecrets: [],
  serviceAccountName: "sa",
};

const fields = (given: z.input<typeof schema> = {}): PodFields => schema.parse(given);

function render(given: z.input<typeof schema> = {}, more: Partial<CoderPod> = {}) {
  return coderPodTemplate(fields(given), { ...own, ...more });
}

function container(given: z.input<typeof schema> = {}, more: Partial<CoderPod> = {}) {
  return render(given, more).spec!.containers[0]!;
}

Deno.test("the program is named, for the image's own command would start the server", () => {
  assert.deepEqual([container().command, container().args], [["/opt/coder"], ["start"]]);
  const given = container({ command: ["sh"], args: ["-c", "x"] }, { extraArgs: ["--y"] });
  assert.deepEqual([given.command, given.args], [["sh"], ["-c", "x", "--y"]]);
});

Deno.test("a kind may leave the command to the image, and the user's goes before either", () => {
  assert.equal("command" in container({}, { command: [] }), false);
  assert.deepEqual(container({}, { command: ["other"] }).command, ["other"]);
  assert.deepEqual(container({ command: ["sh"] }, { command: [] }).command, ["sh"]);
});

Deno.test("nothing that is empty is written", () => {
  const { metadata, spec } = render({ topologySpreadConstraints: [] }, { serviceAccountName: "sa" });
  assert.deepEqual(Object.keys(metadata ?? {}), ["labels"]);
  assert.deepEqual(Object.keys(spec ?? {}), [
    "serviceAccountName",
    "containers",
    "topologySpreadConstraints",
  ]);
  assert.deepEqual(Object.keys(container()), ["name", "image", "command", "args", "env", "securityContext"]);
});

Deno.test("pods without a ServiceAccount of their own get no token of Kubernetes", () => {
  const { spec } = render({}, { serviceAccountName: undefined });
  assert.equal(spec?.automountServiceAccountToken, false);
  assert.equal(spec?.serviceAccountName, undefined);
});

Deno.test("every field of pods reaches them", () => {
  const given = {
    initContainers: [{ name: "i", image: "busybox" }],
    volumes: [{ name: "v", emptyDir: {} }],
    volumeMounts: [{ name: "v", mountPath: "/v" }],
    envFrom: [{ configMapRef: { name: "e" } }],
    lifecycle: { preStop: { sleep: { seconds: 1 } } },
    securityContext: { runAsUser: 5 },
    podSecurityContext: { fsGroup: 6 },
    podLabels: { team: "a", app: "not mine" },
    podAnnotations: { a: "b" },
    priorityClassName: "high",
    hostAliases: [{ ip: "10.0.0.1", hostnames: ["x"] }],
    nodeSelector: { os: "linux" },
    tolerations: [{ key: "t" }],
    topologySpreadConstraints: [{ maxSkew: 2, topologyKey: "z", whenUnsatisfiable: "DoNotSchedule" }],
    affinity: { nodeAffinity: {} },
  };
  const { metadata, spec } = render(given);
  assert.deepEqual(metadata, { labels: { team: "a", app: "x" }, annotations: { a: "b" } });
  const { initContainers, volumes, hostAliases, nodeSelector, tolerations, affinity, priorityClassName } =
    given;
  const { containers: [first], ...pod } = spec!;
  assert.deepEqual(pod, {
    serviceAccountName: "sa",
    initContainers,
    volumes,
    hostAliases,
    nodeSelector,
    tolerations,
    topologySpreadConstraints: given.topologySpreadConstraints,
    affinity,
    securityContext: { fsGroup: 6 },
    priorityClassName,
  });
  assert.deepEqual([first?.envFrom, first?.volumeMounts, first?.lifecycle, first?.securityContext], [
    given.envFrom,
    given.volumeMounts,
    given.lifecycle,
    given.securityContext,
  ]);
});

Deno.test("volumes, mounts, ports, probes and resources of the kind come with its container", () => {
  const probe = { httpGet: { path: "/healthz", port: "http" } };
  const ports = [{ name: "http", containerPort: 1 }];
  const secrets = {
    volumes: [{ name: "s", secret: { secretName: "s" } }],
    mounts: [{ name: "s", mountPath: "/s" }],
  };
  const more = {
    ports,
    readinessProbe: probe,
    livenessProbe: probe,
    resources: { limits: { cpu: "1" } },
    secrets,
    terminationGracePeriodSeconds: 0,
  };
  const given = { volumes: [{ name: "v" }], volumeMounts: [{ name: "v", mountPath: "/v" }] };
  const { spec } = render(given, more);
  assert.deepEqual(spec?.volumes?.map(({ name }) => name), ["s", "v"]);
  assert.equal(spec?.terminationGracePeriodSeconds, 0);
  const first = spec?.containers[0];
  assert.deepEqual(first?.volumeMounts?.map(({ name }) => name), ["s", "v"]);
  assert.deepEqual([first?.ports, first?.readinessProbe, first?.livenessProbe], [ports, probe, probe]);
  assert.deepEqual(first?.resources, { limits: { cpu: "1" } });
});

Deno.test("a repeated reference to a registry's credentials is given once", () => {
  const imagePullSecrets = [{ name: "a" }, { name: "b" }, { name: "a" }, {}];
  assert.deepEqual(render({}, { imagePullSecrets }).spec?.imagePullSecrets, [
    { name: "a" },
    { name: "b" },
    {},
  ]);
});

Deno.test("pods spread over zones and nodes unless the user says something about places", () => {
  assert.equal(render().spec?.topologySpreadConstraints?.length, 2);
  assert.equal(render({ affinity: {} }).spec?.topologySpreadConstraints, undefined);
  assert.deepEqual(render().spec?.topologySpreadConstraints?.[0]?.labelSelector, { matchLabels: labels });
});

Deno.test("absent and empty inputs do not count, so that new fields restart nobody's pods", () => {
  const bare = inputsHash({ image: "a", ...podInputs(fields()) });
  assert.equal(bare, inputsHash({ image: "a" }));
  assert.equal(bare, inputsHash({ image: "a", later: [], other: {}, third: undefined, flag: false }));
  assert.notEqual(bare, inputsHash({ image: "a", later: ["x"] }));
  assert.notEqual(bare, inputsHash({ image: "a", ...podInputs(fields({ args: ["x"] })) }));
  assert.equal(bare, inputsHash({ image: "a", ...podInputs(fields({ priorityClassName: "" })) }));
});

Deno.test("how pods are replaced does not shape them", () => {
  assert.equal("strategy" in podInputs(fields({ strategy: { type: "Recreate" } })), false);
});
