import assert from "node:assert/strict";
import type { ContainerState, ContainerStatus, Pod, PodSpec, PodStatus } from "../../api/kubernetes/types.ts";
import { claimsOf, isReady, podTroubles } from "./pod_trouble.ts";

const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "dev", namespace: "lab" },
};
const spec = (more: Partial<PodSpec> = {}): PodSpec => ({
  nodeName: "node-0",
  containers: [{ name: "dev", image: "ghcr.io/a/b:1" }],
  ...more,
});
const status = (more: Partial<PodStatus> = {}): PodStatus => ({ phase: "Pending", ...more });
const container = (state: ContainerState, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name: "dev",
  image: "",
  imageID: "",
  ready: false,
  restartCount: 0,
  state,
  ...more,
});
const of = (state: ContainerState, more: Partial<ContainerStatus> = {}, own: Partial<PodSpec> = {}) =>
  podTroubles({ ...POD, spec: spec(own), status: status({ containerStatuses: [container(state, more)] }) });
const RUNNING = { running: { startedAt: "2026-01-01T00:00:00Z" } };

Deno.test("a pod that runs has no trouble", () => {
  const pod: Pod = {
    ...POD,
    spec: spec(),
    status: status({
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [container(RUNNING, { ready: true })],
    }),
  };
  assert.deepEqual([podTroubles(pod), isReady(pod)], [[], true]);
});

Deno.test("a pod that no node takes says why", () => {
  const conditions = [{
    type: "PodScheduled",
    status: "False",
    reason: "Unschedulable",
    message: "0/2 nodes are available:\n 2 Insufficient cpu.",
  }];
  const { nodeName: _, ...unplaced } = spec();
  assert.deepEqual(podTroubles({ ...POD, spec: unplaced, status: status({ conditions }) }), [{
    about: "pod",
    says: "No node can take it.",
    evidence: "Unschedulable: 0/2 nodes are available: 2 Insufficient cpu.",
  }]);
  assert.deepEqual(podTroubles({ ...POD, spec: { ...unplaced, schedulerName: "mine" }, status: status() }), [
    { about: "pod", says: "No scheduler has looked at it yet: is mine running?" },
  ]);
  const gated = [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }];
  const gates = { ...unplaced, schedulingGates: [{ name: "quota" }] };
  assert.deepEqual(podTroubles({ ...POD, spec: gates, status: status({ conditions: gated }) }), [
    { about: "pod", says: "It waits until its scheduling gates are removed: quota." },
  ]);
});

const WAITING: [reason: string, says: RegExp][] = [
  ["ImagePullBackOff", /^Its image ghcr.io\/a\/b:1 cannot be pulled\.$/],
  ["ErrImagePull", /cannot be pulled/],
  ["InvalidImageName", /is no name of an image/],
  ["CreateContainerConfigError", /a Secret or a ConfigMap, is missing or wrong/],
  ["ContainerCreating", /is not started yet/],
  ["RunContainerError", /cannot be started/],
];
for (const [reason, says] of WAITING) {
  Deno.test(`a container that waits for ${reason} is told in plain words`, () => {
    const [found, ...more] = of({ waiting: { reason, message: "its words" } });
    assert.match(found!.says, says);
    assert.deepEqual([found!.about, found!.evidence, more], ["container dev", `${reason}: its words`, []]);
  });
}

Deno.test("a container that ends again and again says how it ended", () => {
  const lastState = { terminated: { exitCode: 1, reason: "Error", message: "no such database" } };
  const found = of({ waiting: { reason: "CrashLoopBackOff", message: "back-off 5m0s" } }, {
    restartCount: 12,
    lastState,
  });
  assert.deepEqual(found.map(({ says, evidence }) => [says, evidence]), [
    [
      "It ends again and again (12 restarts), and waits for the next start.",
      "CrashLoopBackOff: back-off 5m0s",
    ],
    ["Before, it ended with exit code 1 (12 restarts so far).", "Error: no such database"],
  ]);
});

Deno.test("memory, signals and commands that are not there are told from each other", () => {
  const ends = (exitCode: number, more: object = {}, own: Partial<PodSpec> = {}) =>
    of({ terminated: { exitCode, ...more } }, {}, own)[0]?.says;
  const limited = { containers: [{ name: "dev", resources: { limits: { memory: "512Mi" } } }] };
  assert.equal(
    ends(137, { reason: "OOMKilled" }, limited),
    "It was killed because of its memory limit 512Mi.",
  );
  assert.equal(
    ends(137, { reason: "OOMKilled" }),
    "It was killed because there was no memory left on its node.",
  );
  assert.equal(ends(137), "It ended with exit code 137, by signal 9 (SIGKILL).");
  assert.equal(ends(0, { signal: 40 }), "It ended with exit code 0, by signal 40.");
  assert.equal(ends(127), "It ended with exit code 127: its command was not found.");
  assert.equal(ends(126), "It ended with exit code 126: its command cannot be executed.");
  assert.equal(
    ends(255, { finishedAt: "2026-01-01T00:00:00Z" }),
    "It ended with exit code 255 at 2026-01-01T00:00:00Z.",
  );
});

