/** Passes over provisioners on a real cluster, under the shipped rights; what visits to Coder find is given by hand. */
import assert from "node:assert/strict";
import type { CoderProvisioner } from "../../src/api/provisioner.ts";
import { EMPTY_REPORT } from "../../src/operator/pass/report.ts";
import { provisionerController } from "../../src/provisioner/controller.ts";
import { secretView } from "../../src/provisioner/keys/mod.ts";
import { type ProvisionerResult, ProvisionerResults } from "../../src/provisioner/results.ts";
import { waitFor } from "../cluster/mod.ts";
import type { RunningOperator, StartControllers } from "../operator/controllers.ts";
import { goProvisioner } from "./go_operator.ts";
import { CHECKSUM, KEY_FINALIZER, ProvisionerRig } from "./rig.ts";

const DEPLOYMENT = "apps/v1/deployments/provisioner-prov";

/** An operator that makes passes alone, and a word for what a visit found. */
async function passes(rig: ProvisionerRig) {
  const results = new ProvisionerResults();
  const start: StartControllers = (parts) => [
    provisionerController({ ...parts, results, namespaces: parts.namespaces }),
  ];
  const operator = await rig.operator(start);
  return Object.assign(operator, {
    /** A visit ends, for the provisioner as it is stored. */
    async visited(key: string, more: Partial<ProvisionerResult> = {}, name = "prov") {
      const { metadata: { generation = 0, uid = "" } } = await rig.provisioners.stored(name);
      const view = secretView(key);
      assert.ok(view.state === "held");
      const checksum = { valueHash: view.valueHash, legacy: view.legacyChecksum };
      results.set(uid, { generation, report: EMPTY_REPORT, checksum, ...more });
      await operator.again(name);
    },
    async ended(name = "prov", done = true) {
      const { metadata: { uid = "" } } = await rig.provisioners.stored(name);
      results.setEnded(uid, { done, message: "" });
      await operator.again(name);
    },
  });
}

/** A provisioner whose pods run with this key. */
async function running(
  rig: ProvisionerRig,
  operator: Awaited<ReturnType<typeof passes>>,
  spec: Partial<NonNullable<CoderProvisioner["spec"]>> = {},
): Promise<CoderProvisioner> {
  await rig.provisioner("prov", spec);
  await rig.live.putSecret("prov-provisioner-key", { key: "k" });
  await operator.visited("k");
  await rig.podsReady("prov", spec.replicas ?? 1);
  return await rig.settled("prov");
}

/** Waits for passes that wake no others: what the cluster still has to tell of Deployments may come first. */
async function noMorePasses(operator: RunningOperator): Promise<void> {
  await waitFor(async () => {
    const before = await operator.again("prov");
    for (let times = 0; times < 3; times++) await operator.again("prov");
    return operator.passes("prov") === before + 3;
  }, { what: "passes that do not wake one another" });
}

/** Whether the operator's apply holds the number of the Deployment's pods. */
async function ownsReplicas(rig: ProvisionerRig): Promise<boolean> {
  const { metadata } = await rig.live.get(DEPLOYMENT);
  // deno-lint-ignore no-explicit-any -- managed fields as sent
  return metadata.managedFields.some((entry: any) =>
    entry.operation === "Apply" && entry.fieldsV1["f:spec"]?.["f:replicas"] !== undefined
  );
}

