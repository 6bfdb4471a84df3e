import assert from "node:assert/strict";
import { schedulingWords, unplacedPods } from "./scheduling.ts";
import { ago, event, factsOf, pod, unplaced } from "./testing.ts";

/** Words of several versions of the scheduler, with what they mean. */
const WORDS: readonly (readonly [message: string, nodes: number | undefined, reasons: readonly string[]])[] =
  [
    [
      "0/3 nodes are available: 1 Insufficient memory, 2 Insufficient cpu. preemption: 0/3 nodes are available: 3 No " +
      "preemption victims found for incoming pod.",
      3,
      ["1 resources memory", "2 resources cpu"],
    ],
    [
      "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 Insufficient " +
      "nvidia.com/gpu. no new claims to deallocate, preemption: 0/4 nodes are available: 1 Preemption is not helpful for " +
      "scheduling, 3 No preemption victims found for incoming pod.",
      4,
      ["1 taint node-role.kubernetes.io/control-plane:", "3 resources nvidia.com/gpu"],
    ],
    [
      "0/3 nodes are available: 1 node(s) had taint {node-role.kubernetes.io/master: }, that the pod didn't tolerate, 2 " +
      "node(s) had volume node affinity conflict.",
      3,
      ["1 taint node-role.kubernetes.io/master:", "2 volume "],
    ],
    [
      "0/2 nodes are available: 1 node(s) didn't match node selector, 1 node(s) were unschedulable.",
      2,
      ["1 affinity ", "1 cordoned "],
    ],
    [
      "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes are available: " +
      "2 Preemption is not helpful for scheduling.",
      2,
      ["2 affinity "],
    ],
    [
      "0/5 nodes are available: 2 node(s) didn't match pod anti-affinity rules, 2 node(s) didn't match pod topology spread " +
      "constraints, 1 node(s) didn't have free ports for the requested pod ports.",
      5,
      ["2 spread ", "2 spread ", "1 ports "],
    ],
    [
      '0/1 nodes are available: persistentvolumeclaim "home" not found. preemption: 0/1 nodes are available: 1 Preemption ' +
      "is not helpful for scheduling.",
      1,
      ["0 volume "],
    ],
    ["0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.", 1, ["0 volume "]],
    ["0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity.", 1, ["1 volume "]],
    ["0/1 nodes are available: 1 Too many pods.", 1, ["1 resources pods"]],
    [
      "0/2 nodes are available: 2 node(s) had untolerated taint {node.kubernetes.io/unreachable: }.",
      2,
      ["2 away node.kubernetes.io/unreachable:"],
    ],
    ["no nodes available to schedule pods", 0, []],
    ["running PreBind plugin: something odd", undefined, ["0 other "]],
    ["", undefined, []],
  ];
for (const [message, nodes, reasons] of WORDS) {
  Deno.test(`the scheduler's words are taken apart: ${message.slice(0, 90)}`, () => {
    const read = schedulingWords(message);
    const told = read.reasons.map(({ count, obstacle, name }) => `${count} ${obstacle} ${name}`);
    assert.deepEqual([read.nodes, told], [nodes, reasons]);
  });
}

Deno.test("pods of one owner that hear the same are told once, and others apart", () => {
  const owned = (name: string, owner: string, words: string) =>
    unplaced(words, {
      name,
      metadata: {
        ownerReferences: [{
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: owner,
          uid: "1",
          controller: true,
        }],
      },
    });
  const words = "0/1 nodes are available: 1 Insufficient cpu.";
  const pods = [owned("a-0", "a", words), owned("a-1", "a", words), owned("b-0", "b", words)];
  const groups = unplacedPods(factsOf({ pods, events: [] }));
  assert.deepEqual(groups.map((group) => group.map((one) => one.pod.name)), [["a-0", "a-1"], ["b-0"]]);
});

Deno.test("the status is quoted with its time, and the event where it says something else", () => {
  const words = "0/1 nodes are available: 1 Insufficient cpu.";
  const facts = (message: string) =>
    factsOf({ pods: [unplaced(words)], events: [event("FailedScheduling", message)] });
  assert.deepEqual(unplacedPods(facts(words))[0]![0].evidence.map(({ source }) => source), [
    "event of pod lab/dev-0",
  ]);
  assert.deepEqual(
    unplacedPods(facts("0/2 nodes are available."))[0]![0].evidence.map(({ source, at }) => [source, at]),
    [
      ["status of pod lab/dev-0", ago(300)],
      ["event of pod lab/dev-0", ago(30)],
    ],
  );
});

Deno.test("pods that have a node, are held by a gate, or are told nothing are not among them", () => {
  const gated = unplaced("Scheduling is blocked due to non-empty scheduling gates");
  gated.status!.conditions![0]!.reason = "SchedulingGated";
  assert.deepEqual(unplacedPods(factsOf({ pods: [pod(), gated, unplaced("")], events: [] })), []);
});
