import assert from "node:assert/strict";
import { type CoderControlPlane, CoderControlPlanes } from "../../api/control_plane.ts";
import { Namespaces, RoleBindings, Roles } from "../../api/kubernetes/resources.ts";
import { keyText, type KubeObject } from "../../api/object.ts";
import { changed, controlledBy, FakeInformer, make } from "../../reconciler/testing/fakes.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { storedControlPlane } from "../testing.ts";
import { workspaceSources } from "./workspace_sources.ts";

/** Finds by the one index that is added. */
class Planes extends FakeInformer {
  #values: (object: CoderControlPlane) => readonly string[] = () => [];
  override addIndex(_name?: string, values?: (object: CoderControlPlane) => readonly string[]): void {
    this.#values = values ?? this.#values;
  }
  override byIndex(_name?: string, value = ""): KubeObject[] {
    return this.list().filter((each) => this.#values(each as CoderControlPlane).includes(value));
  }
}

function started(scoped = false) {
  const controlPlanes = new Planes(CoderControlPlanes);
  const roles = new FakeInformer(Roles);
  const roleBindings = new FakeInformer(RoleBindings);
  const namespaces = new FakeInformer(Namespaces);
  const kinds = { controlPlanes, roles, roleBindings, ...(!scoped && { namespaces }) };
  const asked: string[] = [];
  const sources = workspaceSources(kinds as unknown as WorkloadKinds);
  for (const source of sources) source.start((key) => asked.push(keyText(key)));
  return { controlPlanes, roles, roleBindings, namespaces, sources, asked: () => asked.splice(0) };
}

const labels = { "coder.com/control-plane": "coder", "coder.com/control-plane-namespace": "a" };

Deno.test("RBAC in other namespaces wakes the control plane that its labels name", () => {
  const { roles, roleBindings, asked } = started();
  const role = make(Roles, "r", { namespace: "b", labels });
  roles.put(role);
  roleBindings.put(make(RoleBindings, "r", { namespace: "b", labels }));
  assert.deepEqual(asked(), ["a/coder", "a/coder"]);
  roles.put(changed(role, {}, { rules: [] }));
  roles.remove(role);
  assert.deepEqual(asked(), ["a/coder", "a/coder"]);
});

Deno.test("RBAC without labels wakes its owner, and no one where it has none", () => {
  const { roles, asked } = started();
  roles.put(make(Roles, "r", { namespace: "a", ownerReferences: controlledBy(storedControlPlane()) }));
  assert.deepEqual(asked(), ["a/coder"]);
  roles.put(make(Roles, "s", { namespace: "a" }));
  assert.deepEqual(asked(), []);
});

Deno.test("a namespace wakes those that name it, when it comes, goes, opts in or is deleted", () => {
  const { controlPlanes, namespaces, asked } = started();
  controlPlanes.put(storedControlPlane({ rbac: { workspaceNamespaces: ["b", " b "] } }));
  controlPlanes.put(storedControlPlane({}, { name: "other" }));
  const place = make(Namespaces, "b", { namespace: "" });
  namespaces.put(place);
  assert.deepEqual(asked(), ["a/coder"]);
  const relabelled = changed(place, { labels: { team: "x" } });
  namespaces.put(relabelled);
  assert.deepEqual(asked(), [], "other labels are no news");
  const consents: Partial<KubeObject["metadata"]>[] = [
    { labels: { "coder.com/workspaces-from": "a" } },
    { annotations: { "coder.com/workspaces-from": "*" } },
    { deletionTimestamp: "2026-01-01T00:00:00Z" },
    { uid: "another" },
  ];
  let now = relabelled;
  for (const consent of consents) {
    now = changed(now, consent);
    namespaces.put(now);
    assert.deepEqual(asked(), ["a/coder"], JSON.stringify(consent));
  }
  namespaces.remove(now);
  assert.deepEqual(asked(), ["a/coder"]);
  namespaces.put(make(Namespaces, "c", { namespace: "" }));
  assert.deepEqual(asked(), []);
});

Deno.test("an operator of few namespaces watches none", () => {
  assert.equal(started(true).sources.length, 2);
});
