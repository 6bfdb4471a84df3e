import assert from "node:assert/strict";
import { Deployments, HorizontalPodAutoscalers } from "../../api/kubernetes/resources.ts";
import { keyText, type KubeObject, type ResourceType } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events/events.ts";
import type { Informer, SharedCache } from "../../kube/informer.ts";
import { controlledBy, FakeInformer, make } from "../../reconciler/testing/fakes.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { PrometheusMetrics } from "../../telemetry/prometheus.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { type Widget, widget, Widgets } from "../testing.ts";
import { countByPhase, deploymentSources, passTools } from "./controller.ts";

/** Widgets, and what wakes them; a widget's Deployment is called `<name>-pods`. */
function world() {
  const owners = new FakeInformer(Widgets);
  const [deployments, autoscalers] = [
    new FakeInformer(Deployments),
    new FakeInformer(HorizontalPodAutoscalers),
  ];
  const { sources, namesakes } = deploymentSources(
    owners as Informer<KubeObject> as Informer<Widget>,
    Widgets,
    { deployments, autoscalers } as unknown as WorkloadKinds,
    ({ metadata }) => `${metadata.name}-pods`,
  );
  const keys: string[] = [];
  for (const source of sources) source.start((key) => keys.push(keyText(key)));
  return { owners, deployments, autoscalers, namesakes, take: () => keys.splice(0) };
}

const autoscaler = (target: string, kind = "Deployment"): KubeObject =>
  Object.assign(make(HorizontalPodAutoscalers, "scale", { namespace: "a" }), {
    spec: { scaleTargetRef: { apiVersion: "apps/v1", kind, name: target }, maxReplicas: 3 },
  });

Deno.test("an owner is woken by itself and by its own Deployment", () => {
  const { owners, deployments, take } = world();
  const owner = widget();
  owners.put(owner);
  assert.deepEqual(take(), ["a/w"]);
  const ownerReferences = controlledBy(owner);
  deployments.put(make(Deployments, "earlier-name", { namespace: "a", ownerReferences }));
  assert.deepEqual(take(), ["a/w"]);
  deployments.put(make(Deployments, "other", { namespace: "a" }));
  assert.deepEqual(take(), []);
});

Deno.test("what has the name of its Deployment may be in the way, in its own namespace", () => {
  const { owners, deployments, namesakes, take } = world();
  owners.put(widget());
  take();
  deployments.put(make(Deployments, "w-pods", { namespace: "b" }));
  assert.deepEqual(take(), []);
  const foreign = make(Deployments, "w-pods", { namespace: "a" });
  deployments.put(foreign);
  assert.deepEqual(take(), ["a/w"]);
  assert.deepEqual(namesakes(foreign), [{ namespace: "a", name: "w" }]);
  assert.deepEqual(namesakes(make(Deployments, "w", { namespace: "a" })), []);
});

Deno.test("an autoscaler that comes or goes wakes the owner of what it scales", () => {
  const { owners, autoscalers, take } = world();
  owners.put(widget());
  take();
  const scales = autoscaler("w-pods");
  autoscalers.put(scales);
  assert.deepEqual(take(), ["a/w"]);
  autoscalers.remove(scales);
  assert.deepEqual(take(), ["a/w"]);
  autoscalers.put(autoscaler("w"));
  autoscalers.put(autoscaler("w-pods", "StatefulSet"));
  assert.deepEqual(take(), []);
});

Deno.test("tools have defaults that work everywhere, and take secrets out by their shape", () => {
  const cache = { informer: (type: ResourceType) => new FakeInformer(type) } as unknown as SharedCache;
  const client = {} as KubeClient;
  const recorder = {} as EventRecorder;
  const given = { client, cache, applier: {} as never, recorder, log: silentLogger };
  const tools = passTools(given);
  assert.deepEqual([tools.namespaces, tools.workspaceNamespaces, tools.clusterDomain], [
    [],
    [],
    "cluster.local",
  ]);
  assert.equal(tools.events, recorder);
  assert.equal(tools.redact("postgres://u:hunter2@db/coder").includes("hunter2"), false);
  const chosen = passTools({
    ...given,
    namespaces: ["a"],
    workspaceNamespaces: ["w-*"],
    clusterDomain: "k8s.lan",
    redact: () => "***",
  });
  assert.deepEqual(
    [chosen.namespaces, chosen.workspaceNamespaces, chosen.clusterDomain, chosen.redact("x")],
    [["a"], ["w-*"], "k8s.lan", "***"],
  );
});

Deno.test("objects are counted by phase, and those without one are pending", async () => {
  const metrics = new PrometheusMetrics();
  const objects = [{ phase: "Ready" }, { phase: "Pending" }, undefined].map((status) => ({
    ...widget(),
    ...(status !== undefined && { status }),
  }));
  countByPhase({ list: () => objects }, metrics, { name: "widgets", what: "Widgets" });
  const text = await metrics.text();
  assert.match(text, /# HELP widgets Widgets, by phase\./);
  assert.match(text, /widgets\{phase="Pending"\} 2/);
  assert.match(text, /widgets\{phase="Ready"\} 1/);
});