Deno.test("a container that runs and is not ready names the probe that fails", () => {
  const says = (own: object, more: Partial<ContainerStatus> = {}) =>
    of(RUNNING, more, { containers: [{ name: "dev", ...own }] })[0]?.says;
  assert.match(
    says({ startupProbe: {}, readinessProbe: {} }, { started: false })!,
    /startup probe has not succeeded/,
  );
  assert.match(
    says({ startupProbe: {}, readinessProbe: {} }, { started: true })!,
    /readiness probe does not succeed/,
  );
  assert.equal(says({}), "It runs, and is not ready.");
  assert.equal(says({}, { ready: true }), undefined);
  const lastState = { terminated: { exitCode: 2 } };
  assert.equal(
    says({}, { ready: true, restartCount: 1, lastState }),
    "Before, it ended with exit code 2 (1 restart so far).",
  );
});

Deno.test("an init container that fails is the cause, and those behind it only wait", () => {
  const pod: Pod = {
    ...POD,
    spec: spec({ initContainers: [{ name: "clone" }, { name: "side", restartPolicy: "Always" }] }),
    status: status({
      initContainerStatuses: [
        container({ terminated: { exitCode: 128, reason: "Error" } }, { name: "clone" }),
        container({ waiting: { reason: "PodInitializing" } }, { name: "side" }),
      ],
      containerStatuses: [container({ waiting: { reason: "PodInitializing" } })],
    }),
  };
  assert.deepEqual(podTroubles(pod), [
    { about: "init container clone", says: "It ended with exit code 128.", evidence: "Error" },
  ]);
});

Deno.test("what has ended well is no trouble", () => {
  const terminated = { exitCode: 0, reason: "Completed" };
  const pod: Pod = {
    ...POD,
    spec: spec({ initContainers: [{ name: "clone" }] }),
    status: status({
      phase: "Succeeded",
      initContainerStatuses: [container({ terminated }, { name: "clone", ready: true })],
      containerStatuses: [container({ terminated })],
    }),
  };
  assert.deepEqual(podTroubles(pod), []);
});

Deno.test("a container that ended while the pod goes on is told", () => {
  assert.deepEqual(of({ terminated: { exitCode: 0, reason: "Completed" } })[0], {
    about: "container dev",
    says: "It ended with exit code 0.",
    evidence: "Completed",
  });
});

Deno.test("a pod that was evicted, goes away or is held says so", () => {
  const evicted = { phase: "Failed", reason: "Evicted", message: "The node was low on memory" };
  assert.deepEqual(podTroubles({ ...POD, spec: spec(), status: evicted })[0], {
    about: "pod",
    says: "It has failed and is not started again.",
    evidence: "Evicted: The node was low on memory",
  });
  const at = "2026-01-01T00:00:00Z";
  const going = { ...POD.metadata, deletionTimestamp: at };
  const says = (pod: Pod) => podTroubles(pod).map((one) => one.says);
  assert.deepEqual(says({ ...POD, metadata: going, spec: spec() }), [`It is being deleted since ${at}.`]);
  assert.deepEqual(says({ ...POD, metadata: { ...going, finalizers: ["a/b"] }, spec: spec() }), [
    `It is being deleted since ${at}; finalizers hold it: a/b.`,
  ]);
  const conditions = [{ type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler" }];
  assert.deepEqual(says({ ...POD, spec: spec(), status: status({ conditions, reason: "NodeLost" }) }), [
    "It was chosen to be removed.",
    "Its node says something of it.",
  ]);
});

Deno.test("a readiness gate that is shut is told", () => {
  const gated = spec({ readinessGates: [{ conditionType: "lb/ready" }] });
  const conditions = [{ type: "lb/ready", status: "False", reason: "NoTarget" }];
  assert.deepEqual(podTroubles({ ...POD, spec: gated, status: status({ conditions }) }), [
    { about: "pod", says: "Its readiness gate lb/ready is not open.", evidence: "NoTarget" },
  ]);
  assert.deepEqual(
    podTroubles({
      ...POD,
      spec: gated,
      status: status({ conditions: [{ type: "lb/ready", status: "True" }] }),
    }),
    [],
  );
});

Deno.test("claims are those that are named and those that are made for the pod", () => {
  const volumes = [
    { name: "home", persistentVolumeClaim: { claimName: "dev-home" } },
    { name: "scratch", ephemeral: {} },
    { name: "tmp", emptyDir: {} },
  ];
  assert.deepEqual(claimsOf({ ...POD, spec: spec({ volumes }) }), ["dev-home", "dev-scratch"]);
  assert.deepEqual(claimsOf(POD), []);
});

Deno.test("a pod of which nothing is known is waited for", () => {
  assert.deepEqual(podTroubles(POD).map(({ says }) => says), [
    "No scheduler has looked at it yet: is default-scheduler running?",
  ]);
  assert.equal(isReady(POD), false);
});
