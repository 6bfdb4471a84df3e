import assert from "node:assert/strict";
import { Deployments, Services } from "../../api/kubernetes/resources.ts";
import type { KubeObject, ObjectKey, ResourceType } from "../../api/object.ts";
import type { DeleteOptions } from "../client.ts";
import { KubeApiError } from "../errors.ts";
import type { KubeClient } from "../client.ts";
import type { SharedCache } from "../informer.ts";
import { ForeignObjectError } from "../applier.ts";
import { removeLeftover } from "./leftover.ts";
import { controllerReference } from "./owner_references.ts";
import { createApplier } from "./server_side_apply.ts";
import { silentLogger } from "../../telemetry/logger.ts";

const Planes: ResourceType = {
  group: "coder.com",
  version: "v1alpha1",
  kind: "CoderControlPlane",
  plural: "codercontrolplanes",
  namespaced: true,
};
const plane = (uid: string, name = "p"): KubeObject => ({
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { namespace: "a", name, uid },
});
const leftBy = (owner: KubeObject, change: Partial<KubeObject["metadata"]> = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    namespace: "a",
    name: "p",
    uid: "u-s",
    resourceVersion: "7",
    ownerReferences: [controllerReference(owner)],
    ...change,
  },
});
const refusal = (code: number, reason: string) =>
  new KubeApiError(code, reason, reason, { method: "DELETE", path: "/s" });

/** An API server that knows one control plane. */
function server(living: KubeObject | undefined, refuse?: Error) {
  const deleted: { key: ObjectKey; options: DeleteOptions | undefined }[] = [];
  const asked: ObjectKey[] = [];
  const client = {
    get: (_: ResourceType, key: ObjectKey) => {
      asked.push(key);
      return living === undefined
        ? Promise.reject(refusal(404, "NotFound"))
        : Promise.resolve(living as never);
    },
    delete: (_: ResourceType, key: ObjectKey, options?: DeleteOptions) => {
      deleted.push({ key, options });
      return refuse === undefined ? Promise.resolve() : Promise.reject(refuse);
    },
  };
  const remove = (live: KubeObject, owner: KubeObject) =>
    removeLeftover(client, Services, live, { owner, ownerType: Planes });
  return { client, deleted, asked, remove };
}

Deno.test("what a deleted namesake left behind is deleted, in the very state that was seen", async () => {
  const { remove, deleted, asked } = server(plane("new"));
  assert.equal(await remove(leftBy(plane("old")), plane("new")), true);
  assert.deepEqual(asked, [{ namespace: "a", name: "p" }]);
  assert.deepEqual(deleted, [{
    key: { namespace: "a", name: "p" },
    options: { preconditions: { uid: "u-s", resourceVersion: "7" } },
  }]);
});

Deno.test("an earlier version of the kind is the same kind", async () => {
  const { remove, deleted } = server(plane("new"));
  const old = { ...plane("old"), apiVersion: "coder.com/v1alpha0" };
  assert.equal(await remove(leftBy(old), plane("new")), true);
  assert.equal(deleted.length, 1);
});

Deno.test("where the cache is behind and the child's owner is the living one, nothing is deleted", async () => {
  const { remove, deleted } = server(plane("newer"));
  assert.equal(await remove(leftBy(plane("newer")), plane("new")), false);
  assert.deepEqual(deleted, []);
});

Deno.test("where the owner is gone itself, nothing is deleted", async () => {
  const { remove, deleted } = server(undefined);
  assert.equal(await remove(leftBy(plane("old")), plane("new")), false);
  assert.deepEqual(deleted, []);
});

