import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { Deployments, Namespaces, Services } from "../../api/kubernetes/resources.ts";
import { ForeignObjectError } from "../applier.ts";
import { controllerReference } from "./owner_references.ts";
import { claim, type ClaimOptions } from "./ownership.ts";

const owner: KubeObject = {
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { name: "coder", namespace: "a", uid: "u-1" },
};

function service(metadata: KubeObject["metadata"]): KubeObject {
  return { apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "a", ...metadata } };
}

function refusal(live: KubeObject, options: ClaimOptions, type = Services as never): ForeignObjectError {
  try {
    claim(type, live, options);
  } catch (error) {
    assert.ok(error instanceof ForeignObjectError);
    return error;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

Deno.test("what the owner controls is ours", () => {
  const live = service({ ownerReferences: [controllerReference(owner)] });
  assert.equal(claim(Services, live, { owner }), "ours");
});

Deno.test("what another controls is refused, whatever its annotations and whatever we think of it", () => {
  const other = controllerReference({
    ...owner,
    kind: "CoderWorkspaceProxy",
    metadata: { name: "wp", uid: "u-2" },
  });
  const live = service({ ownerReferences: [other], annotations: { "coder.com/adopt": "coder" } });
  for (const options of [{ owner }, {}, { owner, isOurs: () => true }]) {
    const error = refusal(live, options);
    assert.equal(error.kind, "controlled");
    assert.deepEqual(error.key, { namespace: "a", name: "web" });
    assert.equal(error.resource, "services");
    assert.match(
      error.message,
      /Service a\/web is controlled by CoderWorkspaceProxy wp \(uid u-2\), so it is left alone/,
    );
  }
});

Deno.test("the remains of an earlier owner of the same name are explained as such", () => {
  const earlier = controllerReference({ ...owner, metadata: { ...owner.metadata, uid: "u-0" } });
  const error = refusal(service({ ownerReferences: [earlier] }), { owner });
  assert.equal(error.kind, "controlled");
  assert.match(error.message, /earlier object of the same name/);
});

Deno.test("what nobody controls is refused, with the command that allows it", () => {
  const error = refusal(service({}), { owner });
  assert.equal(error.kind, "uncontrolled");
  assert.match(error.message, /kubectl annotate services web --namespace a coder\.com\/adopt=coder$/);
  assert.match(error.message, /deleted together with the CoderControlPlane/);
});

Deno.test("the command names the group of the resource, and no namespace where there is none", () => {
  const grouped = refusal(service({}), { owner }, Deployments as never);
  assert.match(grouped.message, /kubectl annotate deployments\.apps web --namespace a /);
  const cluster = refusal({ ...service({}), metadata: { name: "web" } }, {}, Namespaces as never);
  assert.match(cluster.message, /kubectl annotate namespaces web coder\.com\/adopt=coder-k8s$/);
});

Deno.test("the annotation allows exactly the owner that it names", () => {
  assert.equal(claim(Services, service({ annotations: { "coder.com/adopt": "coder" } }), { owner }), "adopt");
  assert.equal(
    refusal(service({ annotations: { "coder.com/adopt": "other" } }), { owner }).kind,
    "uncontrolled",
  );
  assert.equal(claim(Services, service({ annotations: { "coder.com/adopt": "coder-k8s" } }), {}), "adopt");
});

Deno.test("without an owner, our fingerprint says what is ours", () => {
  const applied = service({ annotations: { "coder.com/applied": "0123" } });
  assert.equal(claim(Services, applied, {}), "ours");
  assert.equal(refusal(applied, { owner }).kind, "uncontrolled", "with one, the owner reference does");
});

Deno.test("the caller's own knowledge replaces the fingerprint", () => {
  const labelled = service({ labels: { "coder.com/control-plane": "coder" } });
  const isOurs = (live: KubeObject) => live.metadata.labels?.["coder.com/control-plane"] === "coder";
  assert.equal(claim(Services, labelled, { isOurs }), "ours");
  assert.equal(claim(Services, labelled, { owner, isOurs }), "ours");
  assert.equal(
    refusal(service({ annotations: { "coder.com/applied": "0" } }), { isOurs }).kind,
    "uncontrolled",
  );
});

Deno.test("references that do not control make nobody the controller", () => {
  const reference = { ...controllerReference(owner), controller: false };
  assert.equal(refusal(service({ ownerReferences: [reference] }), { owner }).kind, "uncontrolled");
});
