/** An installation of the Go operator is taken over without touching its pods. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { GO_STATUS, goInstallation, type GoOptions } from "./go_operator.ts";
import { type Rig, startRig } from "./rig.ts";

const DEPLOYMENT = "apps/v1/deployments/coder";
const RELAY = "CODER_DERP_SERVER_RELAY_URL";
const override = [{ name: RELAY, value: "http://[$(KUBE_POD_IP)]:8080" }];

/**
 * Everything about the workload that must not change, as text. Not the Deployment's generation: the API server also
 * counts changes of its annotations.
 */
async function workload(rig: Rig): Promise<string> {
  const deployment = await rig.get(DEPLOYMENT);
  const sets = (await rig.get("apps/v1/replicasets")).items;
  const pods = (await rig.get("v1/pods")).items;
  return JSON.stringify({
    template: deployment.spec.template,
    strategy: deployment.spec.strategy,
    replicas: deployment.spec.replicas,
    // deno-lint-ignore no-explicit-any -- objects as sent
    sets: sets.map((set: any) => [set.metadata.uid, set.metadata.generation, set.spec]),
    // deno-lint-ignore no-explicit-any -- objects as sent
    pods: pods.map((pod: any) => pod.metadata.uid).sort(),
  });
}

async function installed(prefix: string, options: GoOptions): Promise<Rig> {
  const rig = await startRig(prefix);
  await goInstallation(rig, options);
  await waitFor(
    async () => (await rig.get(DEPLOYMENT)).status?.availableReplicas === (options.replicas ?? 1),
    {
      what: "the pods of the Go operator",
    },
  );
  return rig;
}

// deno-lint-ignore no-explicit-any -- managed fields as sent
async function managers(rig: Rig, path: string): Promise<any[]> {
  return (await rig.get(path)).metadata.managedFields;
}

const envNames = async (rig: Rig) =>
  // deno-lint-ignore no-explicit-any -- objects as sent
  (await rig.get(DEPLOYMENT)).spec.template.spec.containers[0].env.map((each: any) => each.name);

for (const manager of ["manager", "coder-k8s"]) {
  Deno.test(`what the Go operator wrote as "${manager}" is taken over, its pods untouched`, async () => {
    const rig = await installed("takeover", { manager });
    const before = await workload(rig);
    const service = await rig.get("v1/services/coder");
    await using operator = await rig.operator();
    await rig.ready("coder");
    await operator.again("coder");
    assert.equal(await workload(rig), before);
    assert.equal((await rig.get("v1/services/coder")).spec.clusterIP, service.spec.clusterIP);
    const { message } = await rig.condition("coder", "UpgradePending", "True");
    assert.match(message, /adds containers\[name=coder\]\.securityContext/);
    assert.match(message, /terminationGracePeriodSeconds/);
    assert.doesNotMatch(message, /containers\[name=coder\]\.(env|args|image|ports|readinessProbe)/);
    for (const path of [DEPLOYMENT, "v1/services/coder", "v1/serviceaccounts/coder"]) {
      const entries = (await managers(rig, path)).filter((entry) => entry.subresource === undefined);
      assert.deepEqual(
        entries.filter((entry) => JSON.stringify(entry.fieldsV1).includes("f:ownerReferences"))
          .map(({ manager, operation }) => `${manager} ${operation}`),
        ["coder-k8s Apply"],
        path,
      );
    }
  });
}

Deno.test("the Go operator's status fields outlive the takeover", async () => {
  const rig = await installed("status", { manager: "manager" });
  await using operator = await rig.operator();
  const { status } = await rig.ready("coder");
  await operator.again("coder");
  const { conditions: theirs, ...fields } = GO_STATUS(1, rig.namespace);
  const { conditions: ours, ...kept } = status ?? {};
  const added = {
    image: "ghcr.io/coder/coder:v2.30.0",
    internalURL: `http://coder.${rig.namespace}.svc.cluster.local:80`,
  };
  assert.deepEqual(kept, { ...fields, ...added });
  assert.deepEqual(ours?.find(({ type }) => type === "LicenseApplied"), theirs[0]);
});

