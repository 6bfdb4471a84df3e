/** Events, logs and pods of a real cluster. Its nodes are fake; one has an agent of ours, which knows logs. */
import assert from "node:assert/strict";
import { CoderWorkspaces } from "../../src/api/workspace.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import type { CallerCluster } from "../../src/caller/types.ts";
import { clientCluster } from "../../src/mcp/caller/client_cluster.ts";
import { toolRig } from "../../src/mcp/testing.ts";
import { getEvents } from "../../src/mcp/tools/events.ts";
import { explainPod } from "../../src/mcp/tools/explain_pod.ts";
import { getPodLogs } from "../../src/mcp/tools/pod_logs.ts";
import { listWorkspacePods } from "../../src/mcp/tools/workspace_pods.ts";
import { type Cluster, sharedCluster, waitFor } from "../cluster/mod.ts";
import { FakeKubelet } from "./fake_kubelet.ts";

const ID = "0f8fad5b-d9cb-469f-a165-70867728950e";

/** A tool's caller with a kubeconfig of their own. Workspaces are one that is made up: no Coder is needed here. */
function callerOf(kubeconfig: string) {
  const client = createRestClient({ connection: loadKubeConfig({ kubeconfig }) });
  const direct = clientCluster(client);
  const cluster: CallerCluster = {
    ...direct,
    get:
      ((type, key, options) =>
        type.kind === CoderWorkspaces.kind
          ? Promise.resolve({ metadata: key, status: { id: ID } } as never)
          : direct.get(type, key, options)) as CallerCluster["get"],
  };
  return { ...toolRig({ cluster }), [Symbol.dispose]: () => client.close() };
}

const podOf = (name: string, spec: object = {}, labels: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels },
  spec: { containers: [{ name: "dev", image: "example/dev:1" }], ...spec },
});
const whenReady = (cluster: Cluster, namespace: string, name: string) =>
  waitFor(
    async () => {
      const pod = await cluster.find(`/api/v1/namespaces/${namespace}/pods/${name}`);
      // deno-lint-ignore no-explicit-any -- as the API server gives it
      return pod?.status?.conditions?.some((one: any) => one.type === "Ready" && one.status === "True");
    },
    { what: `pod ${name} to be ready` },
  );

Deno.test("logs come through the API server: tails, the run before, since, times, searches, and whole characters", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("logs");
  await using kubelet = await FakeKubelet.start(cluster);
  using caller = callerOf(cluster.kubeconfig);
  await cluster.apply(podOf("dev", { nodeName: kubelet.node }), namespace);
  await whenReady(cluster, namespace, "dev");
  const now = Date.now();
  const lines = Array.from(
    { length: 5_000 },
    (_, index) =>
      [
        now - (5_000 - index) * 1_000,
        index % 50 === 7 ? `ERROR ä€😀 ${index}` : "waiting for the database",
      ] as const,
  );
  kubelet.logs.set(`${namespace}/dev/dev`, lines);
  kubelet.logs.set(`${namespace}/dev/dev/previous`, [[now, "panic: the end"]]);
  const logs = async (args: Record<string, unknown> = {}) =>
    (await caller.run(getPodLogs, { namespace, name: "dev", ...args })).output;

  const plain = String((await logs())["logs"]).split("\n");
  assert.deepEqual([plain.length, plain[0], plain[1]], [
    81,
    "waiting for the database (×7)",
    "ERROR ä€😀 3007",
  ]);
  assert.equal((await logs({ previous: true }))["logs"], "panic: the end");
  assert.deepEqual(await logs({ grep: "error ä", tailLines: 2, newestFirst: true }), {
    logs: "ERROR ä€😀 4957\nERROR ä€😀 4907",
    matched: 100,
  });
  const timed = String((await logs({ timestamps: true, tailLines: 3 }))["logs"]);
  assert.match(timed, /^\S+Z waiting for the database \(×3 since \S+Z\)$/);
  // What is so young depends on when the node is asked.
  const young = () =>
    lines.filter(([time, text]) => time >= Date.now() - 1_000_000 && text.startsWith("ERROR")).length;
  const most = young();
  const since = String((await logs({ sinceSeconds: 1_000, grep: "error" }))["logs"]).split("\n");
  assert.ok(since.length >= young() && since.length <= most && most <= 20, since.join());
  for (let limitBytes = 60; limitBytes < 80; limitBytes++) {
    const { logs: cut } = await logs({ limitBytes, grep: "ERROR" });
    assert.match(String(cut), /^(?:ERROR ä€😀 4[89]\d7\n)+\(truncated\)$/);
    assert.ok(new TextEncoder().encode(String(cut)).length <= limitBytes + "\n(truncated)".length);
  }
  assert.ok(kubelet.asked[0]?.startsWith(`/containerLogs/${namespace}/dev/dev?`), String(kubelet.asked[0]));
  const error = await caller.refuses(getPodLogs, { namespace, name: "nobody" });
  assert.equal(error.code, "not_found");
  assert.ok(error.message.startsWith(`stream logs for pod ${namespace}/nobody: `), error.message);
  assert.match(error.message, /pods "nobody" not found$/);
  const wrong = await caller.refuses(getPodLogs, { namespace, name: "dev", tailLines: -1 });
  assert.match(wrong.message, /^stream logs for pod .*tailLines/);
});

