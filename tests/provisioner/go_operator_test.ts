import assert from "node:assert/strict";
import { lostFields } from "../operator/lost_fields.ts";
import { goProvisioner, type GoProvisionerOptions } from "./go_operator.ts";
import { ProvisionerRig } from "./rig.ts";

/** Every object is stored as it was sent, and under the Go operator's name alone. */
async function assertStored(rig: ProvisionerRig, options: GoProvisionerOptions) {
  const made = await goProvisioner(rig, options);
  const manager = options.manager ?? "coder-k8s";
  assert.equal(made.written.size, 5);
  for (const [path, sent] of made.written) {
    assert.deepEqual(lostFields(sent, await rig.live.get(path)), [], path);
    assert.deepEqual(await rig.live.writers(path), [`${manager} Update`], path);
  }
  const object = await rig.provisioners.stored(made.name);
  assert.deepEqual(object.status, made.status, "no field of the status is lost or added");
  // Writing the finalizer, it adds two empty structures to the spec where the user did not give them.
  const isComplete = options.spec?.key !== undefined && options.spec.resources !== undefined;
  assert.equal(object.metadata.generation, isComplete ? 1 : 2);
  assert.deepEqual(object.metadata.finalizers, ["coder.com/provisioner-key-cleanup"]);
  return { made, object };
}

Deno.test("a provisioner of the Go operator is stored byte for byte", async () => {
  await using rig = await ProvisionerRig.start("go-prov", { coders: [{ status: "goOperator" }] });
  const listen = rig.coder.listen();
  const { made, object } = await assertStored(rig, { key: "secret-key" });
  assert.deepEqual(object.spec, {
    controlPlaneRef: { name: "coder" },
    key: {},
    resources: {},
    replicas: 1,
  });
  assert.deepEqual([...made.written.keys()], [
    "v1/secrets/prov-provisioner-key",
    "v1/serviceaccounts/prov-provisioner",
    "rbac.authorization.k8s.io/v1/roles/provisioner-prov",
    "rbac.authorization.k8s.io/v1/rolebindings/provisioner-prov",
    "apps/v1/deployments/provisioner-prov",
  ]);
  const { spec } = await rig.live.get("apps/v1/deployments/provisioner-prov");
  assert.deepEqual(spec.template.metadata, {
    annotations: { "checksum/provisioner-key": "6a82cc93" },
    labels: {
      "app.kubernetes.io/instance": "prov",
      "app.kubernetes.io/managed-by": "coder-k8s",
      "app.kubernetes.io/name": "coder-provisioner",
    },
  });
  const { serviceAccountName, terminationGracePeriodSeconds, containers: [container] } = spec.template.spec;
  assert.equal(serviceAccountName, "prov-provisioner");
  assert.equal(terminationGracePeriodSeconds, 600);
  assert.deepEqual(container, {
    name: "provisioner",
    image: "ghcr.io/coder/coder:latest",
    imagePullPolicy: "Always",
    command: ["coder"],
    args: ["provisioner", "start"],
    env: [
      { name: "CODER_URL", value: `http://coder.${rig.namespace}.svc.cluster.local:80` },
      {
        name: "CODER_PROVISIONER_DAEMON_KEY",
        valueFrom: { secretKeyRef: { name: "prov-provisioner-key", key: "key" } },
      },
    ],
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
  });
  const { state } = rig.coder.fake;
  const { conditions, ...baseline } = made.status;
  assert.deepEqual(baseline, {
    observedGeneration: 2,
    readyReplicas: 1,
    phase: "Ready",
    organizationID: state.defaultOrganization.id,
    organizationName: "default",
    provisionerKeyID: made.keyID,
    provisionerKeyName: "prov",
    tagsHash: "811c9dc5",
    controlPlaneRefName: "coder",
    controlPlaneURL: rig.coder.url,
    secretRef: { name: "prov-provisioner-key", key: "key" },
  });
  assert.deepEqual(conditions?.map(({ type, status }) => `${type} ${status}`), [
    "ControlPlaneReady True",
    "OperatorAccessReady True",
    "ExternalProvisionersEntitled True",
    "ProvisionerKeyReady True",
    "ProvisionerKeySecretReady True",
    "DeploymentReady True",
  ]);
  assert.equal(await rig.key(), "secret-key");
  assert.equal(rig.keyInCoder("secret-key")?.id, made.keyID);
  assert.deepEqual(listen(), [], "fixtures ask Coder for nothing");
});

Deno.test("every field that the Go operator knows reaches what it leaves", async () => {
  await using rig = await ProvisionerRig.start("go-prov-all", {
    coders: [{ name: "main", spec: { image: "ghcr.io/coder/coder:v2.30.0" } }],
  });
  const { made } = await assertStored(rig, {
    name: "a".repeat(60),
    manager: "manager",
    spec: {
      replicas: 2,
      organizationName: "coder",
      key: { name: "shared", secretName: "the-key", secretKey: "value" },
      tags: { b: "2", a: "1" },
      extraArgs: ["--verbose"],
      extraEnv: [{ name: "CODER_URL", value: "http://other" }, { name: "X", value: "1" }],
      imagePullSecrets: [{ name: "pull" }],
      resources: { requests: { cpu: "100m" } },
      terminationGracePeriodSeconds: 30,
    },
  });
  assert.match(made.deployment, /^provisioner-a{42}-[0-9a-f]{8}$/);
  assert.equal(made.status.tagsHash, "020d940d");
  assert.deepEqual(made.secret, { name: "the-key", key: "value" });
  assert.deepEqual(rig.keyNames(), ["shared"]);
  const { spec } = (await rig.live.get(`apps/v1/deployments/${made.deployment}`)).spec.template;
  const [{ image, args, env, resources }] = spec.containers;
  assert.equal(image, "ghcr.io/coder/coder:v2.30.0");
  assert.deepEqual(args, ["provisioner", "start", "--verbose"]);
  assert.deepEqual(env.map((each: { name: string }) => each.name), [
    "CODER_URL",
    "CODER_PROVISIONER_DAEMON_KEY",
    "CODER_URL",
    "X",
  ]);
  assert.deepEqual(resources, { requests: { cpu: "100m" } });
  assert.deepEqual(spec.imagePullSecrets, [{ name: "pull" }]);
  assert.equal((await rig.pods(made.name)).filter(({ ready }) => ready).length, 2);
});

Deno.test("a provisioner of the Go operator in trouble: no key in Coder, no pods yet, an older status", async () => {
  await using rig = await ProvisionerRig.start("go-prov-odd");
  const { made } = await assertStored(rig, {
    inCoder: false,
    ready: false,
    status: (status) => {
      delete status.tagsHash;
      delete status.controlPlaneURL;
    },
  });
  assert.deepEqual(rig.keyNames(), []);
  assert.equal(made.status.phase, "Pending");
  assert.ok(!("tagsHash" in made.status) && !("readyReplicas" in made.status));
  assert.equal(await rig.key(), made.key);
});

Deno.test("a fixture for an organization that Coder does not have is refused", async () => {
  await using rig = await ProvisionerRig.start("go-prov-org");
  await assert.rejects(
    goProvisioner(rig, { spec: { organizationName: "nowhere" } }),
    /no organization nowhere/,
  );
});
