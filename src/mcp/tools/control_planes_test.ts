import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { KubeConnectionError } from "../../kube/errors.ts";
import { toolRig } from "../testing.ts";
import { getControlPlaneStatus, listControlPlanes } from "./control_planes.ts";
import { refusal } from "./kubernetes_testing.ts";
import { platformCluster, silentCluster } from "./platform_testing.ts";

const plane = (
  namespace: string,
  name: string,
  status: CoderControlPlane["status"] = { phase: "Ready", readyReplicas: 2, url: `http://${name}:80` },
  metadata: object = {},
): CoderControlPlane => ({
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { namespace, name, uid: `${namespace}-${name}`, generation: 1, ...metadata },
  spec: {},
  ...(status === undefined ? {} : { status }),
});
const many = (count: number) =>
  Array.from(
    { length: count },
    (_, index) => plane("lab", `c${String((index * 7) % count).padStart(4, "0")}`),
  );

interface Listed {
  readonly items: readonly { readonly name: string; readonly namespace: string }[];
  readonly nextCursor?: string;
  readonly total?: number;
  readonly warnings?: readonly string[];
}
const listed = async (rig: ReturnType<typeof toolRig>, args: Record<string, unknown> = {}) =>
  (await rig.run(listControlPlanes, args)).output as unknown as Listed;

Deno.test("control planes are listed by namespace and name, with the fields of the Go server", async () => {
  const cluster = platformCluster({
    objects: [plane("lab", "b"), plane("lab", "a", {}), plane("a", "z")],
  });
  const { output, text } = await toolRig({ cluster }).run(listControlPlanes);
  assert.deepEqual(output, {
    items: [
      { name: "z", namespace: "a", phase: "Ready", readyReplicas: 2, url: "http://z:80" },
      { name: "a", namespace: "lab", phase: "", readyReplicas: 0, url: "" },
      { name: "b", namespace: "lab", phase: "Ready", readyReplicas: 2, url: "http://b:80" },
    ],
  });
  assert.equal(
    text,
    [
      "namespace/name | phase | ready | url",
      "a/z | Ready | 2 | http://z:80",
      "lab/a | - | 0 | -",
      "lab/b | Ready | 2 | http://b:80",
    ].join("\n"),
  );
});

Deno.test("one namespace is asked for as one, and an empty name means all of them", async () => {
  const cluster = platformCluster({ objects: [plane("lab", "a"), plane("other", "b")] });
  const rig = toolRig({ cluster });
  assert.deepEqual((await listed(rig, { namespace: "lab" })).items.map(({ name }) => name), ["a"]);
  assert.equal((await listed(rig, { namespace: "" })).items.length, 2);
  assert.deepEqual(cluster.asked, [
    "list codercontrolplanes.coder.com lab",
    "list codercontrolplanes.coder.com *",
  ]);
  assert.equal(
    (await rig.run(listControlPlanes, { namespace: "none" })).text,
    "There are no control planes.",
  );
});

Deno.test("control planes come in pages, which together are all of them, once", async () => {
  const rig = toolRig({ cluster: platformCluster({ objects: many(250) }) });
  const seen: string[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 10; pages++) {
    const page = await listed(rig, cursor === undefined ? {} : { cursor });
    seen.push(...page.items.map(({ name }) => name));
    if ((cursor = page.nextCursor) === undefined) break;
    assert.equal(page.total, 250);
  }
  assert.deepEqual(seen, Array.from({ length: 250 }, (_, index) => `c${String(index).padStart(4, "0")}`));
  const { text } = await rig.run(listControlPlanes, { limit: 2 });
  assert.match(text, /\n2 of 250; nextCursor: \S+$/);
  assert.equal((await listed(rig, { limit: 10_000 })).items.length, 250);
});

Deno.test("a list of the same objects is made once, and anew where one has changed", async () => {
  const objects = many(3);
  const world = { objects };
  const rig = toolRig({ cluster: platformCluster(world) });
  const first = await rig.run(listControlPlanes);
  assert.equal(await rig.run(listControlPlanes), first);
  objects[1] = plane("lab", objects[1]!.metadata.name!, { phase: "Pending" });
  const second = await rig.run(listControlPlanes);
  assert.notEqual(second, first);
  assert.match(second.text, /Pending/);
});