Deno.test("events of a pod that no node takes, and why it does not start, with its volume claim", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("events");
  using caller = callerOf(cluster.kubeconfig);
  await cluster.apply({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "home" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      storageClassName: "",
      resources: { requests: { storage: "1Gi" } },
      // No volume of anybody's else fits.
      selector: { matchLabels: { "test/volume-of": namespace } },
    },
  }, namespace);
  const volumes = [{ name: "home", persistentVolumeClaim: { claimName: "home" } }];
  await cluster.apply(podOf("dev", { volumes }), namespace);
  const UNBOUND = /unbound immediate PersistentVolumeClaims/;
  // The scheduler writes the condition and the Event each for itself, and says both anew once it knows the claim.
  await waitFor(async () => {
    const { status } = await cluster.request("GET", `/api/v1/namespaces/${namespace}/pods/dev`);
    const { items } = await cluster.request("GET", `/api/v1/namespaces/${namespace}/events`);
    // deno-lint-ignore no-explicit-any -- as the API server gives it
    const condition = status.conditions?.find((one: any) => one.type === "PodScheduled");
    const isTold = items.some((one: { involvedObject: { kind: string }; message: string }) =>
      one.involvedObject.kind === "Pod" && UNBOUND.test(one.message)
    );
    return condition?.reason === "Unschedulable" && UNBOUND.test(condition.message) && isTold;
  }, { what: "the scheduler's word on the pod, as its condition and as an Event" });
  const { output: explained } = await caller.run(explainPod, { namespace, name: "dev" });
  assert.ok((explained["events"] as unknown[]).length > 0);
  assert.deepEqual([explained["phase"], explained["ready"], explained["summary"]], [
    "Pending",
    false,
    "No node can take it.",
  ]);
  const findings = explained["findings"] as { about: string; says: string; evidence: string }[];
  assert.match(findings[0]!.evidence, UNBOUND);
  assert.equal(findings[1]!.about, "volume claim home");
  const { output } = await caller.run(getEvents, { namespace, name: "dev", kind: "Pod" });
  const [event] = output["items"] as Record<string, unknown>[];
  assert.deepEqual([event?.["type"], event?.["reason"], event?.["object"]], [
    "Warning",
    "FailedScheduling",
    "Pod/dev",
  ]);
  assert.ok(Math.abs(Date.parse(String(event?.["lastTimestamp"])) - Date.now()) < 600_000);
});

Deno.test("events are newest first through all pages, as the API server has them by name", async () => {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("pages");
  using caller = callerOf(cluster.kubeconfig);
  const at = (index: number) =>
    new Date(1_790_000_000_000 + index * 1_000).toISOString().replace(/\.\d+/, "");
  // The API server's order is by name, which says nothing of time here.
  await Promise.all(
    Array.from(
      { length: 40 },
      (_, index) =>
        cluster.request("POST", `/api/v1/namespaces/${namespace}/events`, {
          apiVersion: "v1",
          kind: "Event",
          metadata: { name: `e-${(index * 17) % 40}` },
          involvedObject: { kind: "Pod", name: "dev", namespace },
          type: "Normal",
          reason: "Tested",
          message: `number ${index}`,
          count: 1,
          firstTimestamp: at(index),
          lastTimestamp: at(index),
        }),
    ),
  );
  const seen: string[] = [];
  let from: string | undefined;
  do {
    const args = { namespace, limit: 15, ...(from === undefined ? {} : { continue: from }) };
    const { output } = await caller.run(getEvents, args);
    seen.push(...(output["items"] as { message: string }[]).map(({ message }) => message));
    from = output["continue"] as string | undefined;
  } while (from !== undefined);
  assert.deepEqual(seen, Array.from({ length: 40 }, (_, index) => `number ${39 - index}`));
});

Deno.test("the pods of a workspace are found by Coder's labels, with the caller's rights and no others", async () => {
  const cluster = await sharedCluster();
  const [own, far] = [await cluster.newNamespace("lab"), await cluster.newNamespace("far")];
  using admin = callerOf(cluster.kubeconfig);
  const labels = { "com.coder.workspace.id": ID };
  await cluster.apply(podOf("dev", {}, labels), far);
  await cluster.apply(podOf("other", {}, { "com.coder.workspace.id": "another" }), far);
  await whenReady(cluster, far, "dev");
  const found = await admin.run(listWorkspacePods, { namespace: own, name: "acme.ann.dev" });
  const mine = (found.output["items"] as Record<string, unknown>[]).filter(({ namespace }) =>
    namespace === far
  );
  assert.deepEqual(mine.map(({ name, phase, ready }) => [name, phase, ready]), [["dev", "Running", "1/1"]]);

  const reader = { namespace: own, name: "reader" };
  using caller = callerOf(await cluster.serviceAccountKubeconfig(reader));
  const none = await caller.run(listWorkspacePods, { namespace: own, name: "acme.ann.dev" });
  assert.deepEqual(none.output["items"], []);
  const warnings = (none.output["warnings"] as string[]).join("\n");
  assert.match(warnings, new RegExp(`Pods in ${own}: .*pods is forbidden`));
  const refused = await caller.refuses(getEvents, { namespace: far });
  assert.deepEqual([refused.code, refused.message.startsWith(`list events in namespace "${far}": `)], [
    "forbidden",
    true,
  ]);
  await cluster.request("DELETE", `/api/v1/namespaces/${far}/pods/dev`);
});
