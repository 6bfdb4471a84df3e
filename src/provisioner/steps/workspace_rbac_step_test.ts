import assert from "node:assert/strict";
import { type CoderControlPlane, CoderControlPlanes } from "../../api/control_plane.ts";
import type { PolicyRule, RoleBinding } from "../../api/kubernetes/types.ts";
import type { CoderProvisioner } from "../../api/provisioner.ts";
import { RbacWorld } from "../../operator/rbac/workspace_testing.ts";
import { USED_FROM } from "../../operator/visit/control_plane_ref.ts";
import { controlledBy, make } from "../../reconciler/testing/fakes.ts";
import { standardRules } from "../../workload/workspace_rbac.ts";
import { rbacOwner } from "../rbac.ts";
import { heldProvisioner, rbacPass } from "../rbac_testing.ts";
import type { Pass } from "../step.ts";
import { storedProvisioner } from "../testing.ts";

const standard = standardRules(true);
/** As the Go operator has it. */
const GO_RULES: PolicyRule[] = [{
  apiGroups: [""],
  resources: ["pods", "persistentvolumeclaims"],
  verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
}];

type Rbac = NonNullable<NonNullable<CoderControlPlane["spec"]>["rbac"]>;

/** A provisioner `prov` in namespace `a`, or elsewhere, of the control plane `a/coder`. */
class World extends RbacWorld {
  /** Makes or changes the control plane; `usedFrom` lets others use it. */
  plane(rbac: Rbac = {}, usedFrom = ""): void {
    const object = make(CoderControlPlanes, "coder", {
      namespace: "a",
      annotations: { [USED_FROM]: usedFrom },
    });
    this.controlPlanes.put({ ...object, spec: { rbac } } as CoderControlPlane);
  }

  pass(object: CoderProvisioner, more?: Partial<Pass>) {
    return rbacPass(this, object, more);
  }
}

Deno.test("its account may act where the control plane's may, and the condition says where", async () => {
  const world = new World("b");
  world.plane({ workspaceNamespaces: ["b"] });
  const { condition, message, troubles } = await world.pass(heldProvisioner());
  assert.equal(condition, "True/Granted");
  assert.match(message, /in a, b$/);
  assert.deepEqual(troubles, []);
  const owner = rbacOwner(heldProvisioner());
  for (const namespace of ["a", "b"]) assert.deepEqual(world.rulesOf(owner, namespace), standard);
  assert.deepEqual(world.events.sort(), [
    "Created Role a/provisioner-prov",
    "Created Role b/workspaces-a.prov-provisioner",
    "Created RoleBinding a/provisioner-prov",
    `Created RoleBinding b/${owner.names("b", "prov-provisioner").bindingName}`,
  ]);
});

Deno.test("nothing is granted elsewhere before the finalizer holds the provisioner", async () => {
  const world = new World("b");
  world.plane({ workspaceNamespaces: ["b"] });
  const { lookAgainMs } = await world.pass(storedProvisioner());
  assert.deepEqual(world.done, ["apply Role a", "apply RoleBinding a"]);
  assert.equal(lookAgainMs, 1_000);
});

Deno.test("a Role of the Go operator is taken over, and becomes what the control plane has", async () => {
  const rows: [Rbac, PolicyRule[]][] = [
    [{}, standard],
    [{ enableDeployments: false }, standardRules(false)],
    // Builds go on where they could before, whatever Coder itself may do.
    [{ workspacePerms: false }, standardRules(false)],
  ];
  for (const [rbac, rules] of rows) {
    const world = new World();
    world.plane(rbac);
    const owner = rbacOwner(heldProvisioner());
    const go = { labels: {}, annotations: {}, ownerReferences: controlledBy(heldProvisioner()) };
    world.grantTo(owner, "a", GO_RULES, go);
    const { condition } = await world.pass(heldProvisioner());
    assert.deepEqual(world.rulesOf(owner, "a"), rules, JSON.stringify(rbac));
    assert.equal(condition, "True/Granted");
  }
});

Deno.test("a consent that is taken back takes the rights back", async () => {
  const world = new World("b");
  world.plane({ workspaceNamespaces: ["b"] });
  const owner = rbacOwner(heldProvisioner());
  await world.pass(heldProvisioner());
  world.open("b", { labels: {} });
  const { condition, troubles, message } = await world.pass(heldProvisioner());
  assert.equal(condition, "False/NamespaceNotAllowed");
  assert.deepEqual(troubles, ["WorkspaceRBACNamespaceNotAllowed"]);
  assert.match(message, /kubectl label namespace b coder.com\/workspaces-from=a$/);
  assert.equal(world.rulesOf(owner, "b"), undefined);
  assert.deepEqual(world.roles.list().map(({ metadata }) => metadata.namespace), ["a"]);
});

