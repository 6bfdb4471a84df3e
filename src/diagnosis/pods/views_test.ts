import assert from "node:assert/strict";
import { signalName, signalOf } from "./exit_codes.ts";
import { eventEvidence, eventView } from "./event_view.ts";
import { configWords } from "./missing_config.ts";
import { conditionOf, isOver, isReadyPod, podView } from "./pod_view.ts";
import { ago, event, looping, pod } from "./testing.ts";

Deno.test("a pod is read as rules need it", () => {
  const view = podView(looping({ exitCode: 137, reason: "OOMKilled" }, {
    container: {
      command: ["sh"],
      args: ["-c", "x"],
      resources: { limits: { memory: "1Gi" } },
      livenessProbe: {},
    },
    spec: {
      initContainers: [{ name: "clone" }, { name: "mesh", restartPolicy: "Always" }],
      serviceAccountName: "runner",
    },
    metadata: { labels: { app: "dev" } },
  }));
  assert.deepEqual([view.ref, view.node, view.serviceAccount, view.labels], [
    "lab/dev-0",
    "node-1",
    "runner",
    { app: "dev" },
  ]);
  assert.deepEqual(view.containers.map(({ about }) => about), [
    "init container clone",
    "sidecar mesh",
    "container dev",
  ]);
  const dev = view.containers[2]!;
  assert.deepEqual([dev.state, dev.reason, dev.restarts, dev.command], ["waiting", "CrashLoopBackOff", 7, [
    "sh",
    "-c",
    "x",
  ]]);
  assert.deepEqual([dev.lastEnd?.exitCode, dev.lastEnd?.reason, dev.limits["memory"]], [
    137,
    "OOMKilled",
    "1Gi",
  ]);
  assert.deepEqual(dev.probes, { readiness: false, liveness: true, startup: false });
});

Deno.test("ready is what is ready, runs on and stays", () => {
  assert.equal(isReadyPod(podView(pod())), true);
  assert.equal(isReadyPod(podView(pod({ dev: { ready: false } }))), false);
  assert.equal(isReadyPod(podView(pod({ metadata: { deletionTimestamp: ago(1) } }))), false);
  assert.equal(isOver(podView(pod({ status: { phase: "Failed" } }))), true);
  assert.equal(conditionOf(podView(pod()), "Ready")?.status, "True");
  assert.equal(conditionOf(podView(pod()), "Odd"), undefined);
});

Deno.test("what is no pod is an empty one", () => {
  for (const odd of [null, "x", 7, [], { metadata: "x", spec: [], status: null }]) {
    const view = podView(odd);
    assert.deepEqual([view.ref, view.containers, view.claims, view.serviceAccount], ["", [], [], "default"]);
  }
});

Deno.test("claims are those that are mounted, and those that a pod brings along", () => {
  const volumes = [
    { name: "home", persistentVolumeClaim: { claimName: "home-ann" } },
    { name: "scratch", ephemeral: {} },
    { name: "tmp", emptyDir: {} },
  ];
  assert.deepEqual(podView(pod({ spec: { volumes } })).claims, ["home-ann", "dev-0-scratch"]);
});

Deno.test("an event is quoted with what it is about, when it was, and how often", () => {
  assert.deepEqual(eventEvidence(eventView(event("Failed", "words"))), {
    source: "event of pod lab/dev-0",
    at: ago(30),
    quote: "Failed: words (×4)",
  });
  const bare = { involvedObject: { kind: "PersistentVolumeClaim", name: "home" }, reason: "R", message: "m" };
  assert.deepEqual(eventEvidence(eventView(bare)), { source: "event of volume claim home", quote: "R: m" });
  assert.equal(eventEvidence(eventView(null)).source, "event of something ");
  assert.equal(
    eventEvidence(eventView({ involvedObject: { kind: "Ingress", name: "web" } })).source,
    "event of Ingress web",
  );
});

Deno.test("the Secret or ConfigMap that is meant is read out of the node's words", () => {
  assert.deepEqual(configWords('Error: secret "db" not found'), { kind: "Secret", name: "db", key: "" });
  assert.deepEqual(configWords('configmaps "cfg" not found'), { kind: "ConfigMap", name: "cfg", key: "" });
  assert.deepEqual(configWords("couldn't find key url in Secret lab/db"), {
    kind: "Secret",
    name: "db",
    key: "url",
  });
  assert.deepEqual(configWords("couldn't find key a.b in ConfigMap cfg."), {
    kind: "ConfigMap",
    name: "cfg",
    key: "a.b",
  });
  assert.equal(configWords('object "lab"/"kube-root-ca.crt" not registered'), undefined);
  assert.equal(configWords("something else"), undefined);
});

Deno.test("signals are read out of what the node says, or of the exit code", () => {
  assert.deepEqual([
    signalOf({ exitCode: 137 }),
    signalOf({ exitCode: 1, signal: 9 }),
    signalOf({ exitCode: 1 }),
  ], [9, 9, 0]);
  assert.deepEqual([signalName(9), signalName(15), signalName(64)], ["SIGKILL", "SIGTERM", undefined]);
});
