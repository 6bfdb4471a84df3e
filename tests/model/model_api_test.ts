import assert from "node:assert/strict";
import { type CoderProvisioner, CoderProvisioners } from "../../src/api/provisioner.ts";
import { ConfigMaps, Deployments, Pods, Secrets } from "../../src/api/kubernetes/resources.ts";
import type { ConfigMap, Deployment } from "../../src/api/kubernetes/types.ts";
import { KubeApiError } from "../../src/kube/errors.ts";
import { type Change, ModelApi } from "./model_api.ts";

const key = { namespace: "ns", name: "one" };

function rig() {
  const api = new ModelApi(() => "2026-01-01T00:00:00Z");
  const changes: Change[] = [];
  api.onChange((change) => changes.push(change));
  return { api, changes };
}

function configMap(
  data: Record<string, string> = {},
  metadata: Partial<ConfigMap["metadata"]> = {},
): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { ...key, ...metadata }, data };
}

function provisioner(metadata: Partial<CoderProvisioner["metadata"]> = {}): CoderProvisioner {
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderProvisioner",
    metadata: { ...key, ...metadata },
    spec: { controlPlaneRef: { name: "a" } },
  };
}

function refused(code: number, run: () => unknown): void {
  assert.throws(run, (error) => error instanceof KubeApiError && error.code === code);
}

const apply = (api: ModelApi, body: ConfigMap, by = "operator-1", fieldManager = "coder-k8s") =>
  api.patch(ConfigMaps, key, { type: "apply", body, force: true }, by, { fieldManager });

Deno.test("an object has a UID, a version and a generation, and exists once", () => {
  const { api } = rig();
  const made = api.create(ConfigMaps, configMap({ a: "1" }), "user");
  assert.ok(made.metadata.uid && made.metadata.resourceVersion);
  assert.equal(made.metadata.generation, 1);
  refused(409, () => api.create(ConfigMaps, configMap(), "user"));
  refused(404, () => api.get(ConfigMaps, { ...key, name: "two" }));
  assert.throws(() => Object.assign(made, { data: {} }), TypeError);
});

Deno.test("a write that changes nothing is none; another gives a new version, and a new generation only for content", () => {
  const { api, changes } = rig();
  const made = api.create(CoderProvisioners, provisioner(), "user");
  assert.equal(
    api.update(CoderProvisioners, made, "user").metadata.resourceVersion,
    made.metadata.resourceVersion,
  );
  const noted = api.update(
    CoderProvisioners,
    { ...made, metadata: { ...made.metadata, labels: { a: "b" } } },
    "user",
  );
  assert.equal(noted.metadata.generation, 1);
  const spec = { controlPlaneRef: { name: "b" } };
  const changed = api.update(CoderProvisioners, { ...noted, spec }, "user");
  assert.equal(changed.metadata.generation, 2);
  assert.deepEqual(changes.map(({ kind }) => kind), ["ADDED", "MODIFIED", "MODIFIED"]);
  assert.equal(changes.at(-1)?.before, noted);
});

Deno.test("an old version or another UID is a conflict", () => {
  const { api } = rig();
  const made = api.create(ConfigMaps, configMap(), "user");
  api.update(ConfigMaps, { ...made, data: { a: "1" } }, "user");
  refused(409, () => api.update(ConfigMaps, { ...made, data: { a: "2" } }, "user"));
  refused(409, () => api.delete(ConfigMaps, key, "user", { preconditions: { uid: "another" } }));
  const { resourceVersion: _, ...metadata } = made.metadata;
  assert.deepEqual(api.update(ConfigMaps, { ...made, metadata, data: { a: "3" } }, "user").data, { a: "3" });
});

Deno.test("the status is written by itself, and nothing else with it", () => {
  const { api } = rig();
  const made = api.create(
    CoderProvisioners,
    { ...provisioner(), status: { image: "no" } } as CoderProvisioner,
    "user",
  );
  assert.equal(made.status, undefined);
  const written = api.update(
    CoderProvisioners,
    { ...made, spec: { controlPlaneRef: { name: "no" } }, status: { image: "yes" } } as CoderProvisioner,
    "operator-1",
    { subresource: "status" },
  );
  assert.deepEqual([written.spec?.controlPlaneRef?.name, written.status?.image], ["a", "yes"]);
  assert.equal(written.metadata.generation, 1);
  const plain = api.update(
    CoderProvisioners,
    { ...written, status: { image: "no" } } as CoderProvisioner,
    "user",
  );
  assert.equal(plain.status?.image, "yes");
});

