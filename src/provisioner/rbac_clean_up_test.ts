import assert from "node:assert/strict";
import { CoderControlPlanes } from "../api/control_plane.ts";
import { Roles } from "../api/kubernetes/resources.ts";
import type { CoderProvisioner } from "../api/provisioner.ts";
import type { KubeObject, ObjectKey, ResourceType } from "../api/object.ts";
import type { ListOptions } from "../kube/client.ts";
import { isForbidden, KubeApiError } from "../kube/errors.ts";
import { FakeInformer, make } from "../reconciler/testing/fakes.ts";
import { desiredRole, standardRules } from "../workload/workspace_rbac.ts";
import { rbacOwner } from "./rbac.ts";
import { removeWorkspaceRbac } from "./rbac_clean_up.ts";
import type { Tools } from "./step.ts";
import { type SpecInput, storedProvisioner } from "./testing.ts";

/** Roles of `prov` in namespaces; `hidden` ones may not be looked into, and what is in `stuck` ones not be deleted. */
async function run(
  namespaces: string[],
  there: { roles?: string[]; hidden?: string[]; stuck?: string[]; object?: CoderProvisioner } = {},
) {
  const { roles = [], hidden = [], stuck = [], object = storedProvisioner() } = there;
  const controlPlanes = new FakeInformer(CoderControlPlanes);
  const rbac = { workspaceNamespaces: [" w ", 5, "a"] };
  const plane = { ...make(CoderControlPlanes, "coder", { namespace: "a" }), spec: { rbac } };
  controlPlanes.put(plane as KubeObject);
  const looked = new Set<string>();
  const events: string[] = [];
  const no = (what: string) =>
    Promise.reject(new KubeApiError(403, "Forbidden", what, { method: "X", path: "/" }));
  const owner = rbacOwner(object);
  const tools = {
    namespaces,
    kinds: { controlPlanes },
    events: {
      event: (_object: unknown, type: string, reason: string, note: string) =>
        void events.push(`${type} ${reason} ${note}`),
    },
    client: {
      list: (type: ResourceType, { namespace, labelSelector }: ListOptions) => {
        assert.match(labelSelector ?? "", /coder.com\/provisioner=prov,coder.com\/provisioner-namespace=a$/);
        looked.add(namespace ?? "everywhere");
        if (hidden.includes(namespace ?? "")) return no("hidden");
        const found = roles.filter((each) => namespace === undefined || each === namespace)
          .map((each) => desiredRole(owner, each, standardRules(false)));
        return Promise.resolve({ items: type.kind === Roles.kind ? found : [] });
      },
      delete: (_type: ResourceType, { namespace }: ObjectKey) =>
        stuck.includes(namespace) ? no("stuck") : Promise.resolve(),
    },
  } as unknown as Tools;
  await removeWorkspaceRbac({ object, signal: new AbortController().signal }, tools);
  return { looked: [...looked], events };
}

Deno.test("what was granted elsewhere goes, and an Event says so", async () => {
  const { looked, events } = await run([], { roles: ["w", "x"] });
  assert.deepEqual(looked, ["everywhere"]);
  const name = "workspaces-a.prov-provisioner";
  assert.deepEqual(events, [
    `Normal RBACRemoved Removed workspace RBAC: Role w/${name}, Role x/${name}`,
  ]);
  assert.deepEqual((await run([])).events, []);
});

Deno.test("an operator of few namespaces also looks where the control plane points, and says what it may not see", async () => {
  const { looked, events } = await run(["a"], { hidden: ["w"], roles: ["w"] });
  assert.deepEqual(looked, ["a", "w"]);
  assert.match(events.join(), /^Warning RBACNotRemoved The operator may not look into w,/);
  const elsewhere = storedProvisioner({ controlPlaneRef: { name: "coder", namespace: "b" } });
  assert.deepEqual((await run(["p"], { object: elsewhere })).looked, ["p"], "that control plane is gone");
});

Deno.test("a reference of any shape is no reason to be held for ever", async () => {
  const refs: unknown[] = [{ name: 5 }, { name: "coder", namespace: 5 }, undefined];
  for (const controlPlaneRef of refs) {
    const object = storedProvisioner({ controlPlaneRef } as SpecInput);
    assert.ok((await run(["a"], { object })).looked.includes("a"), JSON.stringify(controlPlaneRef));
  }
});

Deno.test("what cannot be removed holds the provisioner", async () => {
  await assert.rejects(run([], { roles: ["w"], stuck: ["w"] }), isForbidden);
});