Deno.test("a template that we would render differently is kept, and the difference is told", async () => {
  const rig = await installed("keep", { manager: "manager", extraEnv: override });
  const before = await workload(rig);
  assert.equal(
    (await envNames(rig)).filter((name: string) => name === RELAY).length,
    2,
    "as the Go operator does",
  );
  await using operator = await rig.operator();
  const pending = await rig.condition("coder", "UpgradePending", "True");
  assert.match(pending.message, new RegExp(`repeated definition of environment variable ${RELAY}`));
  await rig.ready("coder");
  await operator.again("coder");
  assert.equal(await workload(rig), before);

  // A change that does not shape the template leaves it alone.
  await rig.change("coder", { spec: { replicas: 2, service: { annotations: { a: "b" } } } });
  await waitFor(async () => (await rig.get(DEPLOYMENT)).spec.replicas === 2, { what: "two replicas" });
  await rig.ready("coder");
  assert.equal((await envNames(rig)).filter((name: string) => name === RELAY).length, 2);
  assert.equal((await rig.get("apps/v1/replicasets")).items.length, 1);

  // The next change of the template brings everything at once.
  await rig.change("coder", { spec: { image: "ghcr.io/coder/coder:v2.30.1" } });
  await rig.condition("coder", "UpgradePending", "Absent");
  await rig.ready("coder");
  const { spec } = (await rig.get(DEPLOYMENT)).spec.template;
  assert.equal(spec.containers[0].image, "ghcr.io/coder/coder:v2.30.1");
  assert.deepEqual(await envNames(rig), ["KUBE_POD_IP", RELAY, "CODER_ACCESS_URL"]);
  assert.equal(spec.containers[0].env[1].value, "http://[$(KUBE_POD_IP)]:8080");
  assert.equal((await rig.get("apps/v1/replicasets")).items.length, 2, "one rollout");
});

Deno.test("a kept template survives restarts of the operator", async () => {
  const rig = await installed("restart", { manager: "manager", extraEnv: override });
  const before = await workload(rig);
  for (let i = 0; i < 2; i++) {
    await using operator = await rig.operator();
    await rig.condition("coder", "UpgradePending", "True");
    await operator.again("coder");
  }
  assert.equal(await workload(rig), before);
});

Deno.test("fields that the Go operator wrote and we do not go with the next change of the spec", async () => {
  const rig = await installed("stale", {
    manager: "manager",
    adjust(deployment) {
      const [container] = deployment.spec.template.spec.containers;
      container.env.push({ name: "CODER_OLD", value: "secret-value" });
      deployment.spec.template.spec.hostname = "old";
    },
  });
  await using _operator = await rig.operator();
  const { message } = await rig.condition("coder", "UpgradePending", "True");
  assert.match(message, /removes containers\[name=coder\]\.env\[name=CODER_OLD\]/);
  assert.match(message, /removes hostname/);
  assert.doesNotMatch(message, /secret-value/);
  await rig.change("coder", { spec: { extraArgs: ["--verbose"] } });
  await rig.condition("coder", "UpgradePending", "Absent");
  await rig.ready("coder");
  const { spec } = (await rig.get(DEPLOYMENT)).spec.template;
  assert.equal(spec.hostname, undefined);
  assert.ok(!(await envNames(rig)).includes("CODER_OLD"));
});

Deno.test("the upgrade annotation brings pending changes at once, and only once", async () => {
  const rig = await installed("now", { manager: "manager", extraEnv: override });
  await using operator = await rig.operator();
  await rig.condition("coder", "UpgradePending", "True");
  await rig.cluster.kubectl([
    "annotate",
    "codercontrolplane",
    "coder",
    "--namespace",
    rig.namespace,
    "coder.com/upgrade-now=true",
  ]);
  await rig.condition("coder", "UpgradePending", "Absent");
  await rig.ready("coder");
  assert.deepEqual(await envNames(rig), ["KUBE_POD_IP", RELAY, "CODER_ACCESS_URL"]);
  await waitFor(
    async () =>
      (await rig.controlPlane("coder"))?.metadata.annotations?.["coder.com/upgrade-now"] === undefined,
    { what: "the annotation to be taken away" },
  );
  await operator.again("coder");
  assert.equal((await rig.get("apps/v1/replicasets")).items.length, 2);
});

Deno.test("a spec that changed while no operator ran is rendered at once", async () => {
  const rig = await installed("changed", { manager: "manager", extraEnv: override });
  await rig.change("coder", { spec: { image: "ghcr.io/coder/coder:v2.31.0" } });
  await using _operator = await rig.operator();
  await rig.ready("coder");
  const [container] = (await rig.get(DEPLOYMENT)).spec.template.spec.containers;
  assert.equal(container.image, "ghcr.io/coder/coder:v2.31.0");
  assert.deepEqual(await envNames(rig), ["KUBE_POD_IP", RELAY, "CODER_ACCESS_URL"]);
});

