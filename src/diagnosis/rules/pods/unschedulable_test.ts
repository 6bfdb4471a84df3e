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
  unplaced,
  unreadFacts,
} from "../../pods/testing.ts";
import type { Rule } from "../../types.ts";
import { claimMissing } from "./claim_missing.ts";
import { noNodes } from "./no_nodes.ts";
import { podNotScheduled } from "./pod_not_scheduled.ts";
import { unschedulableAffinity } from "./unschedulable_affinity.ts";
import { unschedulablePods } from "./unschedulable_pods.ts";
import { unschedulableResources } from "./unschedulable_resources.ts";
import { unschedulableTaint } from "./unschedulable_taint.ts";
import { unschedulableVolume } from "./unschedulable_volume.ts";

const RULES = [
  noNodes,
  unschedulableAffinity,
  unschedulablePods,
  unschedulableResources,
  unschedulableTaint,
  unschedulableVolume,
];

const node = (name: string, allocatable: Record<string, string>, more: Partial<Node> = {}): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { "kubernetes.io/arch": "amd64", pool: "general" } },
  status: { allocatable },
  ...more,
});
const NODES = [node("node-1", { cpu: "8", memory: "32Gi" }), node("node-2", { cpu: "4", memory: "16Gi" })];
const asks = (requests: Record<string, string>) => ({ container: { resources: { requests } } });
const ids = (message: string) =>
  RULES.filter(({ find }) =>
    find(factsOf({ pods: [unplaced(message)], events: [], nodes: NODES })).length > 0
  )
    .map(({ id }) => id);

Deno.test("each obstacle has its own rule", () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ["2 Insufficient cpu.", ["unschedulable-resources"]],
    ["2 node(s) had untolerated taint {gpu: true}.", ["unschedulable-taint"]],
    ["2 node(s) didn't match Pod's node affinity/selector.", ["unschedulable-affinity"]],
    ["2 node(s) had volume node affinity conflict.", ["unschedulable-volume"]],
    ["2 node(s) didn't match pod anti-affinity rules.", ["unschedulable-pods"]],
    ["2 node(s) were unschedulable.", ["no-nodes"]],
    ["2 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.", ["no-nodes"]],
    ["1 node(s) were unschedulable, 1 Insufficient memory.", ["unschedulable-resources"]],
    [
      "1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 1 Insufficient cpu.",
      ["unschedulable-resources"],
    ],
    [
      "1 node(s) had untolerated taint {gpu: true}, 1 Insufficient cpu.",
      ["unschedulable-resources", "unschedulable-taint"],
    ],
  ];
  for (const [words, expected] of table) assert.deepEqual(ids(`0/2 nodes are available: ${words}`), expected);
});

Deno.test("more than any node can give: what is asked and what the largest has", () => {
  const pods = [unplaced("0/2 nodes are available: 2 Insufficient cpu.", asks({ cpu: "64" }))];
  const found = only(unschedulableResources, { pods, events: [], nodes: NODES });
  assert.equal(
    found.cause,
    "No node has room for pod lab/dev-0: it asks for 64 cpu, and no node has more than 8.",
  );
  assert.deepEqual(quotes(found), [
    `status of pod lab/dev-0 at ${ago(300)}: Unschedulable: 0/2 nodes are available: 2 Insufficient cpu.`,
    "node node-1: allocatable cpu: 8, the most of 2 nodes",
  ]);
  assert.deepEqual(commands(found), [
    "kubectl get nodes -o custom-columns=NAME:.metadata.name,CPU:.status.allocatable.cpu",
    "kubectl -n lab describe pod dev-0",
  ]);
});

Deno.test("what would fit on an empty node is in use by others", () => {
  const pods = [unplaced("0/2 nodes are available: 2 Insufficient memory.", asks({ memory: "12Gi" }))];
  const found = only(unschedulableResources, { pods, events: [], nodes: NODES });
  assert.equal(
    found.cause,
    "No node has room for pod lab/dev-0: it asks for 12Gi memory; a node has 32Gi at most, and other pods use too much of it.",
  );
  assert.match(found.next[1]!.text, /^Or make room/);
});

Deno.test("things that no node has, places for pods, and nodes that were not read", () => {
  const gpu = unplaced(
    "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.",
    asks({ "nvidia.com/gpu": "1" }),
  );
  const found = only(unschedulableResources, { pods: [gpu], events: [], nodes: NODES });
  assert.match(found.cause, /it asks for 1 nvidia\.com\/gpu, which no node has\.$/);
  assert.match(commands(found)[0]!, /GPU:\.status\.allocatable\.'nvidia\\\.com\/gpu'$/);
  const many = unplaced("0/2 nodes are available: 2 Too many pods.");
  assert.match(
    only(unschedulableResources, { pods: [many], events: [] }).cause,
    /it asks for a place among a node's pods\.$/,
  );
  const both = unplaced(
    "0/2 nodes are available: 1 Insufficient cpu, 2 Insufficient memory.",
    asks({ cpu: "9" }),
  );
  assert.match(
    only(unschedulableResources, { pods: [both], events: [], nodes: NODES }).cause,
    /9 cpu, and no node has more than 8, and for memory; a node has 32Gi/,
  );
});

