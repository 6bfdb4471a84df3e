import assert from "node:assert/strict";
import { ServiceAccounts } from "../../api/kubernetes/resources.ts";
import type { Deployment, ServiceAccount } from "../../api/kubernetes/types.ts";
import { keyOf, type ObjectKey } from "../../api/object.ts";
import { APPLIED_ANNOTATION } from "../../kube/applier.ts";
import type { PatchBody } from "../../kube/client.ts";
import { isForbidden, KubeApiError } from "../../kube/errors.ts";
import { controlledBy, FakeInformer, make } from "../../reconciler/testing/fakes.ts";
import type { Tools } from "../pass/step.ts";
import { deployment, EventLog, FakeApplier, RUNNING, widget, widgetPass } from "../testing.ts";
import { keepServiceAccount, removeOldServiceAccounts } from "./service_account.ts";

const labels = { app: "x", instance: "w" };
const desired: ServiceAccount = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "runner", namespace: "a", labels },
};

/** The ServiceAccounts of namespace `a`. */
class World {
  readonly accounts = new FakeInformer(ServiceAccounts);
  readonly applier = new FakeApplier();
  readonly events = new EventLog();
  readonly patches: unknown[] = [];
  refuse: unknown;
  readonly object = widget();
  readonly tools = {
    applier: this.applier,
    events: this.events,
    kinds: {
      serviceAccounts: {
        list: ({ namespace }: ObjectKey) =>
          this.accounts.list().filter(({ metadata }) => metadata.namespace === namespace),
        observe: (account: ServiceAccount) => this.accounts.put(account),
      },
    },
    client: {
      patch: (_type: unknown, { name }: ObjectKey, { body }: PatchBody) => {
        if (this.refuse !== undefined) return Promise.reject(this.refuse);
        this.patches.push([name, body]);
        return Promise.resolve(make(ServiceAccounts, name, { namespace: "a" }));
      },
    },
  } as unknown as Tools;

  /** Adds one; of this object, unless another owner is given. */
  has(name: string, metadata: Partial<ServiceAccount["metadata"]> = {}): this {
    const ownerReferences = controlledBy(this.object);
    this.accounts.put(
      make(ServiceAccounts, name, { namespace: "a", labels, ownerReferences, ...metadata }),
    );
    return this;
  }

  keep(wanted: ServiceAccount | undefined): Promise<void> {
    return keepServiceAccount(widgetPass({ object: this.object }), this.tools, wanted, labels);
  }

  /** Names of those that were deleted. */
  async remove(current: string | undefined, live: Deployment | null = RUNNING): Promise<string[]> {
    for (const account of this.accounts.list()) {
      this.applier.owned.add(`ServiceAccount a/${keyOf(account).name}`);
    }
    const pass = widgetPass({ object: this.object, ...(live !== null && { deployment: live }) });
    await removeOldServiceAccounts(pass, this.tools, current, labels);
    return this.applier.done.splice(0).map((each) => each.slice("delete ServiceAccount a/".length));
  }
}

Deno.test("the ServiceAccount that is wanted is applied, and may be one that was given up before", async () => {
  const world = new World();
  await world.keep(desired);
  assert.deepEqual(world.applier.done, ["apply ServiceAccount a/runner"]);
  const isOurs = world.applier.applied[0]?.options.isOurs;
  const account = (metadata: object) => make(ServiceAccounts, "runner", { namespace: "a", ...metadata });
  const annotations = { [APPLIED_ANNOTATION]: "h" };
  assert.equal(isOurs?.(account({ labels: { ...labels, team: "t" }, annotations })), true);
  assert.equal(isOurs?.(account({ labels })), false, "nobody of ours ever applied it");
  assert.equal(isOurs?.(account({ labels: { app: "x", instance: "other" }, annotations })), false);
});

Deno.test("where none is wanted, ours are given up and stay as they are", async () => {
  const world = new World().has("runner").has("theirs", { ownerReferences: [] });
  world.has("elsewhere", { namespace: "b" });
  await world.keep(undefined);
  const path = "/metadata/ownerReferences/0";
  assert.deepEqual(world.patches, [["runner", [
    { op: "test", path: `${path}/uid`, value: "uid-1" },
    { op: "remove", path },
  ]]]);
  assert.deepEqual(world.applier.done, []);
  assert.match(world.events.lines.join(), /^Normal Released: ServiceAccount runner is no longer/);
  await world.keep(undefined);
  assert.equal(world.patches.length, 1, "the cache knows of it at once");
});

Deno.test("our owner reference is found among those of others", async () => {
  const world = new World();
  const other = { apiVersion: "v1", kind: "ConfigMap", name: "c", uid: "other" };
  world.has("runner", { ownerReferences: [other, ...controlledBy(world.object)] });
  await world.keep(undefined);
  const [[, [test] = []] = []] = world.patches as [string, { path: string }[]][];
  assert.equal(test?.path, "/metadata/ownerReferences/1/uid");
});

Deno.test("one that is gone by then is no failure, any other refusal is thrown", async () => {
  const world = new World().has("runner");
  const refused = (code: number, reason: string) =>
    new KubeApiError(code, reason, "no", { method: "PATCH", path: "/" });
  world.refuse = refused(404, "NotFound");
  await world.keep(undefined);
  assert.deepEqual(world.events.lines, []);
  world.refuse = refused(403, "Forbidden");
  await assert.rejects(world.keep(undefined), isForbidden);
});

Deno.test("ServiceAccounts of earlier names go once no pod runs as them", async () => {
  const world = new World().has("old").has("new");
  assert.deepEqual(await world.remove("new", deployment()), [], "pods are still being replaced");
  const withoutDeployment = await world.remove("new", null);
  assert.deepEqual(withoutDeployment, [], "nobody knows what pods there are");
  assert.deepEqual(await world.remove("new"), ["old"]);
  assert.deepEqual(world.events.lines, [
    "Normal Deleted: Deleted ServiceAccount old: no pod uses it any more",
  ]);
});

Deno.test("the one that pods run as stays, and so do those of others and those that do not bear our labels", async () => {
  const world = new World().has("kept").has("marked", { labels: {} }).has("foreign", { ownerReferences: [] });
  const kept = structuredClone(RUNNING);
  kept.spec!.template = { spec: { containers: [], serviceAccountName: "kept" } };
  assert.deepEqual(await world.remove("new", kept), []);
  assert.deepEqual(await world.remove(undefined), ["kept"]);
});