Deno.test("what a list lacks is said", async () => {
  const cluster = platformCluster({ objects: [plane("lab", "a")], missing: ["they may be old"] });
  const { output, text } = await toolRig({ cluster }).run(listControlPlanes);
  assert.deepEqual(output["warnings"], ["they may be old"]);
  assert.match(text, /Note: they may be old$/);
});

Deno.test("a refusal begins as the Go server's, and says what helps", async () => {
  const cluster = platformCluster({ refuse: () => refusal(403, "Forbidden", "ann cannot list") });
  const rig = toolRig({ cluster });
  const everywhere = await rig.refuses(listControlPlanes);
  assert.deepEqual([everywhere.code, everywhere.message], [
    "forbidden",
    "list CoderControlPlane resources: ann cannot list; name a namespace that you may read",
  ]);
  const here = await rig.refuses(listControlPlanes, { namespace: "lab" });
  assert.equal(here.message, "list CoderControlPlane resources: ann cannot list");
});

Deno.test("a Kubernetes that never answers keeps nobody longer than the call", async () => {
  const rig = toolRig({ cluster: silentCluster(), signal: AbortSignal.timeout(50) });
  const start = performance.now();
  assert.equal((await rig.refuses(listControlPlanes)).code, "timeout");
  assert.equal((await rig.refuses(getControlPlaneStatus, { namespace: "lab", name: "a" })).code, "timeout");
  assert.ok(performance.now() - start < 15_000);
});

Deno.test("a Kubernetes that is away is told in words", async () => {
  const error = new KubeConnectionError("connect ECONNREFUSED", { method: "GET", path: "/" });
  const rig = toolRig({ cluster: platformCluster({ refuse: () => error }) });
  assert.equal(
    (await rig.refuses(getControlPlaneStatus, { namespace: "lab", name: "a" })).message,
    "get CoderControlPlane lab/a: the Kubernetes API server cannot be reached now: try again",
  );
});

Deno.test("a status has its conditions in their order", async () => {
  const conditions = [
    {
      type: "Ready",
      status: "True",
      reason: "Ready",
      message: "well",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    },
    {
      type: "Degraded",
      status: "False",
      reason: "",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    },
  ];
  const object = plane("lab", "a", {
    observedGeneration: 1,
    phase: "Ready",
    readyReplicas: 1,
    url: "http://a",
    version: "v2.30.0",
    conditions,
  });
  const rig = toolRig({ cluster: platformCluster({ objects: [object] }) });
  const { output } = await rig.run(getControlPlaneStatus, { namespace: "lab", name: "a" });
  assert.deepEqual(JSON.parse(JSON.stringify(output)), {
    observedGeneration: 1,
    phase: "Ready",
    readyReplicas: 1,
    url: "http://a",
    version: "v2.30.0",
    conditions: [
      conditions[0],
      { type: "Degraded", status: "False", lastTransitionTime: "2026-01-01T00:00:00Z" },
    ],
  });
});

Deno.test("a status that is behind says so, and so does one of a control plane that goes", async () => {
  const objects = [
    plane("lab", "behind", { observedGeneration: 1 }, { generation: 2 }),
    plane("lab", "going", {}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    plane("lab", "new", undefined),
  ];
  const rig = toolRig({ cluster: platformCluster({ objects }) });
  const warnings = async (name: string) =>
    (await rig.run(getControlPlaneStatus, { namespace: "lab", name })).output["warnings"];
  assert.match(String(await warnings("behind")), /has not handled the newest spec/);
  assert.match(String(await warnings("going")), /is being deleted/);
  assert.match(String(await warnings("new")), /has not handled/);
});

Deno.test("a control plane that is not there is an error as the Go server's", async () => {
  const rig = toolRig({ cluster: platformCluster() });
  const missing = await rig.refuses(getControlPlaneStatus, { namespace: "lab", name: "x" });
  assert.deepEqual([missing.code, missing.message], [
    "not_found",
    'get CoderControlPlane lab/x: codercontrolplanes.coder.com "x" not found',
  ]);
  const empty = await rig.refuses(getControlPlaneStatus, { namespace: "lab", name: "" });
  assert.equal(empty.message, "name is required");
});
