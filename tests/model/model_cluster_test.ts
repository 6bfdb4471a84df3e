import assert from "node:assert/strict";
import { Deployments, Pods, Secrets } from "../../src/api/kubernetes/resources.ts";
import type { Deployment, Pod } from "../../src/api/kubernetes/types.ts";
import { below, seededRandom } from "../../src/telemetry/testing/random.ts";
import { ModelApi } from "./model_api.ts";
import { isReady, ModelCluster } from "./model_cluster.ts";
import { putSecret } from "./world.ts";

const NAMESPACE = "ns";
const key = { namespace: NAMESPACE, name: "d" };

class Rig {
  readonly api = new ModelApi(() => "2026-01-01T00:00:00Z");
  readonly random;
  readonly cluster;
  readonly good = new Set(["v1", "v2"]);

  constructor(seed = 1) {
    this.random = seededRandom(seed);
    this.cluster = new ModelCluster({
      api: this.api,
      random: this.random,
      credentials: ["TOKEN"],
      works: (credential) => this.good.has(credential),
    });
  }

  deploy(image: string, more: Partial<NonNullable<Deployment["spec"]>> = {}): void {
    const env = [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }];
    const template = {
      metadata: { labels: { app: "d" } },
      spec: { containers: [{ name: "c", image, env }] },
    };
    const body = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: key,
      spec: { selector: {}, replicas: 2, template, ...more },
    };
    this.api.patch(Deployments, key, { type: "apply", body, force: true }, "user", { fieldManager: "user" });
  }

  secret(value: string): void {
    putSecret(this, { namespace: NAMESPACE, name: "s" }, { k: value });
  }

  /** All that can happen happens. `each` looks after every move. */
  settle(each: () => void = () => {}): void {
    for (let i = 0; i < 500; i++) {
      const moves = this.cluster.moves();
      if (moves.length === 0) return;
      moves[below(this.random, moves.length)]!.run();
      each();
    }
    assert.fail("it does not settle");
  }

  get ready(): number {
    return this.api.list(Pods).filter(isReady).length;
  }

  get credentials(): (string | undefined)[] {
    return this.cluster.pods().map(({ facts }) => facts.credential);
  }

  get deployment(): Deployment {
    return this.api.get(Deployments, key);
  }
}

function settled(seed = 1): Rig {
  const rig = new Rig(seed);
  rig.secret("v1");
  rig.deploy("i1");
  rig.settle();
  return rig;
}

Deno.test("a Deployment gets its pods, and its status counts them", () => {
  const rig = settled();
  assert.equal(rig.ready, 2);
  const { status } = rig.deployment;
  assert.deepEqual(
    [status?.observedGeneration, status?.replicas, status?.updatedReplicas, status?.availableReplicas],
    [1, 2, 2, 2],
  );
  assert.deepEqual(status?.conditions?.map(({ type, status }) => `${type} ${status}`), [
    "Available True",
    "Progressing True",
  ]);
});

Deno.test("while pods are replaced, never fewer are ready than are wanted, whatever the order", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const rig = settled(seed);
    rig.deploy("i2");
    let ending = 0;
    rig.settle(() => {
      assert.ok(rig.ready >= 2, `seed ${seed}: ${rig.ready}`);
      assert.ok(
        rig.api.list(Pods).filter(({ metadata }) => metadata.deletionTimestamp === undefined).length <= 3,
      );
      ending = Math.max(ending, rig.api.list(Pods).length - (rig.deployment.status?.replicas ?? 0));
    });
    assert.ok(rig.api.list(Pods).every(({ spec }) => spec?.containers[0]?.image === "i2"));
    // Pods that are ending linger, and the status does not count them.
    assert.ok(ending > 0, `seed ${seed}`);
  }
});

Deno.test("with Recreate no new pod comes before the last old one has ended", () => {
  const rig = settled();
  rig.deploy("i2", { strategy: { type: "Recreate" } });
  rig.settle(() => {
    const images = new Set(rig.api.list(Pods).map(({ spec }) => spec?.containers[0]?.image));
    assert.ok(images.size <= 1);
  });
  assert.equal(rig.ready, 2);
});

Deno.test("a container keeps the credential that it started with; its successor reads anew", () => {
  const rig = settled();
  rig.secret("v2");
  rig.settle();
  assert.deepEqual(rig.credentials, ["v1", "v1"]);
  assert.ok(rig.cluster.killContainer());
  assert.equal(rig.ready, 1);
  rig.settle();
  assert.deepEqual(rig.credentials.toSorted(), ["v1", "v2"]);
  assert.equal(rig.ready, 2);
});

Deno.test("without its Secret a container waits, and a rollout with it", () => {
  const rig = settled();
  rig.api.delete(Secrets, { namespace: NAMESPACE, name: "s" }, "user");
  rig.deploy("i2");
  rig.settle();
  assert.equal(rig.ready, 2);
  assert.equal(rig.api.list(Pods).length, 3);
  rig.secret("v2");
  rig.settle();
  assert.deepEqual(rig.credentials, ["v2", "v2"]);
});

Deno.test("a credential that does not work any more ends the container; there is no other before the Secret has one", () => {
  const rig = settled();
  rig.good.delete("v1");
  rig.settle();
  assert.equal(rig.ready, 0);
  rig.secret("v2");
  rig.settle();
  assert.equal(rig.ready, 2);
});

Deno.test("fewer replicas take away pods, the cheapest of the ready ones first", () => {
  const rig = settled();
  const [first] = rig.api.list(Pods);
  const annotations = { "controller.kubernetes.io/pod-deletion-cost": "-100" };
  rig.api.update(Pods, { ...first!, metadata: { ...first!.metadata, annotations } }, "operator-1");
  rig.deploy("i1", { replicas: 1 });
  rig.settle();
  assert.equal(rig.ready, 1);
  assert.notEqual(rig.api.list(Pods)[0]?.metadata.name, first?.metadata.name);
});

Deno.test("a paused Deployment replaces nothing", () => {
  const rig = settled();
  rig.deploy("i2", { paused: true });
  rig.settle();
  assert.ok(rig.api.list(Pods).every(({ spec }) => spec?.containers[0]?.image === "i1"));
});

Deno.test("a Deployment deleted in the foreground goes after its last pod, one deleted in the background before", () => {
  for (const propagationPolicy of ["Foreground", "Background"] as const) {
    const rig = settled();
    rig.api.delete(Deployments, key, "user", { propagationPolicy });
    let gone = false;
    rig.settle(() => {
      const there = rig.api.find(Deployments, key) !== undefined;
      if (propagationPolicy === "Foreground") assert.ok(there || rig.api.list(Pods).length === 0);
      gone ||= !there;
    });
    assert.ok(rig.api.find(Deployments, key) === undefined && rig.api.list(Pods).length === 0);
  }
});

Deno.test("a pod without a credential of its own starts all the same", () => {
  const rig = new Rig();
  rig.good.add("");
  rig.api.create(
    Pods,
    { apiVersion: "v1", kind: "Pod", metadata: key, spec: { containers: [] } } as unknown as Pod,
    "user",
  );
  rig.settle();
  assert.equal(rig.ready, 1);
  assert.equal(new Rig().cluster.killContainer(), false);
});