Deno.test("a namespace that is not seen for a moment loses nothing", async () => {
  const world = new World("b");
  world.plane({ workspaceNamespaces: ["b"] });
  await world.pass(heldProvisioner());
  const [, place] = world.namespaces.list();
  world.namespaces.remove(place!);
  const { condition } = await world.pass(heldProvisioner());
  assert.equal(condition, "False/NamespaceMissing");
  assert.deepEqual(world.rulesOf(rbacOwner(heldProvisioner()), "b"), standard);
});

Deno.test("without the control plane what was granted stays, and goes to another account as it is", async () => {
  const world = new World("b");
  world.plane({ workspaceNamespaces: ["b"] });
  await world.pass(heldProvisioner());
  const [plane] = world.controlPlanes.list();
  world.controlPlanes.remove(plane!);
  const same = await world.pass(heldProvisioner());
  assert.equal(same.condition, "Unknown/ControlPlaneNotFound");
  assert.match(same.message, /a\/coder does not exist; create it; rights .* stay as they are$/);
  assert.deepEqual(same.troubles, []);
  const renamed = heldProvisioner({ serviceAccount: { name: "builds" } });
  await world.pass(renamed);
  for (const namespace of ["a", "b"]) {
    assert.deepEqual(
      world.rulesOf(rbacOwner(heldProvisioner()), namespace),
      standard,
      "pods may still run as it",
    );
    assert.deepEqual(world.rulesOf(rbacOwner(renamed), namespace), standard);
  }
});

Deno.test("a provisioner that never had a control plane has no rights", async () => {
  const world = new World();
  const { condition } = await world.pass(heldProvisioner());
  assert.equal(condition, "Unknown/ControlPlaneNotFound");
  assert.deepEqual(world.done, []);
});

Deno.test("a provisioner of elsewhere has rights where both are let in, and loses them with the control plane's consent", async () => {
  const world = new World("b", "c", "p");
  const both = { labels: {}, annotations: { "coder.com/workspaces-from": "a, p" } };
  world.open("b", both);
  const object = heldProvisioner({}, "p");
  const owner = rbacOwner(object);
  world.plane({ workspaceNamespaces: ["b", "c"] }, "p");
  const { condition, message } = await world.pass(object);
  assert.equal(condition, "False/NamespaceNotAllowed");
  assert.match(
    message,
    /granted in b\. Missing: namespace a has not opted in.*; namespace c has not opted in/,
  );
  const granted = () => ["a", "b", "c", "p"].filter((each) => world.rulesOf(owner, each) !== undefined);
  assert.deepEqual(granted(), ["b"]);
  world.open("a", both);
  await world.pass(object);
  assert.deepEqual(granted(), ["a", "b"]);
  world.plane({ workspaceNamespaces: ["b", "c"] }, "q");
  const ended = await world.pass(object);
  assert.equal(ended.condition, "False/ControlPlaneNotShared");
  assert.deepEqual(granted(), []);
});

Deno.test("an earlier account keeps its binding while pods run as it, under the rules of today", async () => {
  const world = new World("b");
  world.plane({ workspaceNamespaces: ["b"] });
  await world.pass(heldProvisioner());
  const renamed = heldProvisioner({ serviceAccount: { name: "builds" } });
  world.plane({ workspaceNamespaces: ["b"], enableDeployments: false });
  const unused = { accounts: [], secrets: [] };
  await world.pass(renamed, { unused, lingering: ["prov-provisioner"] });
  const accounts = (namespace: string) =>
    world.bindings.list().flatMap((each) =>
      each.metadata.namespace === namespace
        ? ((each as RoleBinding).subjects ?? []).map(({ name }) => name)
        : []
    ).sort();
  for (const namespace of ["a", "b"]) {
    assert.deepEqual(accounts(namespace), ["builds", "prov-provisioner"]);
    assert.deepEqual(world.rulesOf(rbacOwner(heldProvisioner()), namespace), standardRules(false));
  }
  await world.pass(renamed, { unused });
  for (const namespace of ["a", "b"]) assert.deepEqual(accounts(namespace), ["builds"]);
});

Deno.test("objects of others that bear a name of ours are left alone", async () => {
  const world = new World("b");
  world.plane({ workspaceNamespaces: ["b"] });
  const theirs = { labels: {}, annotations: {} };
  for (const namespace of ["a", "b"]) world.grantTo(rbacOwner(heldProvisioner()), namespace, [], theirs);
  const { condition } = await world.pass(heldProvisioner());
  assert.equal(condition, "False/ForeignObject");
  for (const namespace of ["a", "b"]) {
    assert.deepEqual(world.rulesOf(rbacOwner(heldProvisioner()), namespace), []);
  }
});
