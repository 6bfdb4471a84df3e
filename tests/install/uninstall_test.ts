/** `coder-k8s uninstall` on the real cluster: nothing hangs, whatever is there and whatever is dead. */
import assert from "node:assert/strict";
import { InstallError } from "../../src/install/apply/error.ts";
import { available } from "../aggregated/app_rig.ts";
import { type Cluster, waitFor } from "../cluster/mod.ts";
import { playPods } from "../deploy/played/mod.ts";
import { API_SERVICE, dyingAfter, present, startInstallRig } from "./rig.ts";

const CONTROL_PLANES = "/apis/coder.com/v1alpha1/namespaces/coder/codercontrolplanes";
const FINALIZER = "coder.com/workspace-rbac-cleanup";
const TIMEOUT_MS = 240_000;

/** A namespace of somebody else ends: that is what an APIService without a server holds up. */
async function namespacesEnd(cluster: Cluster): Promise<void> {
  const name = await cluster.newNamespace("somebody");
  await cluster.request("DELETE", `/api/v1/namespaces/${name}`);
  await waitFor(async () => await cluster.find(`/api/v1/namespaces/${name}`) === undefined, {
    what: `the namespace ${name} to end`,
    timeoutMs: TIMEOUT_MS,
  });
}

async function makeControlPlane(cluster: Cluster, name: string, more: object = {}): Promise<void> {
  await cluster.apply([
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "coder" } },
    {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { name, namespace: "coder", finalizers: [FINALIZER], ...more },
      spec: { replicas: 0 },
    },
  ]);
}

Deno.test("the program removes what works, what people have made stays, and no namespace hangs", async () => {
  await using rig = await startInstallRig("uninstall");
  const { cluster } = rig;
  await using played = await playPods(cluster, { replicas: 1 });
  await rig.install(["see-all-workspaces"]);
  await played.settled();
  await available(cluster);
  await makeControlPlane(cluster, "dev");
  const refused = await rig.run(["uninstall"]);
  assert.equal(refused.code, 1, "nobody was asked, and nobody has said yes");
  assert.match(refused.err, /is removed: \d+ objects\.\nNobody can be asked here: --yes/);
  assert.ok(await cluster.find(API_SERVICE));

  // Its pods, which end in the same moment elsewhere, are played on for a while.
  using _meant = cluster.audit.meansDenials("the rights go with the installation", /./);
  const done = await rig.run(["uninstall", "--yes", "--timeout=4m"]);
  assert.equal(done.code, 0, `${done.err}${done.out}`);
  const deleted = done.out.split("\n").filter((line) => line.endsWith(" deleted"));
  assert.match(deleted[0]!, /^apiservice/, "first of all");
  assert.match(deleted[1]!, /^deployment/);
  assert.match(
    done.out,
    /control plane coder\/dev\nUntil then these namespaces cannot be deleted.*: coder\. /s,
  );
  assert.match(done.out, /namespace\/coder-system is kept/);
  assert.deepEqual(await present(cluster), [
    "customresourcedefinition.apiextensions.k8s.io/codercontrolplanes.coder.com",
    "customresourcedefinition.apiextensions.k8s.io/coderprovisioners.coder.com",
    "customresourcedefinition.apiextensions.k8s.io/coderworkspaceproxies.coder.com",
  ]);
  assert.ok(await cluster.find(`${CONTROL_PLANES}/dev`));
  await namespacesEnd(cluster);
  const again = await rig.uninstall();
  assert.ok(again.lines.includes("nothing of it is in coder-system"), again.lines.join("\n"));
});