Deno.test("the spec stays byte for byte, account and rights come at once, pods with the key", async () => {
  await using rig = await ProvisionerRig.start("pass");
  await using operator = await passes(rig);
  const created = await rig.provisioner("prov", { tags: { region: "eu" } });
  const { reason } = await rig.provisioners.condition("prov", "Ready", "False");
  assert.equal(reason, "KeyAwaited");
  const held = await rig.provisioners.stored("prov");
  assert.deepEqual(held.metadata.finalizers, [KEY_FINALIZER]);
  assert.deepEqual([held.spec, held.metadata.generation], [created.spec, 1]);
  const rbac = "rbac.authorization.k8s.io/v1";
  const names = [
    "v1/serviceaccounts/prov-provisioner",
    `${rbac}/roles/provisioner-prov`,
    `${rbac}/rolebindings/provisioner-prov`,
  ];
  for (const name of names) assert.ok(await rig.live.get(name), name);
  assert.equal(await rig.live.get(DEPLOYMENT), undefined);

  await rig.live.putSecret("prov-provisioner-key", { key: "k" });
  await operator.visited("k");
  const [pod] = await rig.podsReady("prov", 1);
  assert.equal(pod?.spec.containers[0].command[0], "/opt/coder");
  const { status } = await rig.settled("prov");
  assert.deepEqual([status?.phase, status?.readyReplicas, status?.replicas], ["Ready", 1, 1]);
  await noMorePasses(operator);
  const workload = await rig.live.workload("provisioner-prov");
  await operator.visited("k2");
  const [rolled] = await waitFor(async () => {
    const pods = await rig.podsReady("prov", 1);
    return pods[0]?.annotations[CHECKSUM] !== pod?.annotations[CHECKSUM] ? pods : undefined;
  }, { what: "pods with the new key" });
  assert.ok(rolled);
  assert.notEqual(await rig.live.workload("provisioner-prov"), workload);
});

Deno.test("what the Go operator made is taken over as it runs, and a rotation replaces its template", async () => {
  await using rig = await ProvisionerRig.start("pass-go");
  const go = await goProvisioner(rig, { spec: { replicas: 2 } });
  const workload = await rig.live.workload("provisioner-prov");
  const template = (await rig.live.get(DEPLOYMENT)).spec.template;
  await using operator = await passes(rig);
  await rig.provisioners.condition("prov", "UpgradePending", "True");
  await operator.visited(go.key);
  const { status } = await rig.settled("prov");
  assert.equal(await rig.live.workload("provisioner-prov"), workload, "no pod was replaced");
  assert.deepEqual((await rig.live.get(DEPLOYMENT)).spec.template, template);
  assert.equal(status?.provisionerKeyName, "prov", "the record is the Go operator's");
  assert.deepEqual(status?.secretRef, go.secret);
  await noMorePasses(operator);

  await operator.visited("another");
  await waitFor(async () => (await rig.live.workload("provisioner-prov")) !== workload, {
    what: "a rollout",
  });
  const rolled = (await rig.live.get(DEPLOYMENT)).spec.template;
  assert.equal(rolled.spec.containers[0].command[0], "/opt/coder");
  await rig.podsReady("prov", 2);
  await rig.provisioners.condition("prov", "UpgradePending", "Absent");
});

Deno.test("a Deployment that belongs to a control plane of an unlucky name is left alone", async () => {
  await using rig = await ProvisionerRig.start("pass-foreign", {
    coders: [{}, { name: "provisioner-prov" }],
  });
  const owner = await rig.coders[1]?.object();
  const { apiVersion = "", kind = "", metadata: { name = "", uid = "" } = {} } = owner ?? {};
  const labels = { app: "theirs", "app.kubernetes.io/managed-by": "coder-k8s" };
  await rig.live.send("POST", "apps/v1/deployments", {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "provisioner-prov",
      labels,
      ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "coder", image: "coder:1" }] } },
    },
  });
  await using operator = await passes(rig);
  await rig.provisioner("prov");
  await rig.provisioners.condition("prov", "Ready", "False");
  await operator.visited("k");
  const { reason, message } = await rig.provisioners.condition("prov", "Degraded", "True");
  assert.equal(reason, "ForeignObject");
  assert.match(message, /controlled by CoderControlPlane provisioner-prov/);
  const { spec } = await rig.live.get(DEPLOYMENT);
  assert.deepEqual(spec.selector.matchLabels, labels);
  await rig.live.send("DELETE", DEPLOYMENT);
  await rig.podsReady("prov", 1);
  await rig.settled("prov");
});

