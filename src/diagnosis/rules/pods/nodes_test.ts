import assert from "node:assert/strict";
import type { Node } from "../../../api/kubernetes/types.ts";
import {
  ago,
  commands,
  event,
  factsOf,
  only,
  pod,
  quotes,
  unreadFacts,
  waiting,
} from "../../pods/testing.ts";
import type { Rule } from "../../types.ts";
import { nodeNotReady } from "./node_not_ready.ts";
import { nodePressure } from "./node_pressure.ts";
import { podEvicted } from "./pod_evicted.ts";
import { podPreempted } from "./pod_preempted.ts";
import { podStuckTerminating } from "./pod_stuck_terminating.ts";

const node = (...conditions: [type: string, status: string, reason: string, message: string][]): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "node-1" },
  status: {
    conditions: conditions.map(([type, status, reason, message]) => ({
      type,
      status,
      reason,
      message,
      lastTransitionTime: ago(200),
    })),
  },
});
const LOW =
  "The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi. Container dev was using " +
  "3Gi, request is 0, has larger consumption of memory. ";
const evicted = (message: string) =>
  pod({
    dev: { ready: false },
    status: { phase: "Failed", reason: "Evicted", message, conditions: [], containerStatuses: [] },
  });

Deno.test("a pod that its node has evicted is told with what ran low", () => {
  const found = only(podEvicted, { pods: [evicted(LOW)], events: [event("Evicted", LOW)] });
  assert.equal(found.cause, "Node node-1 has evicted pod lab/dev-0: it ran low on memory.");
  assert.deepEqual(quotes(found).map((one) => one.slice(0, 52)), [
    "status of pod lab/dev-0 at 2026-11-22T07:59:30Z: Evi",
    "event of pod lab/dev-0 at 2026-11-22T07:59:30Z: Evic",
  ]);
  assert.deepEqual(commands(found), ["kubectl describe node node-1", "kubectl -n lab describe pod dev-0"]);
  assert.deepEqual(found.next[0]!.tool, {
    name: "restart_workspace",
    arguments: { namespace: "lab", name: "default.ann.dev" },
  });
  const storage = evicted("Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ");
  assert.match(only(podEvicted, { pods: [storage] }).cause, /it used more storage than it may\.$/);
  assert.match(only(podEvicted, { pods: [evicted("")] }).cause, /it does not say why\.$/);
  assert.match(only(podEvicted, { pods: [evicted("Predicate failed.")] }).cause, /: Predicate failed\.$/);
});

Deno.test("an evicted pod that has a healthy successor is history", () => {
  const owner = (name: string) => ({
    ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name, uid: "1", controller: true }],
  });
  const old = { ...evicted(LOW), metadata: { ...evicted(LOW).metadata, ...owner("dev-7f") } };
  const fresh = pod({ name: "dev-7f-b", metadata: { ...owner("dev-7f"), creationTimestamp: ago(100) } });
  assert.deepEqual(podEvicted.find(factsOf({ pods: [old, fresh] })), []);
  assert.equal(podEvicted.find(factsOf({ pods: [old] })).length, 1);
});

Deno.test("a node under pressure is named with its pods that are not well", () => {
  const nodes = [
    node(
      ["MemoryPressure", "True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available"],
      ["DiskPressure", "True", "KubeletHasDiskPressure", "low"],
      ["Ready", "True", "KubeletReady", "ok"],
    ),
  ];
  const found = only(nodePressure, { pods: [evicted(LOW)], nodes });
  assert.equal(found.cause, "Node node-1 is low on memory and low on disk, and pod lab/dev-0 is on it.");
  assert.equal(
    quotes(found)[0],
    `status of node node-1 at ${
      ago(200)
    }: MemoryPressure: KubeletHasInsufficientMemory: kubelet has insufficient memory available`,
  );
  assert.deepEqual(nodePressure.find(factsOf({ pods: [pod()], nodes })), []);
  assert.equal(only(nodePressure, { pods: [waiting("ContainerCreating", "")], nodes }).confidence, "likely");
});