Deno.test("what a few hundred nodes have says nothing of those that were not read", () => {
  const many = Array.from({ length: 500 }, (_, index) => node(`node-${index}`, { cpu: "8" }));
  const cpu = [unplaced("0/900 nodes are available: 900 Insufficient cpu.", asks({ cpu: "64" }))];
  const found = only(unschedulableResources, { pods: cpu, events: [], nodes: many });
  assert.match(found.cause, /it asks for 64 cpu\.$/);
  assert.equal(quotes(found).length, 1);
  const words = "0/900 nodes are available: 900 node(s) didn't match Pod's node affinity/selector.";
  const labelled = [unplaced(words, { spec: { nodeSelector: { pool: "gpu" } } })];
  assert.match(
    only(unschedulableAffinity, { pods: labelled, events: [], nodes: many }).cause,
    /has all the labels that it wants: pool=gpu\.$/,
  );
});

Deno.test("what is no name of a resource is no part of a command", () => {
  const pods = [unplaced("0/1 nodes are available: 1 Insufficient $(reboot).")];
  const found = only(unschedulableResources, { pods, events: [], nodes: NODES });
  assert.equal(commands(found)[0], "kubectl get nodes -o custom-columns=NAME:.metadata.name");
});

Deno.test("a taint is named with the toleration that is missing", () => {
  const tainted = [
    node("gpu-1", {}, { spec: { taints: [{ key: "dedicated", value: "gpu", effect: "NoExecute" }] } }),
    ...NODES,
  ];
  const pods = [unplaced("0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: gpu}.")];
  const found = only(unschedulableTaint, { pods, events: [], nodes: tainted });
  assert.equal(
    found.cause,
    "3 of 3 nodes keep pod lab/dev-0 away: it has no toleration for the taint dedicated=gpu:NoExecute.",
  );
  assert.match(found.next[0]!.text, /add \{key: dedicated, value: gpu, effect: NoExecute\}/);
  const plain = [unplaced("0/1 nodes are available: 1 node(s) had untolerated taint {spot: }.")];
  const unknown = only(unschedulableTaint, { pods: plain, events: [] });
  assert.equal(
    unknown.cause,
    "1 of 1 node keeps pod lab/dev-0 away: it has no toleration for the taint spot.",
  );
  assert.match(unknown.next[0]!.text, /\{key: spot, operator: Exists, effect: NoSchedule\}/);
});

Deno.test("taints of the control plane count only where there is nothing else", () => {
  const words = "1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }.";
  assert.deepEqual(ids(`0/1 nodes are available: ${words}`), ["unschedulable-taint"]);
});

Deno.test("the label that no node has is named, with what nodes have instead", () => {
  const words = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.";
  const pods = [unplaced(words, { spec: { nodeSelector: { pool: "gpu", "kubernetes.io/arch": "amd64" } } })];
  const found = only(unschedulableAffinity, { pods, events: [], nodes: NODES });
  assert.equal(found.cause, "No node has the label that pod lab/dev-0 wants: pool=gpu.");
  assert.deepEqual(quotes(found).at(-1), "labels of nodes: pool is general");
  const unread = only(unschedulableAffinity, { pods, events: [] });
  assert.match(
    unread.cause,
    /^No node that is free for pod lab\/dev-0 has all the labels that it wants: pool=gpu, /,
  );
});

Deno.test("node affinity is read as a selector is", () => {
  const words = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.";
  const affinity = (...matchExpressions: object[]) => ({
    spec: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
        },
      },
    } as never,
  });
  const said = (...expressions: object[]) =>
    only(unschedulableAffinity, {
      pods: [unplaced(words, affinity(...expressions))],
      events: [],
      nodes: NODES,
    });
  const zone = { key: "zone", operator: "In", values: ["a", "b"] };
  assert.match(said(zone).cause, /wants: zone in \(a, b\)\.$/);
  assert.equal(quotes(said(zone)).at(-1), "labels of nodes: none of 2 has the label zone");
  assert.match(said({ key: "gpu", operator: "Exists" }).cause, /wants: gpu\.$/);
  assert.match(
    said({ key: "pool", operator: "In", values: ["general"] }).cause,
    /has all the labels that it wants: pool=general/,
  );
  assert.match(said({ key: "x", operator: "NotIn", values: ["y"] }).cause, /matches its node affinity\.$/);
});

