import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import type { ManagedFieldsEntry } from "../../api/kubernetes/types.ts";
import { planTakeover, writersOf, writtenByOperator } from "./takeover.ts";

const owner: KubeObject = {
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { name: "coder", namespace: "a", uid: "u-1" },
};
const manager = "coder-k8s";
const ownsReference = { "f:metadata": { "f:ownerReferences": { ".": {}, 'k:{"uid":"u-1"}': {} } } };
const template = {
  "f:spec": { "f:template": { "f:spec": { "f:containers": { 'k:{"name":"c"}': { "f:image": {} } } } } },
};
const time = "2026-01-01T00:00:00Z";

function entry(change: Partial<ManagedFieldsEntry>): ManagedFieldsEntry {
  return {
    manager: "m",
    operation: "Update",
    apiVersion: "apps/v1",
    time,
    fieldsType: "FieldsV1",
    ...change,
  };
}

const goOperator = entry({
  manager: "manager",
  fieldsV1: { ...ownsReference, "f:spec": { ...template["f:spec"], "f:replicas": {} } },
});
const status = entry({
  manager: "kube-controller-manager",
  subresource: "status",
  fieldsV1: { "f:status": {} },
});
const revision = entry({
  manager: "kube-controller-manager",
  fieldsV1: { "f:metadata": { "f:annotations": { ".": {}, "f:deployment.kubernetes.io/revision": {} } } },
});
const edited = entry({
  manager: "kubectl-edit",
  fieldsV1: { "f:metadata": { "f:labels": { "f:team": {} } } },
});

function deployment(...managedFields: ManagedFieldsEntry[]): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "coder",
      namespace: "a",
      resourceVersion: "77",
      annotations: { "deployment.kubernetes.io/revision": "1" },
      ownerReferences: [{
        apiVersion: "coder.com/v1alpha1",
        kind: "CoderControlPlane",
        name: "coder",
        uid: "u-1",
      }],
      managedFields,
    },
    spec: { replicas: 2, template: { spec: { containers: [{ name: "c", image: "i", tty: true }] } } },
  } as KubeObject;
}

/** The managers after the patch. */
function planned(live: KubeObject, release: string[][] = []): ManagedFieldsEntry[] {
  const plan = planTakeover(live, owner, manager, release);
  assert.ok(plan !== undefined);
  assert.deepEqual(plan[0], { op: "test", path: "/metadata/resourceVersion", value: "77" });
  const [, replace] = plan;
  assert.ok(replace?.op === "replace");
  assert.equal(replace.path, "/metadata/managedFields");
  assert.equal(plan.length, 2);
  return replace.value as ManagedFieldsEntry[];
}

for (const name of ["manager", "coder-k8s", "some-binary"]) {
  Deno.test(`the entry that owns our owner reference is moved, when its manager is called ${name}`, () => {
    const entries = planned(deployment({ ...goOperator, manager: name }, status, revision, edited));
    assert.deepEqual(entries.slice(0, 3), [status, revision, edited], "everybody else stays as they were");
    const moved = { ...goOperator, manager, operation: "Apply" };
    assert.deepEqual(entries.slice(3), [moved], "fields, version and time are kept");
  });
}

Deno.test("nothing is planned for an object that nobody wrote with plain updates", () => {
  const applied = entry({ manager, operation: "Apply", fieldsV1: ownsReference });
  for (const entries of [[], [applied], [applied, status, revision, edited], [status, revision, edited]]) {
    assert.equal(planTakeover(deployment(...entries), owner, manager), undefined);
  }
  const { managedFields: _fields, ...metadata } = deployment().metadata;
  assert.equal(
    planTakeover({ ...deployment(), metadata }, owner, manager),
    undefined,
    "nor from the cache's copy",
  );
});

Deno.test("the moved fields join those that we applied already, under the time of our own entry", () => {
  const applied = entry({
    manager,
    operation: "Apply",
    time: "2026-02-02T00:00:00Z",
    fieldsV1: { "f:spec": { "f:paused": {} } },
  });
  const [merged, ...more] = planned(deployment(applied, goOperator));
  assert.deepEqual(more, []);
  assert.equal(merged?.time, "2026-02-02T00:00:00Z");
  const spec = merged?.fieldsV1?.["f:spec"] as Record<string, unknown>;
  assert.deepEqual(Object.keys(spec), ["f:paused", "f:replicas", "f:template"]);
});