Deno.test("children of others are none of our business, and nobody is asked about them", async () => {
  const { remove, deleted, asked } = server(plane("new"));
  const owner = plane("new");
  const ofAnotherKind = leftBy({ ...plane("old"), kind: "CoderProvisioner" });
  const ofAnotherGroup = leftBy({ ...plane("old"), apiVersion: "example.com/v1" });
  const ofTheCoreGroup = leftBy({ ...plane("old"), apiVersion: "v1" });
  const ofAnotherName = leftBy(plane("old", "q"));
  const elsewhere = leftBy(plane("old"), { namespace: "b" });
  const nobodys = leftBy(plane("old"), { ownerReferences: [] });
  const ours = leftBy(owner);
  const going = leftBy(plane("old"), { deletionTimestamp: "2024-01-01T00:00:00Z" });
  const all = [
    ofAnotherKind,
    ofAnotherGroup,
    ofTheCoreGroup,
    ofAnotherName,
    elsewhere,
    nobodys,
    ours,
    going,
  ];
  for (const live of all) assert.equal(await remove(live, owner), false, JSON.stringify(live.metadata));
  assert.deepEqual([deleted, asked], [[], []]);
});

Deno.test("somebody who was faster is no failure; a refusal is one", async () => {
  for (const error of [refusal(404, "NotFound"), refusal(409, "Conflict")]) {
    assert.equal(await server(plane("new"), error).remove(leftBy(plane("old")), plane("new")), true);
  }
  const forbidden = refusal(403, "Forbidden");
  await assert.rejects(server(plane("new"), forbidden).remove(leftBy(plane("old")), plane("new")), forbidden);
});

Deno.test("a refused question about the owner is a failure of the call, and its signal goes with every request", async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const { signal } = new AbortController();
  const client = {
    get: (_: ResourceType, __: ObjectKey, call?: { signal?: AbortSignal }) => {
      signals.push(call?.signal);
      return signals.length > 1 ? Promise.reject(refusal(500, "")) : Promise.resolve(plane("new") as never);
    },
    delete: (_: ResourceType, __: ObjectKey, call?: DeleteOptions) => {
      signals.push(call?.signal);
      return Promise.resolve();
    },
  };
  const successor = { owner: plane("new"), ownerType: Planes };
  const live = leftBy(plane("old"));
  assert.equal(await removeLeftover(client, Deployments, live, successor, { signal }), true);
  await assert.rejects(removeLeftover(client, Deployments, live, successor, { signal }), { code: 500 });
  assert.deepEqual(signals, [signal, signal, signal]);
});

Deno.test("the applier makes a leftover's successor in the same call, and refuses where it may not remove it", async () => {
  const requests: string[] = [];
  let stored: KubeObject | undefined = leftBy(plane("old"));
  const client = {
    get: (type: ResourceType) => {
      requests.push(`get ${type.plural}`);
      if (type === Planes) return Promise.resolve(plane("new"));
      return stored === undefined ? Promise.reject(refusal(404, "NotFound")) : Promise.resolve(stored);
    },
    delete: (type: ResourceType) => {
      requests.push(`delete ${type.plural}`);
      stored = undefined;
      return Promise.resolve();
    },
    patch: (type: ResourceType, _: ObjectKey, { body }: { body: KubeObject }) => {
      requests.push(`patch ${type.plural}`);
      stored = { ...body, metadata: { ...body.metadata, uid: "u-new", resourceVersion: "9" } };
      return Promise.resolve(stored);
    },
  } as unknown as KubeClient;
  const informer = { get: () => leftBy(plane("old")), observe: () => {} };
  const cache = { informer: () => informer } as unknown as SharedCache;
  const applier = createApplier({ client, cache, log: silentLogger });
  const desired: KubeObject = { apiVersion: "v1", kind: "Service", metadata: { namespace: "a", name: "p" } };
  const owner = plane("new");

  await assert.rejects(applier.apply(Services, desired, { owner }), ForeignObjectError);
  assert.deepEqual(requests, []);
  const { outcome, object } = await applier.apply(Services, desired, { owner, ownerType: Planes });
  assert.equal(outcome, "created");
  assert.equal(object.metadata.uid, "u-new");
  assert.deepEqual(requests, [
    "get codercontrolplanes",
    "delete services",
    "get services",
    "patch services",
  ]);
});
