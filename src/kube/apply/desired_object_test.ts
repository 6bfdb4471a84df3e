import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import type { Deployment, Secret, Service } from "../../api/kubernetes/types.ts";
import { Deployments, Namespaces, Secrets, Services } from "../../api/kubernetes/resources.ts";
import { APPLIED_ANNOTATION } from "../applier.ts";
import { prepare, withPreconditions } from "./desired_object.ts";
import { DuplicateKeyError } from "./duplicate_keys.ts";

const owner: KubeObject = {
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { name: "coder", namespace: "a", uid: "u-1" },
};

function service(change: Partial<Service["metadata"]> = {}): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "a", labels: { l: "1" }, ...change },
    spec: { ports: [{ port: 80 }] },
  };
}

Deno.test("the body carries the owner and the fingerprint of everything else", () => {
  const { body, hash } = prepare(Services, service(), owner);
  assert.match(hash, /^[0-9a-f]{16}$/);
  assert.deepEqual(body.metadata.annotations, { [APPLIED_ANNOTATION]: hash });
  assert.equal(body.metadata.ownerReferences?.[0]?.uid, "u-1");
  assert.deepEqual(body.spec, { ports: [{ port: 80 }] });
});

Deno.test("the fingerprint does not depend on the order of keys or on an earlier fingerprint", () => {
  const { hash } = prepare(Services, service(), owner);
  const { metadata, ...rest } = service({ annotations: { [APPLIED_ANNOTATION]: "earlier" } });
  assert.equal(prepare(Services, { metadata, ...rest }, owner).hash, hash);
});

Deno.test("the fingerprint changes with the object and with its owner", () => {
  const hashes = [
    prepare(Services, service(), owner).hash,
    prepare(Services, service(), undefined).hash,
    prepare(Services, service(), { ...owner, metadata: { ...owner.metadata, uid: "u-2" } }).hash,
    prepare(Services, service({ labels: {} }), owner).hash,
    prepare(Services, service({ annotations: { a: "1" } }), owner).hash,
  ];
  assert.equal(new Set(hashes).size, hashes.length);
});

Deno.test("apiVersion and kind come from the resource, so that nobody has to repeat them", () => {
  const bare = { metadata: { name: "d", namespace: "a" } } as Deployment;
  const { body } = prepare(Deployments, bare, undefined);
  assert.equal(body.apiVersion, "apps/v1");
  assert.equal(body.kind, "Deployment");
});

Deno.test("what only the server may set is left out", () => {
  const desired = {
    ...service({
      uid: "x",
      resourceVersion: "5",
      generation: 2,
      creationTimestamp: "2026-01-01T00:00:00Z",
      managedFields: [],
      deletionTimestamp: "2026-01-01T00:00:00Z",
    }),
    status: { loadBalancer: {} },
  };
  const { body, hash } = prepare(Services, desired, undefined);
  assert.deepEqual(Object.keys(body.metadata).sort(), ["annotations", "labels", "name", "namespace"]);
  assert.equal("status" in body, false);
  assert.equal(hash, prepare(Services, service(), undefined).hash);
});

Deno.test("the desired object itself stays as it was", () => {
  const desired = service({ annotations: { a: "1" } });
  const before = structuredClone(desired);
  const { body } = prepare(Services, desired, owner);
  withPreconditions(body, { uid: "u", resourceVersion: "1" });
  assert.deepEqual(desired, before);
  assert.equal(body.metadata.uid, undefined);
});

Deno.test("preconditions are put into the metadata, absent ones are not", () => {
  const { body } = prepare(Services, service(), owner);
  assert.equal(withPreconditions(body, { uid: "u" }).metadata.uid, "u");
  assert.equal("resourceVersion" in withPreconditions(body, { uid: "u" }).metadata, false);
  assert.equal(withPreconditions(body, { resourceVersion: "1" }).metadata.resourceVersion, "1");
});

Deno.test("objects that can never be applied are refused at once, in words", () => {
  assert.throws(
    () => prepare(Services, service({ name: "" }), owner),
    /Cannot apply a Service without a name/,
  );
  const { namespace: _namespace, ...nowhere } = service().metadata;
  assert.throws(
    () => prepare(Services, { ...service(), metadata: nowhere }, undefined),
    /the kind is namespaced/,
  );
  const placed = { apiVersion: "v1", kind: "Namespace", metadata: { name: "n", namespace: "a" } };
  assert.throws(() => prepare(Namespaces, placed, undefined), /the kind is cluster-scoped/);
  assert.throws(
    () => prepare(Services, service({ namespace: "b" }), owner),
    /owners must be in the same namespace/,
  );
});

Deno.test("stringData is refused: the server never gives it back", () => {
  const secret: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s", namespace: "a" },
    stringData: { key: "hunter2" },
  };
  assert.throws(() => prepare(Secrets, secret, undefined), (error: unknown) => {
    assert.match(String(error), /Secret a\/s with stringData/);
    return !String(error).includes("hunter2");
  });
});

Deno.test("two items of one key are refused before anything is sent", () => {
  const twice = { ...service(), spec: { ports: [{ port: 80, name: "a" }, { port: 80, name: "b" }] } };
  assert.throws(() => prepare(Services, twice, owner), DuplicateKeyError);
});
