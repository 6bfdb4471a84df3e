/** The end of a control plane. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { goInstallation } from "./go_operator.ts";
import { type Rig, startRig } from "./rig.ts";

const RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces";

/** Workspace rights as the Go operator grants them in another namespace. */
async function grant(
  rig: Rig,
  namespace: string,
  marks: { uid?: string | undefined; name?: string },
): Promise<void> {
  const { uid, name = "granted" } = marks;
  const metadata = {
    name,
    labels: {
      "app.kubernetes.io/name": "coder-control-plane",
      "app.kubernetes.io/instance": "coder",
      "app.kubernetes.io/managed-by": "coder-k8s",
      "coder.com/control-plane": "coder",
      "coder.com/control-plane-namespace": rig.namespace,
    },
    annotations: uid === undefined ? {} : { "coder.com/workspace-rbac-owner-uid": uid },
  };
  await rig.cluster.request("POST", `${RBAC}/${namespace}/roles`, { metadata, rules: [] });
  await rig.cluster.request("POST", `${RBAC}/${namespace}/rolebindings`, {
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    subjects: [{ kind: "ServiceAccount", name: "coder", namespace: rig.namespace }],
  });
}

async function rights(rig: Rig, namespace: string): Promise<string[]> {
  const [roles, bindings] = await Promise.all([
    rig.cluster.request("GET", `${RBAC}/${namespace}/roles`),
    rig.cluster.request("GET", `${RBAC}/${namespace}/rolebindings`),
  ]);
  // deno-lint-ignore no-explicit-any -- objects as sent
  return [...roles.items, ...bindings.items].map((each: any) => each.metadata.name).sort();
}

const gone = (rig: Rig) =>
  waitFor(async () => (await rig.controlPlane("coder")) === undefined, { what: "the control plane to go" });

Deno.test("the children of a deleted control plane go with it", async () => {
  const rig = await startRig("delete");
  await using _operator = await rig.operator();
  const { metadata } = await rig.create("coder");
  assert.equal(metadata.finalizers, undefined);
  await rig.ready("coder");
  assert.equal(
    (await rig.controlPlane("coder"))?.metadata.finalizers,
    undefined,
    "nothing to clean up, no finalizer",
  );
  await rig.send("DELETE", "coder.com/v1alpha1/codercontrolplanes/coder");
  for (const path of ["apps/v1/deployments/coder", "v1/services/coder", "v1/serviceaccounts/coder"]) {
    // A garbage collector that is older than the definition learns of it within half a minute only.
    await waitFor(async () => (await rig.get(path)) === undefined, {
      what: `${path} to go`,
      timeoutMs: 90_000,
    });
  }
});

Deno.test("rights that the Go operator granted elsewhere go before its finalizer does", async () => {
  const rig = await startRig("cleanup");
  const elsewhere = await rig.cluster.newNamespace("elsewhere");
  await goInstallation(rig, { manager: "manager" });
  const uid = (await rig.controlPlane("coder"))?.metadata.uid;
  await grant(rig, elsewhere, { uid });
  await grant(rig, elsewhere, { uid: "another", name: "foreign" });
  await using _operator = await rig.operator({ namespaces: [rig.namespace, elsewhere] });
  await rig.condition("coder", "Ready", "True");
  assert.deepEqual((await rig.controlPlane("coder"))?.metadata.finalizers, [
    "coder.com/workspace-rbac-cleanup",
  ]);
  await rig.send("DELETE", "coder.com/v1alpha1/codercontrolplanes/coder");
  await gone(rig);
  assert.deepEqual(await rights(rig, elsewhere), ["foreign", "foreign"]);
  await waitFor(async () => (await rig.eventReasons("coder")).includes("RBACRemoved"), { what: "the event" });
});

Deno.test("other finalizers are left to their owners", async () => {
  const rig = await startRig("finalizers");
  await goInstallation(rig, { manager: "manager" });
  await using operator = await rig.operator();
  await rig.condition("coder", "Ready", "True");
  await rig.change("coder", {
    metadata: { finalizers: ["example.com/hold", "coder.com/workspace-rbac-cleanup", "example.com/more"] },
  });
  await rig.send("DELETE", "coder.com/v1alpha1/codercontrolplanes/coder");
  await waitFor(
    async () => (await rig.controlPlane("coder"))?.metadata.finalizers?.length === 2,
    { what: "our finalizer to go" },
  );
  assert.deepEqual((await rig.controlPlane("coder"))?.metadata.finalizers, [
    "example.com/hold",
    "example.com/more",
  ]);
  // While it waits for the others, nothing of it is made anew.
  await rig.send("DELETE", "v1/services/coder");
  await operator.again("coder");
  assert.equal(await rig.get("v1/services/coder"), undefined);
  await rig.change("coder", { metadata: { finalizers: null } });
  await gone(rig);
});

Deno.test("a control plane that goes while it is reconciled leaves nothing behind", async () => {
  const rig = await startRig("during");
  await using operator = await rig.operator();
  for (let i = 0; i < 5; i++) {
    await rig.create("coder");
    if (i % 2 === 0) {
      await waitFor(() => rig.get("v1/serviceaccounts/coder"), { what: "a first child", intervalMs: 1 });
    }
    await rig.send("DELETE", "coder.com/v1alpha1/codercontrolplanes/coder");
  }
  await operator.again("coder");
  for (const path of ["apps/v1/deployments/coder", "v1/services/coder", "v1/serviceaccounts/coder"]) {
    // A garbage collector that is older than the definition learns of it within half a minute only.
    await waitFor(async () => (await rig.get(path)) === undefined, {
      what: `${path} to go`,
      timeoutMs: 90_000,
    });
  }
});

Deno.test("a control plane that comes back under its name gets children of its own", async () => {
  const rig = await startRig("return");
  await using _operator = await rig.operator();
  await rig.create("coder");
  await rig.ready("coder");
  await rig.send("DELETE", "coder.com/v1alpha1/codercontrolplanes/coder");
  await gone(rig);
  const { metadata } = await rig.create("coder");
  await waitFor(async () => {
    const owners = (await rig.get("apps/v1/deployments/coder"))?.metadata.ownerReferences;
    return owners?.[0]?.uid === metadata.uid;
  }, { what: "a Deployment of the new control plane", timeoutMs: 20_000 });
  await rig.ready("coder");
  await rig.condition("coder", "Degraded", "False");
});