Deno.test("an owner reference in a status entry, or to another owner, moves nothing", () => {
  const foreign = { "f:metadata": { "f:ownerReferences": { 'k:{"uid":"u-2"}': {} } } };
  const live = deployment(
    entry({ subresource: "status", fieldsV1: ownsReference }),
    entry({ fieldsV1: foreign }),
    entry({ operation: "Apply", fieldsV1: ownsReference }),
  );
  assert.equal(planTakeover(live, owner, manager), undefined);
});

Deno.test("a reference that is owned field by field, as old servers write it, counts as well", () => {
  const fields = {
    "f:metadata": { "f:ownerReferences": { 'k:{"uid":"u-1"}': { "f:name": {}, "f:uid": {} } } },
  };
  assert.equal(planned(deployment(entry({ fieldsV1: fields }))).at(-1)?.operation, "Apply");
});

Deno.test("a plain update under our own name is moved even after the reference became ours", () => {
  const applied = entry({ manager, operation: "Apply", fieldsV1: ownsReference });
  const rolledBack = entry({ manager, fieldsV1: template });
  const [merged, ...more] = planned(deployment(applied, rolledBack, edited));
  assert.deepEqual(merged, edited);
  assert.deepEqual(more.map((each) => each.operation), ["Apply"]);
  assert.deepEqual(more[0]?.fieldsV1, { ...ownsReference, ...template });
});

Deno.test("annotations under our own name are notes, such as a requested restart, and stay", () => {
  const note = entry({
    manager,
    fieldsV1: {
      "f:metadata": { "f:annotations": { "f:a": {} } },
      "f:spec": {
        "f:template": {
          "f:metadata": { "f:annotations": { ".": {}, "f:kubectl.kubernetes.io/restartedAt": {} } },
        },
      },
    },
  });
  assert.equal(planTakeover(deployment(note), owner, manager), undefined);
});

Deno.test("a released field is in nobody's hands that was only in ours", () => {
  const scaler = entry({
    manager: "kubectl",
    subresource: "scale",
    fieldsV1: { "f:spec": { "f:replicas": {} } },
  });
  const entries = planned(deployment(goOperator, scaler), [["spec", "replicas"]]);
  assert.deepEqual(entries[0], scaler);
  assert.deepEqual(entries[1]?.fieldsV1, { ...ownsReference, ...template });
});

Deno.test("a field is released from our own apply, too, and only where it is in it", () => {
  const applied = entry({
    manager,
    operation: "Apply",
    fieldsV1: { "f:spec": { "f:replicas": {}, "f:paused": {} } },
  });
  const [left] = planned(deployment(applied), [["spec", "replicas"]]);
  assert.deepEqual(left, { ...applied, fieldsV1: { "f:spec": { "f:paused": {} } } });
  assert.equal(planTakeover(deployment(applied), owner, manager, [["spec", "strategy"]]), undefined);
});

Deno.test("an apply of ours that owned nothing but the released field leaves the list", () => {
  const applied = entry({ manager, operation: "Apply", fieldsV1: { "f:spec": { "f:replicas": {} } } });
  assert.deepEqual(planned(deployment(applied, status), [["spec", "replicas"]]), [status]);
});

Deno.test("without an owner only our own name tells what to move", () => {
  assert.equal(planTakeover(deployment(goOperator), undefined, manager), undefined);
  assert.ok(planTakeover(deployment({ ...goOperator, manager }), undefined, manager) !== undefined);
});

Deno.test("what the operator wrote is told from what others wrote", () => {
  const live = deployment(goOperator, status, revision, edited);
  assert.deepEqual(writtenByOperator(live, owner, manager), {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "coder", namespace: "a", ownerReferences: live.metadata.ownerReferences },
    spec: { replicas: 2, template: { spec: { containers: [{ name: "c", image: "i" }] } } },
  });
  assert.equal(writtenByOperator(deployment(edited), owner, manager), undefined);
});

Deno.test("the writers of a field are those who own exactly it", () => {
  const scaler = entry({
    manager: "kubectl",
    subresource: "scale",
    fieldsV1: { "f:spec": { "f:replicas": {} } },
  });
  const live = deployment(goOperator, scaler, edited);
  assert.deepEqual(writersOf(live, ["spec", "replicas"]).map((each) => each.manager), ["manager", "kubectl"]);
  assert.deepEqual(writersOf(live, ["spec"]), []);
});
