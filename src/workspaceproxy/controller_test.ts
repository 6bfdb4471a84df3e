import assert from "node:assert/strict";
import { Gateways, HTTPRoutes } from "../api/gateway.ts";
import {
  Deployments,
  HorizontalPodAutoscalers,
  Ingresses,
  PodDisruptionBudgets,
  Secrets,
  Services,
} from "../api/kubernetes/resources.ts";
import type { KubeObject, ResourceType } from "../api/object.ts";
import { CoderWorkspaceProxies, type CoderWorkspaceProxy } from "../api/workspace_proxy.ts";
import { changed, controlledBy, FakeInformer, make } from "../reconciler/testing/fakes.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { PrometheusMetrics } from "../telemetry/prometheus.ts";
import { proxyController, type ProxyControllerOptions } from "./controller.ts";
import { ProxyResults } from "./results.ts";
import { place } from "./registration/testing.ts";

/** A controller that runs, and notes whom it looks at. */
class Watched implements AsyncDisposable {
  readonly metrics = new PrometheusMetrics();
  readonly #informers = new Map<string, FakeInformer>();
  readonly #stop = new AbortController();
  readonly #passes: string[] = [];
  readonly #run: Promise<void>;

  constructor() {
    const note = {
      name: "Note",
      run: ({ key }: { key: { name: string } }) => {
        this.#passes.push(key.name);
        return Promise.reject(new Error("noted"));
      },
    };
    const controller = proxyController({
      client: {},
      cache: { informer: (type: ResourceType) => this.informer(type) },
      applier: {},
      recorder: { event: () => {} },
      log: silentLogger,
      metrics: this.metrics,
      results: new ProxyResults(),
      reconciler: { stages: [[note]] },
      controller: { backoff: { baseMs: 3_600_000, capMs: 3_600_000 } },
    } as unknown as ProxyControllerOptions);
    assert.equal(controller.name, "coderworkspaceproxy");
    this.#run = controller.run({ stop: this.#stop.signal, abort: this.#stop.signal });
  }

  informer({ plural }: ResourceType): FakeInformer {
    const known = this.#informers.get(plural) ?? new FakeInformer();
    this.#informers.set(plural, known);
    return known;
  }

  /** Puts an object there; whom passes looked at because of that. */
  async put(type: ResourceType, object: KubeObject): Promise<string[]> {
    this.informer(type).put(object);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    return this.#passes.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the test ends"));
    await this.#run;
  }
}

const proxy = (name: string, spec: object = {}, status: object = {}): CoderWorkspaceProxy =>
  ({ ...make(CoderWorkspaceProxies, name, { namespace: "a" }), spec, status }) as CoderWorkspaceProxy;

Deno.test("a proxy is looked at when it changes, and when something of it comes on record or goes", async () => {
  await using watched = new Watched();
  const eu = proxy("eu");
  assert.deepEqual(await watched.put(CoderWorkspaceProxies, eu), ["eu"]);
  const ready = changed(eu, {}, { status: { phase: "Ready" } });
  assert.deepEqual(await watched.put(CoderWorkspaceProxies, ready), []);
  const registration = { id: "1", name: "eu", ...place("http://a") };
  const recorded = changed(ready, {}, { status: { registered: true, registration } });
  assert.deepEqual(await watched.put(CoderWorkspaceProxies, recorded), ["eu"]);
  const moved = changed(recorded, {}, {
    status: { registered: true, registration: { ...registration, id: "2" } },
  });
  assert.deepEqual(await watched.put(CoderWorkspaceProxies, moved), []);
  assert.deepEqual(await watched.put(CoderWorkspaceProxies, changed(moved, {}, { status: {} })), ["eu"]);
  assert.deepEqual(await watched.put(CoderWorkspaceProxies, changed(moved, { generation: 2 })), ["eu"]);
});

Deno.test("its children wake a proxy, and so does what has their names", async () => {
  await using watched = new Watched();
  const eu = proxy("eu");
  await watched.put(CoderWorkspaceProxies, eu);
  const ownerReferences = controlledBy(eu);
  for (const type of [Deployments, Services, Secrets, Ingresses, HTTPRoutes, PodDisruptionBudgets]) {
    const child = make(type, "any", { namespace: "a", ownerReferences });
    assert.deepEqual(await watched.put(type, child), ["eu"], type.kind);
  }
  for (const type of [Deployments, Services]) {
    assert.deepEqual(
      await watched.put(type, make(type, "wsproxy-eu", { namespace: "a" })),
      ["eu"],
      type.kind,
    );
    assert.deepEqual(await watched.put(type, make(type, "wsproxy-eu", { namespace: "b" })), [], type.kind);
  }
  const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "wsproxy-eu" };
  const autoscaler = { ...make(HorizontalPodAutoscalers, "x", { namespace: "a" }), spec: { scaleTargetRef } };
  assert.deepEqual(await watched.put(HorizontalPodAutoscalers, autoscaler as KubeObject), ["eu"]);
});

Deno.test("what pods are made from wakes a proxy: its token, and whatever the spec names", async () => {
  await using watched = new Watched();
  await watched.put(CoderWorkspaceProxies, proxy("eu", { controlPlaneRef: { name: "coder" } }));
  await watched.put(CoderWorkspaceProxies, proxy("us", { proxySessionTokenSecretRef: { name: "mine" } }));
  await watched.put(CoderWorkspaceProxies, proxy("none"));
  await watched.put(
    CoderWorkspaceProxies,
    proxy("certs", { certs: { secrets: [{ name: "ca", key: "ca.crt" }] } }),
  );
  for (const [secret, woken] of [["eu-proxy-token", "eu"], ["mine", "us"], ["ca", "certs"]] as const) {
    assert.deepEqual(await watched.put(Secrets, make(Secrets, secret, { namespace: "a" })), [woken]);
  }
  assert.deepEqual(await watched.put(Secrets, make(Secrets, "other", { namespace: "a" })), []);
  const gateway = { gateway: { host: "x.example.com", parentRefs: [{ name: "edge" }] } };
  await watched.put(CoderWorkspaceProxies, proxy("routed", { expose: gateway }));
  assert.deepEqual(await watched.put(Gateways, make(Gateways, "edge", { namespace: "a" })), ["routed"]);
});

Deno.test("proxies are counted by their phase", async () => {
  await using watched = new Watched();
  await watched.put(CoderWorkspaceProxies, proxy("eu", {}, { phase: "Ready" }));
  await watched.put(CoderWorkspaceProxies, proxy("us"));
  const text = await watched.metrics.text();
  assert.match(text, /coder_k8s_workspace_proxies\{phase="Ready"\} 1/);
  assert.match(text, /coder_k8s_workspace_proxies\{phase="Pending"\} 1/);
});