Deno.test("a node that is away is named since when", () => {
  const unknown = node(["Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."]);
  const lost = pod({ dev: { ready: false }, status: { conditions: [{ type: "Ready", status: "False" }] } });
  const found = only(nodeNotReady, { pods: [lost], nodes: [unknown] });
  assert.equal(found.cause, `Node node-1, which has pod lab/dev-0, has not been heard of since ${ago(200)}.`);
  assert.match(quotes(found)[0]!, /Ready is Unknown: NodeStatusUnknown: Kubelet stopped posting/);
  assert.equal(commands(found)[1], "kubectl delete node node-1");
  const down = node(["Ready", "False", "KubeletNotReady", "container runtime is down"]);
  assert.match(only(nodeNotReady, { pods: [lost], nodes: [down] }).cause, /is not ready since/);
  assert.deepEqual(
    nodeNotReady.find(factsOf({ pods: [lost], nodes: [node(["Ready", "True", "", ""])] })),
    [],
  );
  assert.deepEqual(nodeNotReady.find(factsOf({ pods: [lost], nodes: [node()] })), []);
});

Deno.test("a pod that should long be gone is told with who holds it", () => {
  const deleted = (seconds: number, finalizers: string[] = []) =>
    pod({ metadata: { deletionTimestamp: ago(seconds), finalizers } });
  const held = only(podStuckTerminating, { pods: [deleted(300, ["acme.com/backup"])] });
  assert.equal(
    held.cause,
    `Pod lab/dev-0 should be gone since ${ago(300)}: the finalizer acme.com/backup holds it.`,
  );
  assert.match(commands(held)[1]!, /^kubectl -n lab patch pod dev-0 --type=json -p '\[\{"op":"remove"/);
  assert.match(
    only(podStuckTerminating, { pods: [deleted(300)] }).cause,
    /its node node-1 has not let go of it\.$/,
  );
  assert.match(
    only(podStuckTerminating, { pods: [deleted(300, ["a/b", "c/d"])] }).cause,
    /the finalizers a\/b and c\/d hold it\.$/,
  );
  assert.deepEqual(podStuckTerminating.find(factsOf({ pods: [deleted(30)] })), []);
  const nowhere = deleted(300);
  nowhere.spec!.nodeName = "";
  assert.match(only(podStuckTerminating, { pods: [nowhere] }).cause, /nothing says what holds it\.$/);
});

const DISRUPTIONS: readonly (readonly [reason: string, says: RegExp])[] = [
  ["PreemptionByScheduler", /make room for a pod of higher priority\.$/],
  ["EvictionByEvictionAPI", /somebody evicted it, as by draining its node\.$/],
  ["DeletionByTaintManager", /a taint that it does not tolerate\.$/],
  ["DeletionByPodGC", /its node is gone\.$/],
];
for (const [reason, says] of DISRUPTIONS) {
  Deno.test(`a pod that was taken away: ${reason}`, () => {
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason,
      message: "its words",
      lastTransitionTime: ago(50),
    };
    const taken = pod({
      status: { phase: "Failed", conditions: [condition] },
      metadata: { deletionTimestamp: ago(10) },
    });
    const found = only(podPreempted, { pods: [taken], events: [event("Preempted", "Preempted by pod x")] });
    assert.match(found.cause, says);
    assert.deepEqual(quotes(found), [
      `status of pod lab/dev-0 at ${ago(50)}: ${reason}: its words`,
      `event of pod lab/dev-0 at ${ago(30)}: Preempted: Preempted by pod x (×4)`,
    ]);
    // What came in its place runs.
    assert.deepEqual(podPreempted.find(factsOf({ pods: [taken, pod({ name: "dev-1" })] })), []);
  });
}

for (const rule of [nodeNotReady, nodePressure, podEvicted, podPreempted, podStuckTerminating] as Rule[]) {
  Deno.test(`${rule.id} is silent where all is well and where nothing was read`, () => {
    assert.deepEqual(
      rule.find(factsOf({ pods: [pod()], events: [], nodes: [node(["Ready", "True", "", ""])] })),
      [],
    );
    assert.deepEqual(rule.find(unreadFacts(rule)), []);
  });
}
