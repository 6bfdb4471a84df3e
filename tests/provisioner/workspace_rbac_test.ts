/** Rights of provisioners on a real cluster, under the shipped rights of the operator. */
import assert from "node:assert/strict";
import { OPERATOR_USER } from "../operator/install.ts";
import { CustomObjects } from "../operator/custom_objects.ts";
import { LiveObjects } from "../operator/live_objects.ts";
import { type CoderProvisioner, CoderProvisioners } from "../../src/api/provisioner.ts";
import { waitFor } from "../cluster/mod.ts";
import { goProvisioner } from "./go_operator.ts";
import { ProvisionerRig } from "./rig.ts";
import { letIn, madeIn, mayDo, rightBecomes, wholeOperator } from "./workspace_rbac_rig.ts";

const SERVICES = { apiGroups: [""], resources: ["services"], verbs: ["get"] };
const SECRETS = { apiGroups: [""], resources: ["secrets"], verbs: ["get"] };
const REQUESTS = [
  "create pods",
  "deletecollection persistentvolumeclaims",
  "create apps/deployments",
  "get services",
  "list services",
  "get secrets",
  "create rbac.authorization.k8s.io/roles",
];

const rbacSaid = (object: CoderProvisioner) =>
  object.status?.conditions?.find(({ type }) => type === "WorkspaceRBAC");

