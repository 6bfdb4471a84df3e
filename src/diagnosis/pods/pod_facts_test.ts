import assert from "node:assert/strict";
import type { Pod } from "../../api/kubernetes/types.ts";
import { eventsOfPod, foldedBy, named, podFacts, podNames, unwellContainers } from "./pod_facts.ts";
import { podView } from "./pod_view.ts";
import { ago, event, factsOf, looping, pod, unreadFacts, waiting } from "./testing.ts";
import { crashLoop } from "../rules/pods/crash_loop.ts";

const of = (name: string, set: string, seconds: number) => ({
  name,
  metadata: {
    creationTimestamp: ago(seconds),
    ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: set, uid: set, controller: true }],
  },
});
const current = (...pods: Pod[]) => podFacts(factsOf({ pods })).current.map(({ name }) => name);

Deno.test("a pod that a newer, healthy one of its Deployment replaces is of no interest", () => {
  const old = looping({ exitCode: 1 }, of("dev-7f-a", "dev-7f", 900));
  assert.deepEqual(current(old, pod(of("dev-8a-b", "dev-8a", 60))), ["dev-8a-b"]);
  // The newer one is not well itself: both matter.
  const broken = waiting("ErrImagePull", "", of("dev-8a-b", "dev-8a", 60));
  assert.deepEqual(current(old, broken), ["dev-7f-a", "dev-8a-b"]);
  // A rollout that is stuck: the old one is well, the new one is not.
  assert.deepEqual(current(pod(of("dev-7f-a", "dev-7f", 900)), broken), ["dev-7f-a", "dev-8a-b"]);
});

Deno.test("one of several replicas that is not well is of interest, though others are", () => {
  const broken = looping({ exitCode: 1 }, of("dev-7f-a", "dev-7f", 900));
  assert.deepEqual(current(broken, pod(of("dev-7f-b", "dev-7f", 60))), ["dev-7f-a", "dev-7f-b"]);
});

Deno.test("another Deployment's pods replace nothing", () => {
  const broken = looping({ exitCode: 1 }, of("dev-7f-a", "dev-7f", 900));
  assert.deepEqual(current(broken, pod(of("web-8a-b", "web-8a", 60))), ["dev-7f-a", "web-8a-b"]);
  const bare = looping({ exitCode: 1 }, { name: "a" });
  assert.deepEqual(current(bare, pod({ name: "b", metadata: { creationTimestamp: ago(1) } })), ["a", "b"]);
});

Deno.test("pods that are done or on their way out are not current", () => {
  const done = pod({ name: "done", status: { phase: "Succeeded" } });
  const leaving = pod({ name: "leaving", metadata: { deletionTimestamp: ago(1) } });
  assert.deepEqual(current(done, leaving, pod()), ["dev-0"]);
  assert.equal(podFacts(factsOf({ pods: [done, leaving] })).all.length, 2);
});

Deno.test("pods that were not read are none, and facts are read once", () => {
  const facts = unreadFacts(crashLoop);
  assert.deepEqual(podFacts(facts).all, []);
  assert.equal(podFacts(facts), podFacts(facts));
});

Deno.test("events of a pod are its own alone", () => {
  const events = [
    event("A", "its own"),
    event("B", "of an earlier pod of that name", {
      involvedObject: { kind: "Pod", namespace: "lab", name: "dev-0", uid: "old" },
    }),
    event("C", "from before it was made", {
      lastTimestamp: ago(3_600),
      involvedObject: { kind: "Pod", namespace: "lab", name: "dev-0" },
    }),
    event("D", "of its namesake", { kind: "Node" }),
    event("E", "of a pod elsewhere", { involvedObject: { kind: "Pod", namespace: "far", name: "dev-0" } }),
  ];
  const read = podFacts(factsOf({ pods: [pod()], events }));
  assert.deepEqual(eventsOfPod(read, read.all[0]!).map(({ reason }) => reason), ["A"]);
});

Deno.test("containers that do what they are for are not among those that do not", () => {
  const names = (one: Pod) =>
    unwellContainers(podFacts(factsOf({ pods: [one] }))).map(({ container }) => container.name);
  assert.deepEqual(names(pod()), []);
  assert.deepEqual(names(pod({ dev: { ready: false } })), ["dev"]);
  assert.deepEqual(names(waiting("ContainerCreating", "")), ["dev"]);
  const init = (state: object) =>
    pod({
      spec: { initContainers: [{ name: "clone" }] },
      status: {
        initContainerStatuses: [{
          name: "clone",
          image: "",
          imageID: "",
          ready: false,
          restartCount: 0,
          state,
        }],
      },
    });
  assert.deepEqual(names(init({ terminated: { exitCode: 0 } })), []);
  assert.deepEqual(names(init({ running: {} })), []);
  assert.deepEqual(names(init({ terminated: { exitCode: 1 } })), ["clone"]);
});

Deno.test("names are told, and not too many of them", () => {
  const pods = ["a", "b", "c", "d"].map((name) => podView(pod({ name })));
  assert.equal(podNames(pods.slice(0, 1)), "pod lab/a");
  assert.equal(podNames(pods.slice(0, 2)), "pods lab/a and lab/b");
  assert.equal(podNames(pods.slice(0, 3)), "pods lab/a, lab/b and lab/c");
  assert.equal(podNames(pods), "pods lab/a, lab/b, lab/c and 1 more");
  assert.equal(podNames([pods[0]!, pods[0]!]), "pod lab/a");
  assert.equal(named("taint", []), "taint ");
});

Deno.test("what has one key is one group, in the order in which it came", () => {
  assert.deepEqual(foldedBy([3, 1, 4, 6, 5], (n) => n % 2 === 0 ? "even" : "odd"), [[3, 1, 5], [4, 6]]);
});