Deno.test("a held object stays until the last finalizer goes; it cannot be brought back", () => {
  const { api, changes } = rig();
  const made = api.create(CoderProvisioners, provisioner({ finalizers: ["x"] }), "user");
  api.delete(CoderProvisioners, key, "user");
  const held = api.get(CoderProvisioners, key);
  assert.equal(held.metadata.deletionTimestamp, "2026-01-01T00:00:00Z");
  assert.equal(held.metadata.generation, 2);
  api.delete(CoderProvisioners, key, "user");
  assert.equal(api.get(CoderProvisioners, key).metadata.generation, 2);
  const { deletionTimestamp: _, ...metadata } = held.metadata;
  const kept: CoderProvisioner = api.update(CoderProvisioners, { ...held, metadata }, "user");
  assert.ok(kept.metadata.deletionTimestamp);
  api.patch(CoderProvisioners, key, {
    type: "json",
    body: [{ op: "test", path: "/metadata/finalizers/0", value: "x" }, {
      op: "remove",
      path: "/metadata/finalizers/0",
    }],
  }, "operator-1");
  assert.equal(api.find(CoderProvisioners, key), undefined);
  assert.equal(changes.at(-1)?.kind, "DELETED");
  assert.equal(changes.at(-1)?.object.metadata.uid, made.metadata.uid);
});

Deno.test("a deletion in the foreground waits, a pod waits for its kubelet, others go at once", () => {
  const { api } = rig();
  const spec = { selector: {}, template: {} };
  api.create(
    Deployments,
    { apiVersion: "apps/v1", kind: "Deployment", metadata: key, spec } as Deployment,
    "user",
  );
  api.delete(Deployments, key, "operator-1", { propagationPolicy: "Foreground" });
  assert.deepEqual(api.get(Deployments, key).metadata.finalizers, ["foregroundDeletion"]);
  assert.equal(api.get(Deployments, key).spec?.replicas, 1);
  api.delete(Deployments, key, "operator-1", { propagationPolicy: "Background" });
  assert.equal(api.find(Deployments, key), undefined);
  api.create(Pods, { apiVersion: "v1", kind: "Pod", metadata: key }, "user");
  api.delete(Pods, key, "user");
  assert.ok(api.get(Pods, key).metadata.deletionTimestamp);
  api.update(Pods, { ...api.get(Pods, key), status: { phase: "Running" } }, "kubelet", {
    subresource: "status",
  });
  api.delete(Pods, key, "kubelet", { gracePeriodSeconds: 0 });
  assert.equal(api.find(Pods, key), undefined);
});

Deno.test("an object whose owners are all gone is garbage", () => {
  const { api } = rig();
  const owner = api.create(CoderProvisioners, provisioner(), "user");
  const reference = {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderProvisioner",
    name: "one",
    uid: owner.metadata.uid ?? "",
  };
  api.create(ConfigMaps, configMap({}, { ownerReferences: [reference] }), "user");
  assert.deepEqual(api.garbage(), []);
  assert.equal(api.dependents(owner.metadata.uid).length, 1);
  api.delete(CoderProvisioners, key, "user");
  assert.deepEqual(api.garbage().map(({ type }) => type.kind), ["ConfigMap"]);
});

Deno.test("an apply takes away what it named before and names no more, and leaves what others wrote", () => {
  const { api } = rig();
  apply(api, configMap({ a: "1", b: "2" }, { labels: { x: "1" } }));
  api.patch(ConfigMaps, key, { type: "merge", body: { data: { c: "3" } } }, "user");
  const after = apply(api, configMap({ a: "1" }));
  assert.deepEqual([after.data, after.metadata.labels], [{ a: "1", c: "3" }, undefined]);
  const same = apply(api, configMap({ a: "1" }));
  assert.equal(same.metadata.resourceVersion, after.metadata.resourceVersion);
});

