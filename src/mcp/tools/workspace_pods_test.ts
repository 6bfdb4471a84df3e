import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { toolRig } from "../testing.ts";
import { memoryCluster, type MemoryWorld, refusal } from "./kubernetes_testing.ts";
import { listWorkspacePods } from "./workspace_pods.ts";

const ID = "0f8fad5b-d9cb-469f-a165-70867728950e";
const KEY = { namespace: "lab", name: "acme.ann.dev" };
const workspace = (more: object = {}) => ({
  apiVersion: "aggregation.coder.com/v1alpha1",
  kind: "CoderWorkspace",
  metadata: KEY,
  status: { id: ID },
  ...more,
});
const plane = (...workspaceNamespaces: string[]) => ({
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { namespace: "lab", name: "coder" },
  spec: { rbac: { workspaceNamespaces } },
});
const pod = (namespace: string, name: string, labels: Record<string, string>, more: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace, name, labels },
  spec: { nodeName: "node-0", containers: [{ name: "dev" }, { name: "side", image: "x:1" }] },
  status: {
    phase: "Running",
    startTime: "2026-01-01T00:00:00Z",
    containerStatuses: [
      { name: "dev", ready: true, restartCount: 2, state: { running: {} } },
      { name: "side", ready: false, restartCount: 1, state: { waiting: { reason: "ErrImagePull" } } },
    ],
  },
  ...more,
});
const OURS = { "com.coder.workspace.id": ID };

const list = async (
  objects: readonly KubeObject[],
  more: Omit<MemoryWorld, "objects"> = {},
  args: object = {},
) => {
  const cluster = memoryCluster({ objects, ...more });
  const { output } = await toolRig({ cluster }).run(listWorkspacePods, { ...KEY, ...args });
  return {
    asked: cluster.asked.filter((what) => what.startsWith("list pods")),
    items: output["items"] as Record<string, unknown>[],
    warnings: (output["warnings"] ?? []) as string[],
    output,
  };
};

Deno.test("pods are found in every namespace that the control plane uses", async () => {
  const { items, asked, warnings } = await list([
    workspace(),
    plane("space", "lab"),
    pod("lab", "b", OURS),
    pod("space", "a", OURS, {
      metadata: { namespace: "space", name: "a", labels: OURS, deletionTimestamp: "x" },
    }),
    pod("space", "other", { "com.coder.workspace.id": "another" }),
  ]);
  assert.deepEqual(items.map(({ namespace, name, phase }) => `${namespace}/${name} ${phase}`), [
    "lab/b Running",
    "space/a Terminating",
  ]);
  assert.deepEqual(items[0], {
    name: "b",
    namespace: "lab",
    phase: "Running",
    ready: "1/2",
    restarts: 3,
    node: "node-0",
    startTime: "2026-01-01T00:00:00Z",
    problem: "container side: Its image x:1 cannot be pulled.",
  });
  assert.deepEqual(asked, [
    `list pods lab com.coder.workspace.id=${ID}`,
    `list pods space com.coder.workspace.id=${ID}`,
  ]);
  assert.deepEqual(warnings, []);
});

Deno.test("templates that set only Kubernetes' own labels are found by those", async () => {
  const labels = { "app.kubernetes.io/instance": `coder-workspace-${ID}` };
  assert.equal((await list([workspace(), pod("lab", "a", labels)])).items.length, 1);
});

Deno.test("a pod in a namespace that nobody named is found by those who may list all", async () => {
  const { items } = await list([workspace(), plane(), pod("far", "a", OURS)]);
  assert.deepEqual(items.map(({ namespace }) => namespace), ["far"]);
});

Deno.test("where no pod carries the labels, the answer says where was looked, for what, and why that may be", async () => {
  const { items, warnings } = await list([workspace(), plane("space"), pod("lab", "a", {})], {
    refuse: (what) => what.startsWith("list pods *") ? refusal(403, "Forbidden") : undefined,
  });
  assert.deepEqual(items, []);
  assert.deepEqual(warnings, [
    `No pod carries the label com.coder.workspace.id=${ID} in the namespaces lab, space, nor in others that you may list: the workspace has stopped, runs elsewhere, or its template sets no such label.`,
  ]);
});

Deno.test("a namespace that may not be read is named, and the others are listed", async () => {
  const { items, warnings } = await list([workspace(), plane("space"), pod("lab", "a", OURS)], {
    refuse: (what) => what.startsWith("list pods space") ? refusal(403, "Forbidden", "not yours") : undefined,
  });
  assert.deepEqual([items.length, warnings], [1, ["Pods in space: not yours"]]);
  const away = await list([workspace(), pod("lab", "a", OURS)], {
    refuse: (what) =>
      what.startsWith("list codercontrolplanes") ? refusal(500, "InternalError", "away") : undefined,
  });
  assert.deepEqual([away.items.length, away.warnings], [1, ["Namespaces of workspaces are not known: away"]]);
  const broken = await list([workspace()], {
    refuse: (what) => what.startsWith("list pods *") ? refusal(500, "InternalError", "away") : undefined,
  });
  assert.equal(broken.warnings[0], "Pods of all namespaces: away");
});

Deno.test("pods come in pages", async () => {
  const pods = ["a", "b", "c"].map((name) => pod("lab", name, OURS, { spec: {}, status: {} }));
  const first = await list([workspace(), ...pods], {}, { limit: 2 });
  assert.deepEqual([first.items.map(({ name }) => name), first.output["total"]], [["a", "b"], 3]);
  assert.deepEqual([first.items[0]!["ready"], first.items[0]!["phase"]], ["0/0", "Unknown"]);
  const next = await list([workspace(), ...pods], {}, { limit: 2, cursor: first.output["nextCursor"] });
  assert.deepEqual(next.items.map(({ name }) => name), ["c"]);
});

Deno.test("only an id becomes a selector", async () => {
  const cluster = memoryCluster({ objects: [workspace({ status: { id: "x,y=z" } })] });
  const error = await toolRig({ cluster }).refuses(listWorkspacePods, KEY);
  assert.deepEqual([error.code, cluster.asked.length], ["unavailable", 1]);
  const missing = await toolRig({ cluster: memoryCluster({}) }).refuses(listWorkspacePods, KEY);
  assert.match(missing.message, /^get CoderWorkspace lab\/acme\.ann\.dev: /);
});