Deno.test("builds may do what Coder may do, in the same namespaces, and in no others", async () => {
  await using rig = await ProvisionerRig.start("rights");
  const home = rig.namespace;
  const [open, closed] = await Promise.all([
    rig.cluster.newNamespace("open"),
    rig.cluster.newNamespace("closed"),
  ]);
  await letIn(rig, open, { label: home });
  const rbac = { workspaceNamespaces: [open, closed], extraRules: [SERVICES, SECRETS] };
  await rig.coder.change({ spec: { rbac } });
  await using operator = await wholeOperator(rig, [home]);
  await rig.provisioner();
  const account = { namespace: home, name: "prov-provisioner" };
  await rightBecomes(rig, true, account, open, "create pods");
  await rightBecomes(rig, true, account, home, "create pods");
  await rightBecomes(rig, true, { namespace: home, name: "coder" }, open, "create pods");
  await rightBecomes(rig, true, { namespace: home, name: "coder" }, home, "create pods");
  for (const namespace of [home, open, closed, "kube-system"]) {
    for (const request of REQUESTS) {
      const right = await mayDo(rig, account, namespace, request);
      const planes = await mayDo(rig, { namespace: home, name: "coder" }, namespace, request);
      assert.equal(right, planes, `${request} in ${namespace}`);
    }
  }
  assert.equal(await mayDo(rig, account, open, "create apps/deployments"), true);
  assert.deepEqual(await madeIn(rig, closed), []);
  assert.deepEqual(await madeIn(rig, home), ["Role/provisioner-prov", "RoleBinding/provisioner-prov"]);
  const { reason, message } = await rig.provisioners.condition("prov", "WorkspaceRBAC", "False");
  assert.equal(reason, "NamespaceNotAllowed");
  assert.match(message, new RegExp(`kubectl label namespace ${closed} coder.com/workspaces-from=${home}$`));

  // Consents come and go, and so do rights.
  await letIn(rig, closed, { annotation: `${home}/coder` });
  await rightBecomes(rig, true, account, closed, "create pods");
  await rig.provisioners.condition("prov", "WorkspaceRBAC", "True");
  await letIn(rig, open, { label: null });
  await rightBecomes(rig, false, account, open, "create pods");
  await waitFor(async () => (await madeIn(rig, open)).length === 0, { what: "the rest of the grant to go" });

  // What there is costs nothing more.
  await operator.again("prov");
  const mark = await rig.cluster.audit.mark();
  await operator.again("prov");
  const writes = (await rig.cluster.audit.since(mark)).writes(OPERATOR_USER)
    .filter(({ resource, namespace }) =>
      /^role/.test(resource ?? "") && [home, closed].includes(namespace ?? "")
    );
  assert.deepEqual(writes.map(({ verb, uri }) => `${verb} ${uri}`), []);

  // What is changed by hand is put back, as in control planes.
  const path =
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${closed}/roles/workspaces-${home}.prov-provisioner`;
  await rig.cluster.request("PATCH", path, { rules: [SECRETS] });
  await rightBecomes(rig, true, account, closed, "create pods");
  await rightBecomes(rig, false, account, closed, "get secrets");

  await rig.coder.change({ spec: { rbac: { workspacePerms: false } } });
  await waitFor(async () => (await madeIn(rig, closed)).length === 0, { what: "the rest to go" });
  // Coder shall not run workspaces itself: its provisioners do, where the Go operator let them.
  await rightBecomes(rig, true, account, home, "create pods");
  await rig.coder.change({ spec: { rbac: { workspacePerms: true } } });
  await rightBecomes(rig, true, account, closed, "create pods");
  await rig.provisioners.delete("prov");
  await rig.provisioners.gone("prov");
  assert.deepEqual(await madeIn(rig, closed), [], "nothing is left where owner references do not reach");
});

Deno.test("a tenant who names a control plane of others gains nothing that they did not agree to", async () => {
  await using rig = await ProvisionerRig.start("rights-victim");
  const home = rig.namespace;
  const [tenant, open] = await Promise.all([
    rig.cluster.newNamespace("tenant"),
    rig.cluster.newNamespace("open"),
  ]);
  await letIn(rig, open, { label: home });
  await rig.coder.change({ spec: { rbac: { workspaceNamespaces: [open, tenant, "kube-system"] } } });
  await using _operator = await wholeOperator(rig, [home, tenant]);
  const provisioners = new CustomObjects<CoderProvisioner>(
    CoderProvisioners,
    new LiveObjects(rig.cluster, tenant),
  );
  await provisioners.create("prov", { controlPlaneRef: { name: "coder", namespace: home } });
  const account = { namespace: tenant, name: "prov-provisioner" };
  const nowhere = async () => {
    for (const namespace of [home, open, tenant, "kube-system"]) {
      assert.equal(await mayDo(rig, account, namespace, "create pods"), false, namespace);
      if (namespace !== "kube-system") assert.deepEqual(await madeIn(rig, namespace), [], namespace);
    }
  };
  const { reason } = await provisioners.condition("prov", "WorkspaceRBAC", "False");
  assert.equal(reason, "ControlPlaneNotShared");
  await nowhere();

  // The control plane agrees; the namespaces have not.
  const share = (list: string | null) =>
    rig.coder.change({ metadata: { annotations: { "coder.com/used-from": list } } });
  await share(tenant);
  await waitFor(async () => {
    const said = rbacSaid(await provisioners.stored("prov"));
    return said?.reason === "NamespaceNotAllowed" ? said : Promise.reject(new Error(JSON.stringify(said)));
  }, { what: "the namespaces to be named" });
  await nowhere();

  await letIn(rig, open, { annotation: tenant });
  await rightBecomes(rig, true, account, open, "create pods");
  assert.equal(await mayDo(rig, account, home, "create pods"), false, "its own pods are another matter");
  await letIn(rig, home, { label: tenant });
  await rightBecomes(rig, true, account, home, "create pods");
  await letIn(rig, tenant, { label: home });
  await rightBecomes(rig, true, account, tenant, "create pods");
  assert.equal(await mayDo(rig, account, "kube-system", "create pods"), false);
  // Enough for the provisioner, and not for the control plane.
  await letIn(rig, open, { label: null });
  await rightBecomes(rig, false, account, open, "create pods");

  await share(null);
  for (const namespace of [home, tenant]) {
    await rightBecomes(rig, false, account, namespace, "create pods");
    // Without its binding a Role grants nothing; it goes right after.
    await waitFor(async () => (await madeIn(rig, namespace)).length === 0, {
      what: `nothing to be left in ${namespace}`,
    });
  }
  await nowhere();
  await letIn(rig, home, { label: null });
});

Deno.test("rights that the Go operator granted become the control plane's, under the same names", async () => {
  await using rig = await ProvisionerRig.start("rights-go");
  const home = rig.namespace;
  await goProvisioner(rig);
  const path = "rbac.authorization.k8s.io/v1/roles/provisioner-prov";
  const { metadata: { uid } } = await rig.live.get(path);
  const account = { namespace: home, name: "prov-provisioner" };
  assert.equal(await mayDo(rig, account, home, "create apps/deployments"), false);
  const workload = await rig.live.workload("provisioner-prov");
  {
    await using _operator = await wholeOperator(rig, [home]);
    await rightBecomes(rig, true, account, home, "create apps/deployments");
    await rig.provisioners.condition("prov", "WorkspaceRBAC", "True");
    assert.equal((await rig.live.get(path)).metadata.uid, uid);
    assert.equal(await rig.live.workload("provisioner-prov"), workload, "no pod was replaced");
    assert.deepEqual(await madeIn(rig, home), ["Role/provisioner-prov", "RoleBinding/provisioner-prov"]);
    // What the control plane may not, its provisioners may not, whoever granted it.
    await rig.coder.change({ spec: { rbac: { enableDeployments: false } } });
    await rightBecomes(rig, false, account, home, "create apps/deployments");
    assert.equal(await mayDo(rig, account, home, "create pods"), true);
  }
});

Deno.test("without its control plane a provisioner keeps what it has", async () => {
  await using rig = await ProvisionerRig.start("rights-alone");
  const home = rig.namespace;
  const open = await rig.cluster.newNamespace("open");
  await letIn(rig, open, { label: home });
  await rig.coder.change({ spec: { rbac: { workspaceNamespaces: [open] } } });
  await using operator = await wholeOperator(rig, [home]);
  await rig.provisioner();
  const account = { namespace: home, name: "prov-provisioner" };
  await rightBecomes(rig, true, account, open, "create pods");
  await rig.provisioners.change("prov", { spec: { controlPlaneRef: { name: "mistyped" } } });
  const { reason, message } = await rig.provisioners.condition("prov", "WorkspaceRBAC", "Unknown");
  assert.equal(reason, "ControlPlaneNotFound");
  assert.match(message, /stay as they are$/);
  await rig.provisioners.change("prov", { spec: { serviceAccount: { name: "builds" } } });
  for (const namespace of [home, open]) {
    await rightBecomes(rig, true, { namespace: home, name: "builds" }, namespace, "create pods");
    assert.equal(await mayDo(rig, account, namespace, "create pods"), true, "pods may still run as it");
  }
  await operator.again("prov");
  assert.equal(await mayDo(rig, account, open, "create pods"), true);
});