Deno.test("whoever changes a field owns it: an apply without it leaves it then", () => {
  const { api } = rig();
  apply(api, configMap({ a: "1" }));
  api.patch(ConfigMaps, key, { type: "merge", body: { data: { a: "theirs" } } }, "user");
  assert.deepEqual(apply(api, configMap({})).data, { a: "theirs" });
  assert.deepEqual(apply(api, configMap({ a: "ours" })).data, { a: "ours" });
  assert.equal(apply(api, configMap({})).data, undefined);
});

Deno.test("an apply merges lists by their keys", () => {
  const { api } = rig();
  const deployment = (env: { name: string; value: string }[]): Deployment => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: key,
    spec: { selector: {}, template: { spec: { containers: [{ name: "c", image: "i", env }] } } },
  });
  const send = (body: Deployment) =>
    api.patch(Deployments, key, { type: "apply", body, force: true }, "operator-1", {
      fieldManager: "coder-k8s",
    });
  send(deployment([{ name: "A", value: "1" }, { name: "B", value: "2" }]));
  const live = api.get(Deployments, key);
  const theirs = structuredClone(live);
  theirs.spec?.template.spec?.containers[0]?.env?.push({ name: "C", value: "3" });
  api.update(Deployments, theirs, "user");
  const { spec, metadata } = send(deployment([{ name: "B", value: "two" }]));
  assert.deepEqual(spec?.template.spec?.containers[0]?.env, [{ name: "B", value: "two" }, {
    name: "C",
    value: "3",
  }]);
  assert.equal(metadata.generation, 3);
});

Deno.test("an apply with version 1 makes, with a UID changes, and is refused where that does not hold", () => {
  const { api } = rig();
  const uid = { uid: "11111111-1111-1111-1111-111111111111" };
  refused(409, () => apply(api, configMap({}, uid)));
  const made = apply(api, configMap({ a: "1" }, { resourceVersion: "1" }));
  refused(409, () => apply(api, configMap({ a: "1" }, { resourceVersion: "1" })));
  refused(409, () => apply(api, configMap({ a: "1" }, uid)));
  assert.ok(apply(api, configMap({ a: "2" }, { uid: made.metadata.uid ?? "" })));
});

Deno.test("a patch whose test fails, or that leads nowhere, is refused with 422", () => {
  const { api } = rig();
  api.create(ConfigMaps, configMap({ a: "1" }), "user");
  for (
    const operation of [
      { op: "test", path: "/data/a", value: "2" },
      { op: "remove", path: "/data/b" },
      { op: "replace", path: "/metadata/finalizers/0", value: "x" },
    ] as const
  ) {
    refused(422, () => api.patch(ConfigMaps, key, { type: "json", body: [operation] }, "user"));
  }
  assert.throws(() => api.patch(ConfigMaps, key, { type: "strategic", body: {} }, "user"), /not modelled/);
});

Deno.test("managers can be rewritten by a patch, as a takeover does", () => {
  const { api } = rig();
  const made = api.create(ConfigMaps, configMap({ a: "1" }), "coder-k8s");
  const [entry] = made.metadata.managedFields ?? [];
  assert.deepEqual([entry?.operation, entry?.manager], ["Update", "coder-k8s"]);
  const moved = api.patch(ConfigMaps, key, {
    type: "json",
    body: [{ op: "replace", path: "/metadata/managedFields", value: [{ ...entry, operation: "Apply" }] }],
  }, "operator-1");
  assert.notEqual(moved.metadata.resourceVersion, made.metadata.resourceVersion);
  assert.equal(apply(api, configMap({})).data, undefined);
});

Deno.test("kinds and namespaces are apart", () => {
  const { api } = rig();
  api.create(ConfigMaps, configMap(), "user");
  api.create(ConfigMaps, configMap({}, { namespace: "other" }), "user");
  api.create(Secrets, { apiVersion: "v1", kind: "Secret", metadata: key }, "user");
  assert.equal(api.list(ConfigMaps).length, 2);
  assert.equal(api.list(ConfigMaps, "other").length, 1);
  assert.equal([...api.everything()].length, 3);
});
