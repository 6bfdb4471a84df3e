import assert from "node:assert/strict";
import type { KubeObject, ObjectKey, ResourceType } from "../api/object.ts";
import type { KubeClient, ListOptions, PatchBody } from "../kube/client.ts";
import { isForbidden, KubeApiError } from "../kube/errors.ts";
import { finalize, RBAC_FINALIZER } from "./finalizer.ts";
import { storedControlPlane } from "./testing.ts";

const call = { method: "PATCH", path: "/" };
const signal = new AbortController().signal;

/** Answers lists from `roles` and `bindings`, and notes everything else. */
class Api {
  lists: ListOptions[] = [];
  deleted: string[] = [];
  patches: PatchBody[] = [];
  roles: KubeObject[] = [];
  client = {
    list: (type: ResourceType, options: ListOptions) => {
      this.lists.push(options);
      return Promise.resolve({ items: type.kind === "Role" ? this.roles : [], resourceVersion: "1" });
    },
    delete: (type: ResourceType, key: ObjectKey) =>
      Promise.resolve(void this.deleted.push(`${type.kind} ${key.namespace}/${key.name}`)),
    patch: (_type: ResourceType, _key: ObjectKey, patch: PatchBody) => {
      this.patches.push(patch);
      return Promise.resolve({});
    },
  } as unknown as KubeClient;
}

const role = (namespace: string): KubeObject => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: {
    name: "r",
    namespace,
    uid: `uid-${namespace}`,
    labels: { "coder.com/control-plane": "coder", "coder.com/control-plane-namespace": "a" },
    annotations: { "coder.com/workspace-rbac-owner-uid": "uid-1" },
  },
});
const deleting = (finalizers: string[], extra = {}) => storedControlPlane({}, { finalizers, ...extra });
const options = (api: Api, namespaces: string[] = []) => ({ client: api.client, namespaces, signal });

Deno.test("without the finalizer there is nothing to do", async () => {
  const api = new Api();
  const nothing = { deleted: [], unseen: [] };
  assert.deepEqual(await finalize(deleting(["other/finalizer"]), options(api)), nothing);
  assert.deepEqual(await finalize(storedControlPlane(), options(api)), nothing);
  assert.deepEqual([api.lists, api.patches], [[], []]);
});

Deno.test("managed objects of all namespaces go, then only our finalizer", async () => {
  const api = new Api();
  api.roles = [role("b"), role("c"), { ...role("d"), metadata: { name: "foreign", namespace: "d" } }];
  const { deleted } = await finalize(deleting(["x/first", RBAC_FINALIZER]), options(api));
  assert.deepEqual(deleted, ["Role b/r", "Role c/r"]);
  assert.deepEqual(api.deleted, deleted);
  assert.ok(api.lists.every(({ namespace }) => namespace === undefined));
  assert.match(
    api.lists[0]?.labelSelector ?? "",
    /coder.com\/control-plane=coder,coder.com\/control-plane-namespace=a/,
  );
  assert.deepEqual(api.patches, [{
    type: "json",
    body: [
      { op: "test", path: "/metadata/finalizers/1", value: RBAC_FINALIZER },
      { op: "remove", path: "/metadata/finalizers/1" },
    ],
  }]);
});

Deno.test("an operator of few namespaces looks only there, and where the spec points", async () => {
  const api = new Api();
  const object = storedControlPlane({ rbac: { workspaceNamespaces: ["w", "a"] } }, {
    finalizers: [RBAC_FINALIZER],
  });
  await finalize(object, options(api, ["a"]));
  assert.deepEqual(api.lists.map(({ namespace }) => namespace), ["a", "w", "a", "w"]);
});

Deno.test("a name that cannot be a label value has nothing to clean up", async () => {
  const api = new Api();
  await finalize(deleting([RBAC_FINALIZER], { name: "a".repeat(64) }), options(api));
  assert.deepEqual(api.lists, []);
  assert.equal(api.patches.length, 1);
});

Deno.test("an object that went by itself, or was replaced, is no failure", async () => {
  const api = new Api();
  api.roles = [role("b"), role("c")];
  const codes = [404, 409];
  api.client.delete = () => Promise.reject(new KubeApiError(codes.shift() ?? 500, "", "m", call));
  assert.deepEqual((await finalize(deleting([RBAC_FINALIZER]), options(api))).deleted, []);
  assert.equal(api.patches.length, 1);
});

Deno.test("a clean-up that is refused keeps the finalizer", async () => {
  const api = new Api();
  api.roles = [role("b")];
  api.client.delete = () => Promise.reject(new KubeApiError(403, "Forbidden", "m", call));
  await assert.rejects(finalize(deleting([RBAC_FINALIZER]), options(api)), isForbidden);
  assert.deepEqual(api.patches, []);
});

Deno.test("what cannot be removed in one namespace holds up no other, but the finalizer", async () => {
  const api = new Api();
  api.roles = [role("b"), role("c"), role("d")];
  const free = api.client.delete;
  api.client.delete = (type, key, rest) =>
    key.namespace === "d"
      ? free(type, key, rest)
      : Promise.reject(new KubeApiError(403, "Forbidden", `no deletes in ${key.namespace}`, call));
  await assert.rejects(
    finalize(deleting([RBAC_FINALIZER]), options(api)),
    /^AggregateError: no deletes in b; no deletes in c$/,
  );
  assert.deepEqual(api.deleted, ["Role d/r"]);
  assert.deepEqual(api.patches, []);
});

Deno.test("a namespace out of scope that may not be looked into is named, and holds nothing up", async () => {
  const api = new Api();
  const list = api.client.list;
  api.client.list = (type, rest) =>
    rest?.namespace === "a"
      ? list(type, rest)
      : Promise.reject(new KubeApiError(403, "Forbidden", "not there", call));
  const object = storedControlPlane({ rbac: { workspaceNamespaces: ["w"] } }, {
    finalizers: [RBAC_FINALIZER],
  });
  assert.deepEqual(await finalize(object, options(api, ["a"])), { deleted: [], unseen: ["w"] });
  assert.equal(api.patches.length, 1);
  await assert.rejects(finalize(object, options(api, ["b"])), isForbidden);
  assert.equal(api.patches.length, 1);
});
