import assert from "node:assert/strict";
import type { ContainerState, ContainerStatus, Pod, PodStatus } from "../../api/kubernetes/types.ts";
import type { KubeClient } from "../../kube/client.ts";
import { podWords, wordsOfPods } from "./pod_words.ts";

const pod = (name: string, status: PodStatus = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  status,
});
const container = (state: ContainerState, lastState?: ContainerState): ContainerStatus => ({
  name: "coder",
  image: "i",
  imageID: "",
  ready: false,
  restartCount: 0,
  state,
  ...(lastState !== undefined && { lastState }),
});
const ended = (exitCode: number, message?: string, reason?: string): ContainerState => ({
  terminated: {
    exitCode,
    ...(message !== undefined && { message }),
    ...(reason !== undefined && { reason }),
  },
});
const waiting = (reason: string, message?: string): ContainerState => ({
  waiting: { reason, ...(message !== undefined && { message }) },
});

Deno.test("a pod's own words are its container's, or the scheduler's, or its own", () => {
  const words = (status: PodStatus) => podWords(pod("p", status));
  const crash = container(
    waiting("CrashLoopBackOff", "back-off 5m"),
    ended(1, "migrate up:\n  no migration\n"),
  );
  assert.equal(
    words({ containerStatuses: [crash] }),
    "p: CrashLoopBackOff; exit code 1: migrate up: no migration",
  );
  const pull = container(waiting("ImagePullBackOff", "not found"));
  assert.equal(words({ containerStatuses: [pull] }), "p: ImagePullBackOff: not found");
  assert.equal(
    words({ containerStatuses: [container(ended(137, undefined, "OOMKilled"))] }),
    "p: exit code 137: OOMKilled",
  );
  assert.equal(words({ containerStatuses: [container(ended(0))] }), undefined);
  const init = container(waiting("CreateContainerConfigError", "no secret"));
  const after = container(waiting("PodInitializing"));
  assert.equal(
    words({ initContainerStatuses: [init], containerStatuses: [after] }),
    "p: CreateContainerConfigError: no secret",
  );
  const unscheduled = {
    type: "PodScheduled",
    status: "False",
    reason: "Unschedulable",
    message: "0/3 nodes",
  };
  assert.equal(words({ conditions: [unscheduled] }), "p: Unschedulable: 0/3 nodes");
  assert.equal(words({ reason: "Evicted", message: "low on memory" }), "p: Evicted: low on memory");
  assert.equal(words({ containerStatuses: [container({ running: {} })] }), undefined);
  assert.equal(podWords({ apiVersion: "v1", kind: "Pod", metadata: {} }), undefined);
});

Deno.test("of a long message the end is told", () => {
  const message = `${"x".repeat(5_000)} the reason`;
  const words = podWords(pod("p", { containerStatuses: [container(ended(1, message))] })) ?? "";
  assert.ok(words.length < 700 && words.endsWith("the reason"), words);
});

Deno.test("pods that are ready, or not meant, or silent, are left out, and three are enough", async () => {
  const failing = { containerStatuses: [container(waiting("CrashLoopBackOff"))] };
  const ready = { ...failing, conditions: [{ type: "Ready", status: "True" }] };
  const items = [
    pod("ready", ready),
    pod("other", failing),
    pod("silent"),
    ...["a", "b", "c", "d"].map((name) => pod(name, failing)),
  ];
  const asked: unknown[] = [];
  const client = {
    list: (
      _type: unknown,
      options: unknown,
    ) => (asked.push(options), Promise.resolve({ items, resourceVersion: "1" })),
  } as unknown as KubeClient;
  const { signal } = new AbortController();
  const selection = { namespace: "n", labelSelector: "l=1" };
  const words = await wordsOfPods(client, selection, ({ metadata }) => metadata.name !== "other", signal);
  assert.equal(words, "a: CrashLoopBackOff; b: CrashLoopBackOff; c: CrashLoopBackOff");
  assert.deepEqual(asked, [{ ...selection, signal }]);
});

Deno.test("where pods cannot be listed there are no words, and an aborted pass ends", async () => {
  const client = { list: () => Promise.reject(new Error("forbidden")) } as unknown as KubeClient;
  const selection = { namespace: "n", labelSelector: "l=1" };
  assert.equal(await wordsOfPods(client, selection, () => true, new AbortController().signal), "");
  const reason = new Error("over");
  await assert.rejects(wordsOfPods(client, selection, () => true, AbortSignal.abort(reason)), reason);
});
