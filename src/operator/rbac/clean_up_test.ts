import assert from "node:assert/strict";
import { RoleBindings, Roles } from "../../api/kubernetes/resources.ts";
import type { SelfSubjectAccessReview } from "../../api/kubernetes/types.ts";
import { keyOf, type KubeObject, type ObjectKey, type ResourceType } from "../../api/object.ts";
import type { KubeClient, ListOptions } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events/events.ts";
import { isForbidden, KubeApiError } from "../../kube/errors.ts";
import { make, WIDGET } from "../../reconciler/testing/fakes.ts";
import { cleanUpRbac, tellCleanUp } from "./clean_up.ts";
import type { RbacOwner } from "./managed_rbac.ts";

const marks = { "example.com/widget": "w", "example.com/widget-namespace": "a" };
const owner: RbacOwner = {
  object: make(WIDGET, "w", { namespace: "a", uid: "uid-1" }),
  namespace: "a",
  uid: "uid-1",
  serviceAccount: "w",
  labels: { ...marks, "app.kubernetes.io/managed-by": "coder-k8s" },
  marks,
  index: { name: "none", value: "" },
  names: () => ({ roleName: "w-role", bindingName: "w-binding" }),
};

/** Answers lists, and notes what is asked and deleted. */
class Api {
  lists: (string | undefined)[] = [];
  deleted: string[] = [];
  objects: KubeObject[] = [];
  refuse: (verb: string, key: Partial<ObjectKey>) => number | undefined = () => undefined;
  client = {
    list: (type: ResourceType, { namespace, labelSelector }: ListOptions) => {
      this.lists.push(namespace);
      assert.match(labelSelector ?? "", /^example.com\/widget=w,example.com\/widget-namespace=a,app/);
      const items = this.objects.filter(({ kind, metadata }) =>
        kind === type.kind && (namespace === undefined || metadata.namespace === namespace)
      );
      return this.#answer("list", { namespace: namespace ?? "" }, { items });
    },
    delete: (type: ResourceType, key: ObjectKey, { preconditions }: { preconditions: object }) => {
      assert.deepEqual(preconditions, { uid: `uid-of-${key.name}` });
      const answer = this.#answer("delete", key, undefined);
      return answer.then(() => void this.deleted.push(`${type.kind} ${key.namespace}/${key.name}`));
    },
  } as unknown as KubeClient;

  async #answer<T>(verb: string, key: Partial<ObjectKey>, answer: T): Promise<T> {
    const code = this.refuse(verb, key);
    if (code === undefined) return await Promise.resolve(answer);
    throw new KubeApiError(code, "", `no ${verb} in ${key.namespace}`, { method: "X", path: "/" });
  }

  put(type: ResourceType, namespace: string, name: string, uid = "uid-1"): void {
    const annotations = { "coder.com/workspace-rbac-owner-uid": uid };
    this.objects.push(make(type, name, { namespace, labels: marks, annotations, uid: `uid-of-${name}` }));
  }
}

const signal = new AbortController().signal;
const run = (api: Api, namespaces: string[] = [], others: string[] = []) =>
  cleanUpRbac(owner, { client: api.client, namespaces, others, signal });

Deno.test("bindings go before Roles, those of others stay", async () => {
  const api = new Api();
  api.put(Roles, "b", "r");
  api.put(RoleBindings, "b", "s");
  api.put(RoleBindings, "c", "t", "uid-of-another");
  assert.deepEqual(await run(api), { deleted: ["RoleBinding b/s", "Role b/r"], unseen: [] });
  assert.deepEqual(api.deleted, ["RoleBinding b/s", "Role b/r"]);
  assert.deepEqual(api.lists, [undefined, undefined], "one list of each kind for all namespaces");
});

Deno.test("an operator of few namespaces looks there and where it is told, each once", async () => {
  const api = new Api();
  api.put(Roles, "w", "r");
  api.put(Roles, "z", "s");
  assert.deepEqual((await run(api, ["a", "b"], ["b", "w"])).deleted, ["Role w/r"]);
  assert.deepEqual(api.lists, ["a", "b", "w", "a", "b", "w"]);
});

