import assert from "node:assert/strict";
import type { Deployment, ManagedFieldsEntry } from "../api/kubernetes/types.ts";
import { holderEntry, managedFieldsPatch, setAside, takeBack, TEMPLATE_HOLDER } from "./held_fields.ts";

const uid = "u-1";
const ownerReference = { "f:ownerReferences": { ".": {}, [`k:{"uid":"${uid}"}`]: {} } };
const templateFields = {
  "f:spec": { "f:containers": { 'k:{"name":"coder"}': { ".": {}, "f:image": {}, "f:name": {} } } },
};
const goEntry = {
  manager: "manager",
  operation: "Update",
  apiVersion: "apps/v1",
  time: "2026-01-01T00:00:00Z",
  fieldsType: "FieldsV1",
  fieldsV1: { "f:metadata": ownerReference, "f:spec": { "f:replicas": {}, "f:template": templateFields } },
};
const restart = {
  manager: "kubectl-rollout",
  operation: "Update",
  fieldsV1: { "f:spec": { "f:template": { "f:metadata": { "f:annotations": { "f:restartedAt": {} } } } } },
};

function deployment(...managedFields: ManagedFieldsEntry[]): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "coder",
      namespace: "a",
      resourceVersion: "7",
      managedFields,
      ownerReferences: [{
        apiVersion: "coder.com/v1alpha1",
        kind: "CoderControlPlane",
        name: "coder",
        uid,
        controller: true,
      }],
    },
    spec: { selector: {}, template: { spec: { containers: [{ name: "coder", image: "i" }] } } },
  };
}

Deno.test("the Go operator's template goes to the holder, the rest of its fields stays", () => {
  const entries = setAside(deployment(goEntry, restart));
  assert.deepEqual(entries?.map(({ manager, operation }) => [manager, operation]), [
    ["manager", "Update"],
    ["kubectl-rollout", "Update"],
    [TEMPLATE_HOLDER, "Update"],
  ]);
  assert.deepEqual(entries?.[0]?.fieldsV1, { "f:metadata": ownerReference, "f:spec": { "f:replicas": {} } });
  assert.deepEqual(entries?.[1]?.fieldsV1, restart.fieldsV1, "a requested restart is somebody else's");
  assert.deepEqual(entries?.[2], {
    ...goEntry,
    manager: TEMPLATE_HOLDER,
    fieldsV1: { "f:spec": { "f:template": templateFields } },
  });
});

Deno.test("an update entry under our own name counts, too, even without the owner reference", () => {
  const second = {
    manager: "coder-k8s",
    operation: "Update",
    fieldsV1: { "f:spec": { "f:template": { "f:spec": { "f:hostname": {} } } } },
  };
  const entries = setAside(deployment(goEntry, second)) ?? [];
  assert.deepEqual(entries.map(({ manager }) => manager), ["manager", TEMPLATE_HOLDER]);
  assert.deepEqual(holderEntry(deployment(...entries))?.fieldsV1, {
    "f:spec": {
      "f:template": { "f:spec": { ...templateFields["f:spec"], "f:hostname": {} } },
    },
  });
});

Deno.test("our own apply's template goes to the holder; an entry with nothing else disappears", () => {
  const ours = {
    manager: "coder-k8s",
    operation: "Apply",
    fieldsV1: { "f:spec": { "f:template": templateFields } },
  };
  const entries = setAside(deployment(ours));
  assert.deepEqual(entries?.map(({ manager, operation }) => [manager, operation]), [[
    TEMPLATE_HOLDER,
    "Update",
  ]]);
});

Deno.test("setting aside twice adds up and is undefined where nothing is the operator's", () => {
  const once = setAside(deployment(goEntry)) ?? [];
  assert.equal(setAside(deployment(...once)), undefined);
  const more = {
    manager: "coder-k8s",
    operation: "Apply",
    fieldsV1: { "f:spec": { "f:template": { "f:spec": { "f:hostname": {} } } } },
  };
  const twice = setAside(deployment(...once, more)) ?? [];
  assert.equal(twice.filter(({ manager }) => manager === TEMPLATE_HOLDER).length, 1);
  assert.deepEqual(
    (holderEntry(deployment(...twice))?.fieldsV1?.["f:spec"] as Record<string, unknown>)["f:template"],
    { "f:spec": { ...templateFields["f:spec"], "f:hostname": {} } },
  );
});

Deno.test("notes, subresources and other writers of the template are left alone", () => {
  const note = { ...restart, manager: "coder-k8s" };
  const status = { ...goEntry, subresource: "status" };
  const stranger = {
    manager: "kubectl-edit",
    operation: "Update",
    fieldsV1: { "f:spec": { "f:template": templateFields } },
  };
  assert.equal(setAside(deployment(note, status, stranger)), undefined);
  assert.equal(setAside(deployment()), undefined);
});

Deno.test("what the holder has comes back to our apply", () => {
  const ours = { manager: "coder-k8s", operation: "Apply", fieldsV1: { "f:spec": { "f:replicas": {} } } };
  const held = {
    ...goEntry,
    manager: TEMPLATE_HOLDER,
    fieldsV1: { "f:spec": { "f:template": templateFields } },
  };
  const entries = takeBack(deployment(ours, held, restart));
  assert.deepEqual(entries?.map(({ manager, operation }) => [manager, operation]), [
    ["coder-k8s", "Apply"],
    ["kubectl-rollout", "Update"],
  ]);
  assert.deepEqual(entries?.[0]?.fieldsV1, { "f:spec": { "f:replicas": {}, "f:template": templateFields } });
});

Deno.test("without an entry of our apply one is made, and without a holder there is nothing to take back", () => {
  const held = { ...goEntry, manager: TEMPLATE_HOLDER };
  const entries = takeBack(deployment(held));
  assert.deepEqual(entries, [{ ...goEntry, manager: "coder-k8s", operation: "Apply" }]);
  assert.equal(takeBack(deployment(goEntry)), undefined);
});

Deno.test("the patch holds for exactly one version of the object", () => {
  assert.deepEqual(managedFieldsPatch(deployment(), [restart]), [
    { op: "test", path: "/metadata/resourceVersion", value: "7" },
    { op: "replace", path: "/metadata/managedFields", value: [restart] },
  ]);
});
