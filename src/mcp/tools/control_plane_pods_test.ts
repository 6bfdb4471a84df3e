import assert from "node:assert/strict";
import type { Pod } from "../../api/kubernetes/types.ts";
import { standardLabels } from "../../../tests/mcp/operator_words.ts";
import { toolRig } from "../testing.ts";
import { listControlPlanePods, podLabels } from "./control_plane_pods.ts";
import { platformCluster } from "./platform_testing.ts";

const control = {
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { namespace: "lab", name: "main", uid: "1" },
};
const pod = (name: string, more: Partial<Pod> = {}, of = "main"): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace: "lab", name, labels: podLabels(of) },
  spec: { nodeName: "n1", containers: [{ name: "coder" }, { name: "side" }] },
  ...more,
});
const running = {
  phase: "Running",
  startTime: "2026-01-01T00:00:00Z",
  containerStatuses: [
    { name: "coder", ready: true, restartCount: 2, image: "", imageID: "" },
    { name: "side", ready: false, restartCount: 1, image: "", imageID: "" },
  ],
};
const args = { namespace: "lab", name: "main" };

Deno.test("the labels are those that the operator gives to pods", () => {
  assert.deepEqual(podLabels("main"), standardLabels("coder-control-plane", "main"));
});

Deno.test("a control plane's own pods are listed by name, with how many containers are ready", async () => {
  const cluster = platformCluster({
    objects: [control, pod("b", { status: running }), pod("a"), pod("other", {}, "second")],
  });
  const { output } = await toolRig({ cluster }).run(listControlPlanePods, args);
  assert.deepEqual(JSON.parse(JSON.stringify(output)), {
    items: [
      {
        name: "a",
        namespace: "lab",
        phase: "",
        nodeName: "n1",
        readyContainers: 0,
        totalContainers: 2,
        restarts: 0,
      },
      {
        name: "b",
        namespace: "lab",
        phase: "Running",
        nodeName: "n1",
        readyContainers: 1,
        totalContainers: 2,
        restarts: 3,
        startTime: "2026-01-01T00:00:00Z",
      },
    ],
  });
});

Deno.test("why a pod does not run is told in a word", async () => {
  const status = (name: string, state: object) => ({
    name,
    ready: false,
    restartCount: 4,
    image: "",
    imageID: "",
    state,
  });
  const objects = [
    control,
    pod("crashes", {
      status: {
        phase: "Running",
        containerStatuses: [status("coder", { waiting: { reason: "CrashLoopBackOff" } })],
      },
    }),
    pod("ended", {
      status: {
        phase: "Running",
        containerStatuses: [status("coder", { terminated: { exitCode: 137, reason: "OOMKilled" } })],
      },
    }),
    pod("evicted", { status: { phase: "Failed", reason: "Evicted" } }),
    pod("goes", {
      metadata: {
        namespace: "lab",
        name: "goes",
        labels: podLabels("main"),
        deletionTimestamp: "2026-01-01T00:00:00Z",
      },
      status: { phase: "Running" },
    }),
    pod("initial", {
      status: {
        phase: "Pending",
        initContainerStatuses: [status("init", { terminated: { exitCode: 0, reason: "Completed" } })],
        containerStatuses: [status("coder", { waiting: { reason: "PodInitializing" } })],
      },
    }),
  ];
  const { output } = await toolRig({ cluster: platformCluster({ objects }) }).run(listControlPlanePods, args);
  const items = output["items"] as { name: string; phase: string; reason?: string }[];
  assert.deepEqual(items.map(({ name, phase, reason }) => [name, phase, reason]), [
    ["crashes", "Running", "CrashLoopBackOff"],
    ["ended", "Running", "OOMKilled"],
    ["evicted", "Failed", "Evicted"],
    ["goes", "Terminating", undefined],
    ["initial", "Pending", undefined],
  ]);
});

Deno.test("pods of a control plane that is not there are an error, not an empty list", async () => {
  const cluster = platformCluster({ objects: [pod("stray", {}, "gone")] });
  const error = await toolRig({ cluster }).refuses(listControlPlanePods, { namespace: "lab", name: "gone" });
  assert.deepEqual([error.code, error.message], [
    "not_found",
    'list control plane pods for lab/gone: codercontrolplanes.coder.com "gone" not found',
  ]);
});

Deno.test("pods come in pages of at most 500, 100 without a limit, and say that there are more", async () => {
  const pods = Array.from({ length: 620 }, (_, index) => pod(`p${String(index).padStart(3, "0")}`));
  const rig = toolRig({ cluster: platformCluster({ objects: [control, ...pods] }) });
  const page = async (more: object) =>
    (await rig.run(listControlPlanePods, { ...args, ...more })).output as unknown as {
      items: { name: string }[];
      truncated?: boolean;
      nextCursor?: string;
      total?: number;
    };
  const first = await page({});
  assert.deepEqual([first.items.length, first.truncated, first.total], [100, true, 620]);
  assert.equal((await page({ limit: 0 })).items.length, 100);
  assert.equal((await page({ limit: -3 })).items.length, 100);
  assert.ok((await page({ limit: 501 })).items.length <= 500);
  const next = await page({ cursor: first.nextCursor, limit: 1 });
  assert.deepEqual(next.items.map(({ name }) => name), ["p100"]);
});

Deno.test("a namespace and a name are needed, in the Go server's words", async () => {
  const rig = toolRig({ cluster: platformCluster() });
  for (const [field, empty] of [["namespace", { namespace: "" }], ["name", { name: "" }]] as const) {
    const error = await rig.refuses(listControlPlanePods, { ...args, ...empty });
    assert.equal(error.message, `${field} is required`);
  }
});
