import assert from "node:assert/strict";
import { CoderControlPlanes } from "../api/control_plane.ts";
import {
  ConfigMaps,
  Deployments,
  HorizontalPodAutoscalers,
  Roles,
  Secrets,
  ServiceAccounts,
} from "../api/kubernetes/resources.ts";
import { CoderProvisioners } from "../api/provisioner.ts";
import type { KubeObject, ResourceType } from "../api/object.ts";
import type { KubeClient } from "../kube/client.ts";
import type { EventRecorder } from "../kube/events/events.ts";
import type { SharedCache } from "../kube/informer.ts";
import { controlledBy, FakeInformer, make } from "../reconciler/testing/fakes.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { PrometheusMetrics } from "../telemetry/prometheus.ts";
import { provisionerController } from "./controller.ts";
import { ProvisionerResults } from "./results.ts";
import { storedProvisioner } from "./testing.ts";

/** A controller that runs, and notes whom it looks at; what cannot be read is not noted. */
class Watched implements AsyncDisposable {
  readonly metrics = new PrometheusMetrics();
  readonly #informers = new Map<string, FakeInformer>();
  readonly #stop = new AbortController();
  readonly #passes: string[] = [];
  readonly #run: Promise<void>;

  constructor() {
    const cache = {
      informer: (type: ResourceType) => this.informer(type),
      hasSynced: true,
      whenSynced: () => Promise.resolve(),
    } as unknown as SharedCache;
    const controller = provisionerController(
      {
        client: {} as KubeClient,
        cache,
        applier: {} as never,
        recorder: { event: () => {} } as EventRecorder,
        log: silentLogger,
        metrics: this.metrics,
        results: new ProvisionerResults(),
        reconciler: {
          stages: [[{
            name: "Note",
            run: ({ key }) => {
              this.#passes.push(key.name);
              return Promise.reject(new Error("noted"));
            },
          }]],
        },
        controller: { backoff: { baseMs: 3_600_000, capMs: 3_600_000 } },
      } as Parameters<typeof provisionerController>[0],
    );
    assert.equal(controller.name, "coderprovisioner");
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
    return await this.taken();
  }

  /** Once nothing more comes. */
  async taken(): Promise<string[]> {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    return this.#passes.splice(0).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the test ends"));
    await this.#run;
  }
}

const named = (name: string, spec: Parameters<typeof storedProvisioner>[0] = {}) =>
  storedProvisioner(spec, { name, uid: `uid-${name}` });
const thing = (type: ResourceType, name: string, metadata: object = {}, more: object = {}) => ({
  ...make(type, name, { namespace: "a", ...metadata }),
  ...more,
});

/** Three provisioners, all looked at. */
async function watched(): Promise<Watched> {
  const world = new Watched();
  const env = [{ name: "E", valueFrom: { secretKeyRef: { name: "token", key: "k" } } }];
  await world.put(CoderProvisioners, named("one", { extraEnv: env }));
  await world.put(CoderProvisioners, named("two", { serviceAccount: { name: "builder" } }));
  await world.put(CoderProvisioners, named("far", { controlPlaneRef: { name: "coder", namespace: "b" } }));
  return world;
}

Deno.test("a provisioner is looked at when it comes, and when its spec changes", async () => {
  await using world = new Watched();
  assert.deepEqual(await world.put(CoderProvisioners, named("one")), ["one"]);
  const status = { ...named("one"), status: { phase: "Ready" } };
  assert.deepEqual(await world.put(CoderProvisioners, status), [], "its own status does not wake it");
  const { metadata } = named("one");
  assert.deepEqual(
    await world.put(CoderProvisioners, { ...named("one"), metadata: { ...metadata, generation: 2 } }),
    ["one"],
  );
});

