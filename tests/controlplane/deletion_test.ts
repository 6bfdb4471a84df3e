/** The end of a control plane. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { goInstallation } from "./go_operator.ts";
import { type Rig, startRig } from "./rig.ts";
import { optIn, rbacCondition } from "./workspace_rbac_rig.ts";

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

/** Refuses the operator every delete of RBAC in a namespace; the result lifts that again. */
async function forbidDeletes(rig: Rig, namespace: string): Promise<() => Promise<void>> {
  const name = `no-deletes-in-${namespace}`;
  const paths = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"].map((kind) =>
    `/apis/admissionregistration.k8s.io/v1/${kind}`
  ) as [string, string];
  await rig.cluster.request("POST", paths[0], {
    metadata: { name },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        resourceRules: [{
          apiGroups: ["rbac.authorization.k8s.io"],
          apiVersions: ["v1"],
          operations: ["DELETE"],
          resources: ["roles", "rolebindings"],
        }],
      },
      validations: [{ expression: "false", message: "nothing is deleted here" }],
    },
  });
  await rig.cluster.request("POST", paths[1], {
    metadata: { name },
    spec: { policyName: name, validationActions: ["Deny"] },
  });
  // The API server learns of a policy with a delay.
  await waitFor(async () => {
    const probe = { metadata: { name: "probe" }, rules: [] };
    await rig.cluster.request("POST", `${RBAC}/${namespace}/roles`, probe).catch(() => {});
    const path = `${RBAC}/${namespace}/roles/probe?dryRun=All`;
    return await rig.cluster.request("DELETE", path).then(() => false, () => true);
  }, { what: "the policy to be in force" });
  return async () => {
    for (const path of paths.reverse()) await rig.cluster.request("DELETE", `${path}/${name}`);
    await waitFor(
      () => rig.cluster.request("DELETE", `${RBAC}/${namespace}/roles/probe`).then(() => true, () => false),
      { what: "the policy to be lifted" },
    );
  };
}

const gone = (rig: Rig) =>
  waitFor(async () => (await rig.controlPlane("coder")) === undefined, { what: "the control plane to go" });

Deno.test("the children of a deleted control plane go with it", async () => {
  const rig = await startRig("delete");
  await using _operator = await rig.operator();
  const created = await rig.create("coder");
  await rig.ready("coder");
  const held = await rig.controlPlane("coder");
  assert.deepEqual(held?.metadata.finalizers, ["coder.com/workspace-rbac-cleanup"]);
  assert.equal(held?.metadata.generation, created.metadata.generation, "the spec is left alone");
  assert.deepEqual(held?.spec, created.spec);
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

Deno.test("one namespace where nothing can be deleted, or that is going itself, holds up no other", async () => {
  const rig = await startRig("broken");
  const [stuck, going, free] = await Promise.all(
    ["stuck", "going", "free"].map((name) => rig.cluster.newNamespace(name)),
  ) as [string, string, string];
  await Promise.all([stuck, going, free].map((namespace) => optIn(rig, namespace)));
  await using _operator = await rig.operator({ wholeCluster: true });
  await rig.create("coder", { rbac: { workspaceNamespaces: [stuck, going, free] } });
  await rbacCondition(rig, "Granted");
  const lift = await forbidDeletes(rig, stuck);
  await rig.cluster.request("POST", `/api/v1/namespaces/${going}/configmaps`, {
    metadata: { name: "hold", finalizers: ["example.com/hold"] },
  });
  await rig.cluster.request("DELETE", `/api/v1/namespaces/${going}`);
  await rbacCondition(rig, "NamespaceTerminating", new RegExp(`namespace ${going} is being deleted`));
  await rig.send("DELETE", "coder.com/v1alpha1/codercontrolplanes/coder");
  await waitFor(async () => (await rights(rig, free)).length === 0, {
    what: "the free namespace to be clean",
  });
  await waitFor(async () => (await rig.eventReasons("coder")).includes("CleanupFailed"), {
    what: "the event",
  });
  assert.equal((await rights(rig, stuck)).filter((name) => name !== "probe").length, 2);
  assert.ok(await rig.controlPlane("coder"), "held by the finalizer");
  await lift();
  await gone(rig);
  assert.deepEqual(await rights(rig, stuck), []);
  await waitFor(async () => (await rights(rig, going)).length === 0, {
    what: "nothing to be left where the namespace goes",
  });
  await rig.cluster.request("PATCH", `/api/v1/namespaces/${going}/configmaps/hold`, {
    metadata: { finalizers: null },
  });
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
    // The one before may still be held by its finalizer.
    await waitFor(() => rig.create("coder").catch(() => undefined), {
      what: "the name to be free",
      intervalMs: 5,
    });
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
  }, { what: "a Deployment of the new control plane", timeoutMs: 60_000 });
  await rig.ready("coder");
  await rig.condition("coder", "Degraded", "False");
});