Deno.test("with a dead server, with half of it, without CRDs, and with all that people have made", async (test) => {
  await using rig = await startInstallRig("uninstall-dead");
  const { cluster } = rig;

  await test.step("nobody answers: the APIService goes first, and all is over in time", async () => {
    await rig.install(["split"]);
    const { result } = await rig.uninstall({}, { timeoutMs: 120_000 });
    assert.deepEqual(result, []);
    await namespacesEnd(cluster);
  });

  await test.step("an installation that broke off, and a removal that broke off, at any point", async () => {
    for (const writes of [2, 8, 20, 30]) {
      await rig.install([], { client: dyingAfter(rig.client, writes) }).catch(() => {});
      await rig.uninstall({}, { client: dyingAfter(rig.client, writes / 2) }).catch(() => {});
      await rig.uninstall();
      const left = (await present(cluster)).filter((name) => !name.startsWith("customresourcedefinition"));
      assert.deepEqual(left, [], `${writes} writes`);
    }
  });

  await test.step("one that kubectl has made, which has no inventory, and a role of somebody else called like ours", async () => {
    const { objects } = (await import("../../src/install/render/variant.ts")).variantOf(
      (await import("./rig.ts")).files,
      { overlays: [], images: [], crds: "without" },
    );
    await cluster.apply(objects.filter(({ metadata }) => metadata.name !== "manager-role"));
    const role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/manager-role";
    await cluster.apply({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "manager-role" },
      rules: [{ apiGroups: ["example.com"], resources: ["things"], verbs: ["get"] }],
    });
    await rig.uninstall();
    const left = (await present(cluster)).filter((name) => !name.startsWith("customresourcedefinition"));
    assert.deepEqual(left, ["clusterrole.rbac.authorization.k8s.io/manager-role"]);
    await cluster.request("DELETE", role);
  });

  await test.step("what is in the namespace holds it up: it is refused, and nothing was removed", async () => {
    await rig.install([]);
    await cluster.apply({
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { name: "inside", namespace: "coder-system" },
      spec: { replicas: 0 },
    });
    await assert.rejects(
      rig.uninstall({ deleteNamespace: true }),
      (error) =>
        error instanceof InstallError &&
        /control plane coder-system\/inside: what is in its database stays/.test(error.message),
    );
    assert.ok(await cluster.find(API_SERVICE));
    await cluster.request(
      "DELETE",
      "/apis/coder.com/v1alpha1/namespaces/coder-system/codercontrolplanes/inside",
    );
  });

  await test.step("everything, in so many words: what is lost is said, and finalizers that nobody serves come off", async () => {
    await makeControlPlane(cluster, "dev");
    await makeControlPlane(cluster, "gone", { annotations: { "coder.com/deletion-policy": "Delete" } });
    let asked = "";
    await assert.rejects(
      rig.uninstall({
        deleteCrds: true,
        deleteNamespace: true,
        confirm: (text) => {
          asked = text;
          return Promise.resolve(false);
        },
      }),
      /nothing was removed/,
    );
    assert.match(asked, /control plane coder\/dev: what is in its database stays/);
    assert.match(asked, /control plane coder\/gone: its workspaces and templates are deleted in Coder, too/);
    assert.match(asked, /namespace coder-system, with everything in it/);
    assert.ok(await cluster.find(API_SERVICE));

    const { result, lines } = await rig.uninstall({ deleteCrds: true, deleteNamespace: true }, {
      timeoutMs: 180_000,
    });
    assert.deepEqual(result, [], lines.join("\n"));
    assert.ok(
      lines.some((line) =>
        /control plane coder\/dev: coder\.com\/workspace-rbac-cleanup taken off, as nobody reconciles/.test(
          line,
        )
      ),
      lines.join("\n"),
    );
    assert.deepEqual(await present(cluster).catch(() => []), []);
    assert.equal(await cluster.find("/api/v1/namespaces/coder-system"), undefined);
    await cluster.request("DELETE", "/api/v1/namespaces/coder");
    await namespacesEnd(cluster);
  });

  await test.step("without CRDs there is nothing to ask about", async () => {
    const { result } = await rig.uninstall({ deleteCrds: true });
    assert.deepEqual(result, []);
  });

  await test.step("a leader that lives is waited for, and the time for it is bounded; --abandon does not wait", async () => {
    await rig.install([]);
    await makeControlPlane(cluster, "slow");
    await cluster.apply({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "coder-k8s-controller.coder.com", namespace: "coder-system" },
      spec: {
        holderIdentity: "pod-0",
        renewTime: new Date(Date.now() + 600_000).toISOString().replace("Z", "000Z"),
      },
    });
    const over = new AbortController();
    const removing = rig.uninstall({ deleteCrds: true }, { signal: over.signal });
    await waitFor(
      async () => (await cluster.request("GET", `${CONTROL_PLANES}/slow`)).metadata.deletionTimestamp,
      { what: "the control plane to be deleted", timeoutMs: TIMEOUT_MS },
    );
    over.abort(new DOMException("late", "TimeoutError"));
    await assert.rejects(
      removing,
      /control plane coder\/slow: .* \(the time for it is over\)/,
    );
    assert.ok(
      await cluster.find("/apis/apps/v1/namespaces/coder-system/deployments/coder-k8s"),
      "it works on",
    );
    await rig.uninstall({ deleteCrds: true, abandon: true });
    assert.equal(
      await cluster.find(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/codercontrolplanes.coder.com",
      ),
      undefined,
    );
  });

  await test.step("who lacks rights hears what is left, and what could be removed is", async () => {
    await rig.install([]);
    await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "people" } });
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: "people", name: "bob" });
    const rules = [
      { apiGroups: ["*"], resources: ["*"], verbs: ["get", "list"] },
      { apiGroups: ["apiregistration.k8s.io", "apps", ""], resources: ["*"], verbs: ["delete"] },
    ];
    const subjects = [{ kind: "ServiceAccount", name: "bob", namespace: "people" }];
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "bob" };
    await cluster.apply([
      { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "bob" }, rules },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: "bob" },
        roleRef,
        subjects,
      },
    ]);
    await cluster.rightsInForce("system:serviceaccount:people:bob", rules);
    const { result } = await rig.uninstall({}, { client: rig.clientOf(kubeconfig) });
    assert.ok(
      result.some((text) => /clusterrole\.\S+\/manager-role: .*orbidden/.test(text)),
      result.join("\n"),
    );
    assert.equal(await cluster.find(API_SERVICE), undefined);
    assert.deepEqual((await rig.uninstall()).result, []);
  });
});