Deno.test("a control plane wakes those that name it, for what their pods are made from", async () => {
  await using world = await watched();
  const plane = (more: object, metadata: object = {}) =>
    thing(CoderControlPlanes, "coder", { uid: "cp", ...metadata }, { spec: {}, ...more });
  assert.deepEqual(await world.put(CoderControlPlanes, plane({})), ["one", "two"]);
  assert.deepEqual(await world.put(CoderControlPlanes, plane({ spec: { image: "x" } })), ["one", "two"]);
  assert.deepEqual(
    await world.put(CoderControlPlanes, plane({ spec: { image: "x" }, status: { image: "x" } })),
    ["one", "two"],
  );
  const consent = { annotations: { "coder.com/used-from": "c" } };
  const last = { spec: { image: "x" }, status: { image: "x" } };
  assert.deepEqual(await world.put(CoderControlPlanes, plane(last, consent)), ["one", "two"]);
  const busy = { ...last, status: { ...last.status, readyReplicas: 3, entitlementsLastChecked: "now" } };
  assert.deepEqual(await world.put(CoderControlPlanes, plane(busy, consent)), []);
  const rbac = { ...busy, spec: { image: "x", rbac: { workspaceNamespaces: ["w"] } } };
  assert.deepEqual(await world.put(CoderControlPlanes, plane(rbac, consent)), ["one", "two"]);
  const other = thing(CoderControlPlanes, "coder", { namespace: "b", uid: "b" }, { spec: {} });
  assert.deepEqual(await world.put(CoderControlPlanes, other), ["far"]);
});

Deno.test("children wake their provisioner, and so do others that are in their way", async () => {
  await using world = await watched();
  const ownerReferences = controlledBy(named("one"));
  assert.deepEqual(await world.put(Deployments, thing(Deployments, "x", { ownerReferences })), ["one"]);
  assert.deepEqual(await world.put(ServiceAccounts, thing(ServiceAccounts, "y", { ownerReferences })), [
    "one",
  ]);
  assert.deepEqual(await world.put(Secrets, thing(Secrets, "earlier", { ownerReferences })), ["one"]);
  assert.deepEqual(await world.put(Roles, thing(Roles, "z", { ownerReferences })), ["one"]);
  assert.deepEqual(await world.put(Deployments, thing(Deployments, "provisioner-two")), ["two"]);
  assert.deepEqual(await world.put(ServiceAccounts, thing(ServiceAccounts, "builder")), ["two"]);
  assert.deepEqual(await world.put(ServiceAccounts, thing(ServiceAccounts, "one-provisioner")), ["one"]);
  assert.deepEqual(await world.put(Deployments, thing(Deployments, "coder")), []);
});

Deno.test("Secrets and ConfigMaps that pods are made from wake, and autoscalers do", async () => {
  await using world = await watched();
  assert.deepEqual(await world.put(Secrets, thing(Secrets, "token")), ["one"]);
  assert.deepEqual(await world.put(Secrets, thing(Secrets, "two-provisioner-key")), ["two"]);
  assert.deepEqual(await world.put(Secrets, thing(Secrets, "other")), []);
  assert.deepEqual(await world.put(ConfigMaps, thing(ConfigMaps, "token")), []);
  const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "provisioner-two" };
  const hpa = thing(HorizontalPodAutoscalers, "hpa", {}, { spec: { scaleTargetRef, maxReplicas: 2 } });
  assert.deepEqual(await world.put(HorizontalPodAutoscalers, hpa), ["two"]);
});

Deno.test("an object of any shape keeps no other from being looked at", async () => {
  await using world = await watched();
  const odd = { ...named("odd"), spec: { controlPlaneRef: 5, serviceAccount: { name: 7 }, volumes: "?" } };
  assert.deepEqual(await world.put(CoderProvisioners, odd as unknown as KubeObject), []);
  assert.deepEqual(await world.put(ServiceAccounts, thing(ServiceAccounts, "builder")), ["two"]);
  assert.deepEqual(await world.put(Secrets, thing(Secrets, "token")), ["one"]);
});

Deno.test("provisioners are counted by phase", async () => {
  await using world = new Watched();
  await world.put(CoderProvisioners, { ...named("one"), status: { phase: "Ready" } } as KubeObject);
  await world.put(CoderProvisioners, named("two"));
  const text = await world.metrics.text();
  assert.match(text, /coder_k8s_provisioners\{phase="Ready"\} 1/);
  assert.match(text, /coder_k8s_provisioners\{phase="Pending"\} 1/);
});