Deno.test("where it may not look, it does not try; where that cannot be asked, it does", async () => {
  const api = new Api();
  api.put(Roles, "w", "r");
  const asked: string[] = [];
  const create: KubeClient["create"] = (_type, object) => {
    const { resourceAttributes } = (object as unknown as SelfSubjectAccessReview).spec;
    asked.push(
      `${resourceAttributes?.verb} ${resourceAttributes?.resource} in ${resourceAttributes?.namespace}`,
    );
    if (resourceAttributes?.namespace === "x") return Promise.reject(new Error("nobody answers"));
    const allowed = resourceAttributes?.namespace !== "shut";
    return Promise.resolve({ ...object, status: { allowed } });
  };
  Object.assign(api.client, { create });
  assert.deepEqual(await run(api, ["a"], ["w", "shut", "x"]), { deleted: ["Role w/r"], unseen: ["shut"] });
  assert.deepEqual(api.lists, ["a", "w", "x", "a", "w", "x"]);
  assert.deepEqual(
    asked,
    ["rolebindings", "roles"].flatMap((kind) =>
      ["w", "shut", "x"].map((place) => `list ${kind} in ${place}`)
    ),
  );
});

Deno.test("what it may not look into beyond its scope is named; within it, that is a failure", async () => {
  const api = new Api();
  api.refuse = (verb, { namespace }) => verb === "list" && namespace === "w" ? 403 : undefined;
  assert.deepEqual(await run(api, ["a"], ["w"]), { deleted: [], unseen: ["w"] });
  await assert.rejects(run(api, ["a", "w"]), isForbidden);
});

Deno.test("a failure in one namespace holds up no other, and is thrown in the end", async () => {
  const api = new Api();
  for (const namespace of ["b", "c", "d"]) api.put(Roles, namespace, `r-${namespace}`);
  api.refuse = (verb, { namespace }) => verb === "delete" && namespace !== "d" ? 500 : undefined;
  await assert.rejects(run(api), /^AggregateError: no delete in b; no delete in c$/);
  assert.deepEqual(api.deleted, ["Role d/r-d"]);
});

Deno.test("what went by itself, or was replaced, is no failure", async () => {
  for (const code of [404, 409]) {
    const api = new Api();
    api.put(Roles, "b", "r");
    api.refuse = (verb) => verb === "delete" ? code : undefined;
    assert.deepEqual(await run(api), { deleted: [], unseen: [] });
  }
});

Deno.test("labels that no object can have are not asked for", async () => {
  const api = new Api();
  const labels = { "example.com/widget": "w".repeat(64) };
  const result = await cleanUpRbac({ ...owner, labels }, { client: api.client, namespaces: [], signal });
  assert.deepEqual([result, api.lists], [{ deleted: [], unseen: [] }, []]);
});

Deno.test("an abort is thrown as it is", async () => {
  const stop = new AbortController();
  const api = new Api();
  api.refuse = () => {
    stop.abort(new Error("stopped"));
    return 500;
  };
  const options = { client: api.client, namespaces: [], signal: stop.signal };
  await assert.rejects(cleanUpRbac(owner, options), /^Error: stopped$/);
});

Deno.test("events tell what was removed, and what could not be looked into; nothing tells nothing", () => {
  const told: string[] = [];
  const events = {
    event: (object: KubeObject, type: string, reason: string, note: string) =>
      void told.push(`${keyOf(object).name} ${type} ${reason}: ${note}`),
  } as unknown as EventRecorder;
  tellCleanUp({ deleted: [], unseen: [] }, owner.object, events);
  assert.deepEqual(told, []);
  tellCleanUp({ deleted: ["Role b/r"], unseen: ["w"] }, owner.object, events);
  assert.equal(told[0], "w Normal RBACRemoved: Removed workspace RBAC: Role b/r");
  assert.match(told[1] ?? "", /^w Warning RBACNotRemoved: The operator may not look into w, which spec.rbac/);
  assert.equal(told.length, 2);
});
