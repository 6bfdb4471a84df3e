import assert from "node:assert/strict";
import type { CoderProvisioner } from "../../api/provisioner.ts";
import type { Deployment, Pod } from "../../api/kubernetes/types.ts";
import { keyText, type KubeObject } from "../../api/object.ts";
import type { ListNews } from "../../inventory/mod.ts";
import { secretOf } from "../../operator/visit/control_plane_testing.ts";
import { changed } from "../../reconciler/testing/fakes.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { DELETION_COST } from "../../workload/provisioner_pods.ts";
import { storedProvisioner } from "../testing.ts";
import {
  concerns,
  goneControlPlanes,
  keySecretOf,
  podMatters,
  recordChanged,
  rolloutChanged,
  visitSources,
} from "./sources.ts";
import { VisitWorld } from "../../../tests/provisioner/visit_world.ts";

/** Who is woken by what happens. */
class Woken implements AsyncDisposable {
  readonly keys: string[] = [];
  tell: (news: ListNews) => void = () => {};
  readonly #stops: (() => void)[];

  constructor(readonly world: VisitWorld) {
    const onNews = (listener: (news: ListNews) => void) => {
      this.tell = listener;
      return () => void (this.tell = () => {});
    };
    this.#stops = visitSources(world as unknown as WorkloadKinds, { onNews })
      .map((source) => source.start((key) => void this.keys.push(keyText(key))));
    this.keys.length = 0;
  }

  static async start(): Promise<Woken> {
    return new Woken(await VisitWorld.start({ spec: { autoscale: { maxReplicas: 2 } } }));
  }

  /** Who was woken by it; each once. */
  by(happening: () => void): string[] {
    this.keys.length = 0;
    happening();
    return [...new Set(this.keys)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops) stop();
    await this.world[Symbol.asyncDispose]();
  }
}

const US = ["a/prov"];

Deno.test("its own spec and its own stored record wake a provisioner, the rest of its status does not", async () => {
  await using woken = await Woken.start();
  const { world } = woken;
  assert.deepEqual(woken.by(() => world.spec({ replicas: 3 })), US);
  const status = (change: CoderProvisioner["status"]) =>
    woken.by(() => world.put(changed(world.object, {}, { status: { ...world.object.status, ...change } })));
  assert.deepEqual(status({ readyReplicas: 2 }), []);
  assert.deepEqual(status({ provisionerKeyName: "k" }), US);
  assert.deepEqual(status({ key: { changedAt: "2026-01-01T00:00:00Z" } }), US);
  assert.deepEqual(status({ conditions: [] }), []);
  const [before, after] = [storedProvisioner(), storedProvisioner({}, { resourceVersion: "2" })];
  assert.equal(recordChanged.updated?.(before, after), false);
});

Deno.test("its control plane wakes it, and so does the Secret with its token", async () => {
  await using woken = await Woken.start();
  const { world } = woken;
  const { controlPlane } = world.home;
  assert.deepEqual(woken.by(() => world.put(changed(controlPlane, { labels: { a: "b" } }))), []);
  const lost = changed(controlPlane, {}, { status: { ...controlPlane.status, operatorAccessReady: false } });
  assert.deepEqual(woken.by(() => world.put(lost)), US);
  assert.deepEqual(woken.by(() => world.remove(lost)), US);
  assert.deepEqual(woken.by(() => world.put(controlPlane)), US);
  const token = secretOf({ namespace: "a", name: "coder-operator-token" }, { token: "new" }, "2");
  assert.deepEqual(woken.by(() => world.put(token)), US);
  const other = { ...controlPlane, metadata: { ...controlPlane.metadata, name: "other" } };
  assert.deepEqual(woken.by(() => world.put(other)), []);
});

Deno.test("the Secret with its key wakes it, whichever the spec names", async () => {
  await using woken = await Woken.start();
  const { world } = woken;
  const secret = (name: string, version = "1") => secretOf({ namespace: "a", name }, { key: "k" }, version);
  assert.deepEqual(woken.by(() => world.put(secret("prov-provisioner-key"))), US);
  assert.deepEqual(woken.by(() => world.put(secret("prov-provisioner-key", "2"))), US);
  assert.deepEqual(woken.by(() => world.put(secret("else"))), []);
  world.spec({ key: { existingSecret: "else" } });
  assert.deepEqual(woken.by(() => world.put(secret("else", "2"))), US);
  assert.deepEqual(keySecretOf({ ...world.object, spec: 5 } as unknown as CoderProvisioner), []);
});