const VOLUMES: readonly (readonly [string, RegExp])[] = [
  [
    "2 node(s) had volume node affinity conflict.",
    /its volume claim home can only be used in a zone or on a node that/,
  ],
  ["2 node(s) didn't match PersistentVolume's node affinity.", /can only be used in a zone/],
  ["pod has unbound immediate PersistentVolumeClaims.", /its volume claim home has no volume yet\.$/],
  ["2 node(s) exceed max volume count.", /the nodes hold as many volumes as they can\.$/],
  [
    "2 node(s) didn't find available persistent volumes to bind.",
    /there is no volume that fits its volume claim home\.$/,
  ],
  ["2 node(s) had a volume that is odd.", /its volume claim home cannot be used there\.$/],
];
const MOUNTS = { spec: { volumes: [{ name: "home", persistentVolumeClaim: { claimName: "home" } }] } };
for (const [words, says] of VOLUMES) {
  Deno.test(`a volume that keeps a pod from all nodes: ${words}`, () => {
    const pods = [unplaced(`0/2 nodes are available: ${words}`, MOUNTS)];
    const found = only(unschedulableVolume, { pods, events: [] });
    assert.match(found.cause, says);
    assert.equal(commands(found)[0], "kubectl -n lab describe pvc home");
  });
}

Deno.test("a claim that does not exist is told by its own rule", () => {
  const words = '0/2 nodes are available: persistentvolumeclaim "home" not found.';
  const values = { pods: [unplaced(words, MOUNTS)], events: [event("FailedScheduling", words)] };
  assert.deepEqual(unschedulableVolume.find(factsOf(values)), []);
  const found = only(claimMissing, values);
  assert.equal(found.cause, "The volume claim lab/home, which pod lab/dev-0 mounts, does not exist.");
  assert.match(quotes(found)[0]!, /^event of pod lab\/dev-0 at .*FailedScheduling/);
  // Also where only the look for claims tells.
  const looked = only(claimMissing, { pods: [pod(MOUNTS)], events: [], missingClaims: ["home", "others"] });
  assert.deepEqual(quotes(looked), ["volume claims in lab at 2026-11-22T08:00:00Z: no claim home"]);
  assert.deepEqual(claimMissing.find(factsOf({ pods: [pod(MOUNTS)], missingClaims: [] })), []);
});

Deno.test("a cluster without nodes, with cordoned ones, with ones that are away", () => {
  const said = (message: string, nodes = NODES) =>
    only(noNodes, { pods: [unplaced(message)], events: [], nodes });
  assert.equal(
    said("no nodes available to schedule pods").cause,
    "The cluster has no node for pod lab/dev-0.",
  );
  const cordoned = node("node-1", {}, { spec: { unschedulable: true } });
  const found = said(
    "0/2 nodes are available: 1 node(s) were unschedulable, 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }.",
    [cordoned],
  );
  assert.equal(found.cause, "All nodes that could take pod lab/dev-0 are cordoned.");
  assert.deepEqual(commands(found), [
    "kubectl uncordon node-1",
    "kubectl get nodes",
    "kubectl -n lab describe pod dev-0",
  ]);
  assert.equal(quotes(found).at(-1), "nodes: cordoned: node-1");
  const away = said(
    "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.",
  );
  assert.equal(
    away.cause,
    "All nodes that could take pod lab/dev-0 are not ready, under pressure or cordoned.",
  );
});

Deno.test("rules about other pods and ports are said", () => {
  const said = (words: string) =>
    only(unschedulablePods, { pods: [unplaced(`0/2 nodes are available: ${words}`)], events: [] }).cause;
  assert.match(
    said("2 node(s) didn't have free ports for the requested pod ports."),
    /its host port is taken on every node/,
  );
  assert.match(said("2 node(s) didn't match pod topology spread constraints."), /its rules about other pods/);
  assert.match(said("2 node(s) did something odd."), /: node\(s\) did something odd\.$/);
});

Deno.test("a pod that no scheduler has looked at, or that a gate holds", () => {
  const bare = unplaced("");
  bare.status!.conditions = [];
  assert.equal(
    only(podNotScheduled, { pods: [bare] }).cause,
    "No scheduler has looked at pod lab/dev-0 yet: the one that it names may not run.",
  );
  const gated = unplaced("Scheduling is blocked due to non-empty scheduling gates");
  gated.status!.conditions![0]!.reason = "SchedulingGated";
  const found = only(podNotScheduled, { pods: [gated] });
  assert.deepEqual([found.cause, found.confidence], [
    "Pod lab/dev-0 waits until its scheduling gates are removed.",
    "certain",
  ]);
  const young = unplaced("", { metadata: { creationTimestamp: ago(8) } });
  young.status!.conditions = [];
  assert.deepEqual(podNotScheduled.find(factsOf({ pods: [young] })), []);
});

for (const rule of [...RULES, claimMissing, podNotScheduled] as Rule[]) {
  Deno.test(`${rule.id} is silent where all is well and where nothing was read`, () => {
    assert.deepEqual(rule.find(factsOf({ pods: [pod()], events: [], nodes: NODES })), []);
    assert.deepEqual(rule.find(unreadFacts(rule)), []);
  });
}
