import assert from "node:assert/strict";
import { CoderControlPlanes } from "../api/control_plane.ts";
import { Namespaces, RoleBindings, Roles } from "../api/kubernetes/resources.ts";
import { CoderProvisioners } from "../api/provisioner.ts";
import { keyText, type KubeObject, type ObjectKey } from "../api/object.ts";
import { changed, controlledBy, FakeInformer, make } from "../reconciler/testing/fakes.ts";
import type { WorkloadKinds } from "../workload/kinds.ts";
import { provisionerRbacSources } from "./rbac_sources.ts";
import { storedProvisioner } from "./testing.ts";

/** Finds by the indexes that are added, and by namespace. */
class Indexed extends FakeInformer {
  readonly #indexes = new Map<string, (object: never) => readonly string[]>();
  override addIndex(name?: string, values?: (object: never) => readonly string[]): void {
    if (name === undefined || values === undefined || this.#indexes.has(name)) {
      throw new Error(`index ${name}`);
    }
    this.#indexes.set(name, values);
  }
  override byIndex(name = "", value = ""): KubeObject[] {
    const values = this.#indexes.get(name);
    if (values === undefined) throw new Error(`no index ${name}`);
    return super.list().filter((each) => values(each as never).includes(value));
  }
  override list(filter: { namespace?: string } = {}): KubeObject[] {
    const { namespace } = filter;
    return super.list().filter((each) => namespace === undefined || each.metadata.namespace === namespace);
  }
}

function started() {
  const controlPlanes = new Indexed(CoderControlPlanes);
  const provisioners = new Indexed(CoderProvisioners);
  const roles = new FakeInformer(Roles);
  const roleBindings = new FakeInformer(RoleBindings);
  const namespaces = new FakeInformer(Namespaces);
  const kinds = { controlPlanes, provisioners, roles, roleBindings, namespaces };
  const asked: string[] = [];
  const users = ({ namespace, name }: ObjectKey) => [{ namespace, name: `user-of-${name}` }];
  const sources = provisionerRbacSources(kinds as unknown as WorkloadKinds, users);
  provisioners.put(storedProvisioner());
  for (const source of sources) source.start((key) => asked.push(keyText(key)));
  return { ...kinds, asked: () => asked.splice(0) };
}

const plane = (name: string, rbac: object = {}, namespace = "a") => ({
  ...make(CoderControlPlanes, name, { namespace }),
  spec: { rbac },
});

Deno.test("its RBAC wakes the provisioner, by the mark of its UID and by its owner reference", () => {
  const { roles, roleBindings, asked } = started();
  const annotations = { "coder.com/workspace-rbac-owner-uid": "uid-1" };
  const role = make(Roles, "r", { namespace: "b", annotations });
  roles.put(role);
  roleBindings.put(make(RoleBindings, "r", { namespace: "b", annotations }));
  roles.put(make(Roles, "s", { namespace: "a", ownerReferences: controlledBy(storedProvisioner()) }));
  assert.deepEqual(asked(), ["a/prov", "a/prov", "a/prov"]);
  roles.put(changed(role, { annotations: {} }));
  assert.deepEqual(asked(), ["a/prov"], "the mark is taken away");
  roles.put(make(Roles, "t", { namespace: "a" }));
  roles.put(make(Roles, "u", { annotations: { "coder.com/workspace-rbac-owner-uid": "another" } }));
  assert.deepEqual(asked(), []);
});

Deno.test("a namespace wakes the provisioners of control planes that are in it, or name it", () => {
  const { controlPlanes, namespaces, asked } = started();
  controlPlanes.put(plane("one", { workspaceNamespaces: ["b"] }));
  controlPlanes.put(plane("two", {}, "b"));
  controlPlanes.put(plane("three", {}, "c"));
  const place = make(Namespaces, "b", { namespace: "" });
  namespaces.put(place);
  assert.deepEqual(asked(), ["b/user-of-two", "a/user-of-one"]);
  namespaces.put(changed(place, { annotations: { "coder.com/workspaces-from": "a" } }));
  assert.deepEqual(asked(), ["b/user-of-two", "a/user-of-one"]);
});

Deno.test("a control plane's rights wake its provisioners, nothing else of it does here", () => {
  const { controlPlanes, asked } = started();
  const one = plane("one");
  controlPlanes.put(one);
  const labelled = changed(one, { labels: { a: "b" } });
  controlPlanes.put(labelled);
  assert.deepEqual(asked(), []);
  const limited = changed(labelled, {}, { spec: { rbac: { workspacePerms: false } } });
  controlPlanes.put(limited);
  assert.deepEqual(asked(), ["a/user-of-one"]);
  controlPlanes.remove(limited);
  assert.deepEqual(asked(), []);
});