Deno.test("pods that are replaced, get ready, end or are marked wake it", async () => {
  await using woken = await Woken.start();
  const { world } = woken;
  const first = { ...world.pod("p", "c", {}, false) };
  assert.deepEqual(
    woken.by(() => world.put(changed(first, { labels: { ...first.metadata.labels, a: "b" } }))),
    [],
  );
  const pod = (change: Partial<Pod["metadata"]>, more = {}) =>
    podMatters.updated?.(first, changed(first, change, more));
  assert.equal(pod({ deletionTimestamp: "t" }), true);
  assert.equal(pod({ annotations: { ...first.metadata.annotations, [DELETION_COST]: "-100" } }), true);
  assert.equal(pod({ annotations: { "checksum/provisioner-key": "d" } }), true);
  assert.equal(pod({}, { status: { ...first.status, phase: "Failed" } }), true);
  assert.equal(pod({}, { status: { ...first.status, podIP: "10.0.0.1" } }), false);
  assert.deepEqual(woken.by(() => world.pod("p", "c")), US, "it is ready now");
  assert.deepEqual(woken.by(() => world.remove(world.pods.list()[0] as KubeObject)), US);
});

Deno.test("a Deployment wakes it where its rollout goes on", async () => {
  await using woken = await Woken.start();
  const { world } = woken;
  assert.deepEqual(woken.by(() => world.deployment("c")), US);
  assert.deepEqual(woken.by(() => world.deployment("c")), [], "nothing but a version");
  assert.deepEqual(woken.by(() => world.deployment("d")), US);
  const [live] = world.deployments.list() as Deployment[];
  assert.ok(live);
  const status = { ...live.status, replicas: 5 };
  assert.equal(rolloutChanged.updated?.(live, changed(live, {}, { status })), true);
  assert.equal(
    rolloutChanged.updated?.(live, changed(live, {}, { status: { ...live.status, conditions: [] } })),
    false,
  );
});

Deno.test("news of lists wake those whom they concern", async () => {
  await using woken = await Woken.start();
  const { world } = woken;
  const news = (kind: ListNews["kind"], more: Partial<ListNews> = {}): ListNews => ({
    kind,
    controlPlane: "a/coder",
    deploymentId: undefined,
    organization: "o",
    changed: new Set(["x"]),
    ...more,
  });
  assert.deepEqual(woken.by(() => woken.tell(news("jobs"))), US);
  assert.deepEqual(woken.by(() => woken.tell(news("jobs", { controlPlane: "a/other" }))), []);
  const object = changed(world.object, {}, { status: { provisionerKeyName: "Prov", organizationID: "o" } });
  const told = (kind: ListNews["kind"], more: Partial<ListNews> = {}) => concerns(news(kind, more), object);
  assert.equal(told("keys"), false);
  assert.equal(told("keys", { changed: new Set(["prov"]) }), true, "Coder has small letters");
  assert.equal(told("keys", { changed: new Set(["prov"]), organization: "p" }), false);
  assert.equal(told("daemons"), true);
  assert.equal(told("jobs", { organization: "p" }), false);
  assert.equal(told("organizations", { organization: undefined }), true);
  assert.equal(told("proxies"), false);
  assert.equal(
    concerns(news("jobs"), storedProvisioner()),
    false,
    "without autoscale, jobs are nobody's business",
  );
  assert.equal(concerns(news("keys"), storedProvisioner()), false);
});

Deno.test("a control plane that is gone is told", async () => {
  await using world = await VisitWorld.start();
  const gone: string[] = [];
  const source = goneControlPlanes(world as unknown as WorkloadKinds, (key) => void gone.push(keyText(key)));
  const stop = source.start(() => assert.fail("nobody is woken by that"));
  world.remove(world.home.controlPlane);
  stop();
  assert.deepEqual(gone, ["a/coder"]);
});