Deno.test("an image that is blocked, set while no operator ran, leaves the running pods their template and image", async () => {
  const rig = await installed("blocked", { manager: "manager", extraEnv: override });
  const before = await workload(rig);
  await rig.change("coder", { spec: { image: "ghcr.io/coder/coder:v2.29.0" } });
  // The second one finds what the first has noted.
  for (let i = 0; i < 2; i++) {
    await using operator = await rig.operator();
    assert.equal((await rig.condition("coder", "Upgrading", "False")).reason, "UpgradeBlocked");
    await rig.condition("coder", "UpgradePending", "True");
    await operator.again("coder");
    assert.equal(await workload(rig), before);
  }
  await using _operator = await rig.operator();
  await rig.change("coder", { spec: { image: "ghcr.io/coder/coder:v2.30.1" } });
  await rig.condition("coder", "Upgrading", "Absent");
  await rig.condition("coder", "UpgradePending", "Absent");
  await rig.ready("coder");
  const [container] = (await rig.get(DEPLOYMENT)).spec.template.spec.containers;
  assert.equal(container.image, "ghcr.io/coder/coder:v2.30.1");
  assert.deepEqual(await envNames(rig), ["KUBE_POD_IP", RELAY, "CODER_ACCESS_URL"]);
});

Deno.test("a kept template that somebody changes by hand is put in order", async () => {
  const rig = await installed("hand", { manager: "manager", extraEnv: override });
  await using _operator = await rig.operator();
  await rig.condition("coder", "UpgradePending", "True");
  await rig.cluster.kubectl([
    "set",
    "image",
    "deployment/coder",
    "coder=evil:1",
    "--namespace",
    rig.namespace,
  ]);
  await waitFor(
    async () =>
      (await rig.get(DEPLOYMENT)).spec.template.spec.containers[0].image === "ghcr.io/coder/coder:v2.30.0",
    { what: "the image to be put back" },
  );
  await rig.condition("coder", "UpgradePending", "Absent");
});

Deno.test("a restart that somebody asked for leaves a kept template kept", async () => {
  const rig = await installed("rollout", { manager: "manager", extraEnv: override });
  await using operator = await rig.operator();
  await rig.condition("coder", "UpgradePending", "True");
  await rig.cluster.kubectl(["rollout", "restart", "deployment/coder", "--namespace", rig.namespace]);
  await waitFor(async () => (await rig.get("apps/v1/replicasets")).items.length === 2, {
    what: "the restart",
  });
  await rig.ready("coder");
  await operator.again("coder");
  await rig.condition("coder", "UpgradePending", "True");
  const { metadata } = (await rig.get(DEPLOYMENT)).spec.template;
  assert.ok(metadata.annotations["kubectl.kubernetes.io/restartedAt"]);
  assert.equal((await envNames(rig)).filter((name: string) => name === RELAY).length, 2);
});

Deno.test("a template of an earlier version of this operator is kept until the spec changes", async () => {
  const rig = await startRig("older");
  {
    await using _earlier = await rig.operator();
    await rig.create("coder");
    await rig.ready("coder");
  }
  // As if an earlier version had rendered another command line.
  const earlier = ["--http-address=0.0.0.0:8080", "--earlier"];
  await rig.cluster.request(
    "PATCH",
    `/apis/apps/v1/namespaces/${rig.namespace}/deployments/coder?fieldManager=coder-k8s`,
    [
      { op: "replace", path: "/spec/template/spec/containers/0/args", value: earlier },
      { op: "replace", path: "/metadata/annotations/coder.com~1template-rendering", value: "0" },
    ],
    { contentType: "application/json-patch+json" },
  );
  await waitFor(async () => (await rig.get("v1/pods")).items.length === 1, { what: "one pod" });
  const before = await workload(rig);
  await using operator = await rig.operator();
  const { message } = await rig.condition("coder", "UpgradePending", "True");
  assert.match(message, /changes containers\[name=coder\]\.args/);
  await operator.again("coder");
  assert.equal(JSON.parse(await workload(rig)).template.spec.containers[0].args.length, 2);
  assert.deepEqual(JSON.parse(await workload(rig)).template, JSON.parse(before).template);
  await rig.change("coder", { spec: { extraArgs: ["--new"] } });
  await rig.ready("coder");
  await rig.condition("coder", "UpgradePending", "Absent");
  assert.deepEqual((await rig.get(DEPLOYMENT)).spec.template.spec.containers[0].args, [
    "--http-address=0.0.0.0:8080",
    "--new",
  ]);
});