Deno.test("the scale subresource is followed, and an autoscaler of the Deployment rules", async () => {
  await using rig = await ProvisionerRig.start("pass-scale");
  await using operator = await passes(rig);
  await running(rig, operator);
  const { status } = await rig.live.get("coder.com/v1alpha1/coderprovisioners/prov/scale");
  assert.equal(status.replicas, 1);
  assert.match(status.selector, /app.kubernetes.io\/instance=prov/);
  await rig.cluster.kubectl(
    ["scale", "coderprovisioner/prov", "--replicas=3", "--namespace", rig.namespace],
  );
  await rig.podsReady("prov", 3);
  await rig.settled("prov");

  await rig.live.send("POST", "autoscaling/v2/horizontalpodautoscalers", {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "hpa" },
    spec: {
      minReplicas: 1,
      maxReplicas: 5,
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "provisioner-prov" },
    },
  });
  await waitFor(async () => !(await ownsReplicas(rig)), { what: "the autoscaler to be noticed" });
  await rig.live.send("PATCH", `${DEPLOYMENT}/scale`, { spec: { replicas: 2 } });
  await rig.podsReady("prov", 2);
  await operator.again("prov");
  assert.equal((await rig.live.get(DEPLOYMENT)).spec.replicas, 2);
});

Deno.test("replicas and image are followed while there is no control plane", async () => {
  await using rig = await ProvisionerRig.start("pass-alone");
  await using operator = await passes(rig);
  await running(rig, operator);
  await rig.coder.remove();
  await rig.provisioners.change("prov", { spec: { replicas: 2, image: "mirror/coder:v2" } });
  const pods = await rig.podsReady("prov", 2);
  assert.equal(pods[0]?.spec.containers[0].image, "mirror/coder:v2");
  const { status, metadata } = await rig.settled("prov", { Ready: "True" });
  assert.equal(status?.observedGeneration, metadata.generation);
});

Deno.test("a renamed ServiceAccount and Secret go once no pod uses them", async () => {
  await using rig = await ProvisionerRig.start("pass-rename");
  await using operator = await passes(rig);
  const { metadata: { uid = "" } } = await running(rig, operator);
  // As a visit makes it.
  await rig.live.send("PATCH", "v1/secrets/prov-provisioner-key", {
    metadata: {
      labels: (await rig.live.get("v1/serviceaccounts/prov-provisioner")).metadata.labels,
      ownerReferences: [{
        apiVersion: "coder.com/v1alpha1",
        kind: "CoderProvisioner",
        name: "prov",
        uid,
        controller: true,
      }],
    },
  });
  await rig.provisioners.change("prov", {
    spec: { serviceAccount: { name: "builder" }, key: { existingSecret: "brought" } },
  });
  await rig.live.putSecret("brought", { key: "b" });
  await operator.visited("b");
  await waitFor(async () => {
    const [account, secret] = await Promise.all([
      rig.live.get("v1/serviceaccounts/prov-provisioner"),
      rig.live.get("v1/secrets/prov-provisioner-key"),
    ]);
    return account === undefined && secret === undefined;
  }, { what: "the earlier names to be gone" });
  assert.ok(await rig.live.get("v1/serviceaccounts/builder"));
  await rig.settled("prov");
});

Deno.test("at the end pods go first, and the finalizer when the key is deleted", async () => {
  await using rig = await ProvisionerRig.start("pass-end");
  await using operator = await passes(rig);
  await running(rig, operator, { terminationGracePeriodSeconds: 1 });
  await rig.provisioners.delete("prov");
  await rig.provisioners.condition("prov", "Terminating", "True");
  await waitFor(async () => await rig.live.get(DEPLOYMENT) === undefined, {
    what: "the Deployment to go",
    timeoutMs: 60_000,
  });
  const { reason } = await waitFor(async () => {
    const condition = await rig.provisioners.condition("prov", "Terminating", "True");
    return condition.reason === "DeletingKeys" ? condition : undefined;
  }, { what: "the keys' turn" });
  assert.equal(reason, "DeletingKeys");
  assert.deepEqual(await rig.live.get(DEPLOYMENT), undefined, "nothing is made anew");
  await operator.ended();
  await rig.provisioners.gone("prov");
});
