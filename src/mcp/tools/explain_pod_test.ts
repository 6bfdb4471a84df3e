import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { toolRig, unfenced } from "../testing.ts";
import { explainPod } from "./explain_pod.ts";
import { memoryCluster, type MemoryWorld, refusal } from "./kubernetes_testing.ts";

const KEY = { namespace: "lab", name: "dev" };
const pod = (more: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { ...KEY, uid: "u1" },
  spec: {
    nodeName: "node-0",
    containers: [{ name: "dev", image: "x", env: [{ name: "TOKEN", value: "planted" }] }],
    volumes: [{ name: "home", persistentVolumeClaim: { claimName: "dev-home" } }],
  },
  status: {
    phase: "Pending",
    containerStatuses: [{ name: "dev", state: { waiting: { reason: "ContainerCreating" } } }],
  },
  ...more,
});
const claim = (more: object = {}) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { namespace: "lab", name: "dev-home" },
  spec: { storageClassName: "fast" },
  status: { phase: "Pending" },
  ...more,
});
const event = (
  name: string,
  kind: string,
  of: string,
  reason: string,
  message: string,
  more: object = {},
) => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { namespace: "lab", name },
  involvedObject: { kind, name: of, uid: kind === "Pod" ? "u1" : "c1" },
  type: "Warning",
  reason,
  message,
  count: 2,
  lastTimestamp: "2026-01-01T00:00:00Z",
  ...more,
});
const explain = (objects: readonly KubeObject[], more: Omit<MemoryWorld, "objects"> = {}) =>
  toolRig({ cluster: memoryCluster({ objects, ...more }) }).run(explainPod, KEY);

Deno.test("a pod is explained by its status, its claims and its events", async () => {
  const { output, text } = await explain([
    pod(),
    claim(),
    event("a", "Pod", "dev", "FailedMount", "no\nvolume"),
    event("b", "Pod", "dev", "FailedMount", "no\nvolume", { lastTimestamp: "2026-01-02T00:00:00Z" }),
    event("c", "Pod", "dev", "Unhealthy", "earlier", { lastTimestamp: "2025-01-01T00:00:00Z" }),
    event("d", "Pod", "dev", "Scheduled", "fine", { type: "Normal" }),
    event("e", "Pod", "dev", "Killing", "of an earlier pod", {
      involvedObject: { kind: "Pod", name: "dev", uid: "u0" },
    }),
    event("f", "PersistentVolumeClaim", "dev-home", "ProvisioningFailed", "quota exceeded"),
  ]);
  assert.deepEqual(output, {
    phase: "Pending",
    ready: false,
    node: "node-0",
    summary:
      "container dev: It is not started yet: the node prepares volumes, network and image, or earlier containers run.",
    findings: [
      {
        about: "container dev",
        says:
          "It is not started yet: the node prepares volumes, network and image, or earlier containers run.",
        evidence: "ContainerCreating",
      },
      {
        about: "volume claim dev-home",
        says: "It is Pending, not bound to a volume (storage class fast).",
        evidence: "ProvisioningFailed: quota exceeded",
      },
    ],
    events: [
      { reason: "FailedMount", message: "no volume", count: 4, lastTimestamp: "2026-01-02T00:00:00Z" },
      { reason: "Unhealthy", message: "earlier", count: 2, lastTimestamp: "2025-01-01T00:00:00Z" },
    ],
  });
  assert.ok(!text.includes("planted"));
  assert.match(text, /dev-home: ProvisioningFailed: quota exceeded[^]*FailedMount \| no volume \| 4/);
  assert.doesNotMatch(unfenced(text), /quota exceeded|no volume/);
  assert.match(unfenced(text), /volume claim dev-home \| It is Pending/);
});

Deno.test("a claim that is missing, goes away or has no class is told", async () => {
  const says = async (...claims: KubeObject[]) => {
    const { output } = await explain([pod(), ...claims]);
    return (output["findings"] as { says: string }[])[1]?.says;
  };
  assert.match((await says())!, /does not exist/);
  assert.match((await says(claim({ spec: {} })))!, /storage class none, the default/);
  const going = { namespace: "lab", name: "dev-home", deletionTimestamp: "2026-01-01T00:00:00Z" };
  assert.equal(await says(claim({ metadata: going, status: { phase: "Bound" } })), "It is being deleted.");
  assert.equal(await says(claim({ status: { phase: "Bound" } })), undefined);
});

Deno.test("what may not be read is missing, and the answer says so", async () => {
  const { output } = await explain([pod()], {
    refuse: (what) => what.startsWith("get pods") ? undefined : refusal(403, "Forbidden", `no ${what}`),
  });
  assert.equal((output["findings"] as unknown[]).length, 1);
  assert.deepEqual((output["warnings"] as string[]).toSorted(), [
    "its events are missing: no list events lab involvedObject.name=dev,involvedObject.kind=Pod",
    "volume claim dev-home was not looked at: no get persistentvolumeclaims lab/dev-home",
  ]);
});

const WELL = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
const SUMMARIES: [name: string, more: object, summary: string][] = [
  ["is well", { status: WELL }, "It runs and is ready."],
  [
    "is well after trouble",
    {
      status: {
        ...WELL,
        containerStatuses: [{
          name: "dev",
          ready: true,
          restartCount: 1,
          state: { running: {} },
          lastState: { terminated: { exitCode: 1 } },
        }],
      },
    },
    "It runs and is ready, but: Before, it ended with exit code 1 (1 restart so far).",
  ],
  ["is done", { status: { phase: "Succeeded" } }, "It has done its work and ended well."],
  [
    "says nothing",
    { status: { phase: "Pending" } },
    "It is not ready, and nothing speaks of trouble: it may be starting.",
  ],
  [
    "has no node",
    { spec: {}, status: {} },
    "No scheduler has looked at it yet: is default-scheduler running?",
  ],
];
for (const [name, more, summary] of SUMMARIES) {
  Deno.test(`a pod that ${name} is summed up`, async () => {
    const plain = { spec: { nodeName: "node-0", containers: [{ name: "dev" }] }, ...more };
    assert.equal((await explain([pod(plain)])).output["summary"], summary);
  });
}

Deno.test("where only events speak, the summary says so", async () => {
  const plain = { spec: { nodeName: "node-0", containers: [{ name: "dev" }] }, status: {} };
  const { output } = await explain([
    pod(plain),
    event("a", "Pod", "dev", "Failed", "", { lastTimestamp: null }),
  ]);
  assert.equal(output["summary"], "It is not ready, and its status says nothing: see the events.");
  assert.deepEqual(output["events"], [{ reason: "Failed", message: "", count: 2 }]);
  assert.equal(output["phase"], "Unknown");
});

Deno.test("a pod that is not there is told", async () => {
  const error = await toolRig({ cluster: memoryCluster({}) }).refuses(explainPod, KEY);
  assert.equal(error.message, 'get pod lab/dev: pods "dev" not found');
});
