/** Changes of the spec and of what is around it, with the whole operator: renames, long names, other owners, other writers. */
import assert from "node:assert/strict";
import { type CoderControlPlane, CoderControlPlanes } from "../../src/api/control_plane.ts";
import { controlPlaneController } from "../../src/controlplane/controller.ts";
import { h32, tagsHash } from "../../src/workload/hash.ts";
import { waitFor } from "../cluster/mod.ts";
import { provisioners } from "../operator/compose.ts";
import { CustomObjects } from "../operator/custom_objects.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { goProvisioner } from "./go_operator.ts";
import {
  aged,
  FAST,
  KeyWitness,
  nothingLeft,
  operate,
  rotated,
  running,
  told,
  visited,
} from "./key_witness.ts";
import { CHECKSUM, ProvisionerRig } from "./rig.ts";

const DEPLOYMENT = "apps/v1/deployments/provisioner-prov";

Deno.test("Secret, data key and ServiceAccount may be renamed: pods have a key all the time, and the old ones go", async () => {
  await using rig = await ProvisionerRig.start("spec-names");
  await using _ = await operate(rig);
  let key = await running(rig);
  using witness = new KeyWitness(rig);
  // A Secret that is missed right after it was made is waited for.
  await aged(rig);
  await rig.provisioners.change("prov", {
    spec: { key: { secretName: "other" }, serviceAccount: { name: "builder" } },
  });
  key = await rotated(rig, key);
  await waitFor(async () => {
    const left = await Promise.all([
      rig.live.get("v1/secrets/prov-provisioner-key"),
      rig.live.get("v1/serviceaccounts/prov-provisioner"),
    ]);
    return left.every((each) => each === undefined);
  }, { what: "what had the old names to go" });
  assert.ok(await rig.live.get("v1/serviceaccounts/builder"));
  await aged(rig);
  await rig.provisioners.change("prov", { spec: { key: { secretKey: "daemon" } } });
  key = await rotated(rig, key);
  await nothingLeft(rig);
  const { status } = await rig.settled();
  assert.deepEqual(status?.secretRef, { name: "other", key: "daemon" });
  assert.equal(await rig.live.secretText("other", "daemon"), key.secret);
  witness.assert(2);
});

Deno.test("names of any length make keys that Coder takes, and that are found again", async () => {
  await using rig = await ProvisionerRig.start("spec-long");
  await using operator = await operate(rig);
  const names = ["a".repeat(63), `b${"c.d".repeat(60)}`];
  for (const name of names) {
    const key = await running(rig, { key: { name: "k".repeat(128) } }, name);
    assert.equal(key.name.length, 64);
    await nothingLeft(rig, name);
    await visited(operator, name);
  }
  const other = await running(rig, {}, "a".repeat(62));
  assert.ok(other.name.length <= 64);
  assert.equal(new Set(rig.keyNames()).size, 3);
});

/** Of each pair the Go operator's hash of 32 bits is the same. */
const SAME_TAGS = [{ region: "eu-13pfs" }, { region: "eu-1kvja" }] as const;
const SAME_KEYS = ["key-126wu", "key-1dwfa"] as const;

Deno.test("tags and keys that the Go operator's short hashes take for the same are told apart", async () => {
  assert.equal(tagsHash(SAME_TAGS[0]), tagsHash(SAME_TAGS[1]));
  assert.equal(h32(SAME_KEYS[0]), h32(SAME_KEYS[1]));
  await using rig = await ProvisionerRig.start("spec-hashes");
  const go = await goProvisioner(rig, { spec: { tags: { ...SAME_TAGS[0] } } });
  await using operator = await operate(rig);
  await rig.settled("prov", { Ready: "True", ProvisionerKeyReady: "True" });
  await rig.provisioners.change("prov", { spec: { tags: SAME_TAGS[1] } });
  // The tags that the key has in Coder tell, where only the short hash of them is on record.
  await waitFor(async () => {
    await visited(operator);
    return await rig.key() !== go.key;
  }, { what: "another key" });
  const key = await rotated(rig, { ...rig.coder.fake.state.provisionerKeys[0]!, id: go.keyID });
  assert.deepEqual(key.tags, SAME_TAGS[1]);
  // From now on a longer one is on record.
  await rig.provisioners.change("prov", { spec: { tags: SAME_TAGS[0] } });
  assert.deepEqual((await rotated(rig, key)).tags, SAME_TAGS[0]);

  await rig.live.putSecret("mine", { key: SAME_KEYS[0] });
  await rig.provisioner("brought", { key: { existingSecret: "mine" } });
  const [pod] = await rig.podsReady("brought");
  await rig.live.putSecret("mine", { key: SAME_KEYS[1] });
  await waitFor(async () => (await rig.podsReady("brought"))[0]?.uid !== pod?.uid, {
    what: "pods with the other key",
  });
});

Deno.test("a control plane of an unlucky name and a provisioner never fight over a Deployment: the later one says so", async () => {
  await using rig = await ProvisionerRig.start("spec-clash");
  await using operator = await rig.operator((parts) => [
    ...provisioners({ listings: FAST })(parts),
    controlPlaneController({ ...parts, namespaces: parts.namespaces }),
  ]);
  await running(rig);
  const planes = new CustomObjects<CoderControlPlane>(CoderControlPlanes, rig.live);
  await planes.create("provisioner-prov", {});
  const { message, reason } = await planes.condition("provisioner-prov", "Degraded", "True");
  assert.equal(reason, "ForeignObject");
  assert.match(message, /controlled by CoderProvisioner prov/);
  const workload = await rig.live.workload("provisioner-prov");
  const mark = await rig.cluster.audit.mark();
  for (let times = 0; times < 3; times++) {
    await operator.again("prov");
    await planes.change("provisioner-prov", { metadata: { annotations: { times: `${times}` } } });
  }
  const writes = (await rig.cluster.audit.since(mark)).writes(OPERATOR_USER)
    .filter(({ namespace, resource }) => namespace === rig.namespace && resource === "deployments");
  assert.deepEqual(writes.map(({ verb, uri }) => `${verb} ${uri}`), []);
  assert.equal(await rig.live.workload("provisioner-prov"), workload);
  await planes.delete("provisioner-prov");
  await planes.gone("provisioner-prov");
  await rig.settled("prov", { Ready: "True", Degraded: "False" });
});

Deno.test("a restart, and labels and annotations of others, survive passes, changes of the spec and rotations", async () => {
  await using rig = await ProvisionerRig.start("spec-others");
  await using operator = await operate(rig);
  const key = await running(rig);
  const theirs = { labels: { team: "a" }, annotations: { "example.com/note": "keep" } };
  const places = ["v1/serviceaccounts/prov-provisioner", "v1/secrets/prov-provisioner-key", DEPLOYMENT];
  for (const path of places) await rig.live.send("PATCH", path, { metadata: theirs }, "somebody");
  await rig.cluster.kubectl([
    "rollout",
    "restart",
    "deployment/provisioner-prov",
    "--namespace",
    rig.namespace,
  ]);
  const restarted = async () => {
    const { metadata } = (await rig.live.get(DEPLOYMENT)).spec.template;
    return metadata.annotations["kubectl.kubernetes.io/restartedAt"];
  };
  const at = await restarted();
  const [pod] = await rig.podsReady();
  await operator.again("prov");
  await visited(operator);
  assert.equal((await rig.podsReady())[0]?.uid, pod?.uid, "one restart, and no other");
  await rig.provisioners.change("prov", { spec: { tags: { region: "us" }, extraArgs: ["--verbose"] } });
  await rotated(rig, key);
  assert.equal(await restarted(), at);
  for (const path of places) {
    const { metadata: { annotations, labels } } = await rig.live.get(path);
    assert.deepEqual([labels.team, annotations["example.com/note"]], ["a", "keep"], path);
  }
});

Deno.test("pods are replaced when a Secret or ConfigMap changes that they are made from, once, also one that comes later", async () => {
  await using rig = await ProvisionerRig.start("spec-refs");
  await using operator = await operate(rig);
  const key = await running(rig, {
    envFrom: [{ secretRef: { name: "env" } }, { configMapRef: { name: "late", optional: true } }],
  });
  let [pod] = await rig.podsReady();
  const replaced = async (what: string) => {
    pod = await waitFor(async () => {
      const [next] = await rig.podsReady();
      return next?.uid !== pod?.uid && next;
    }, { what: `a new pod: ${what}` });
  };
  await rig.live.putSecret("env", { A: "1" });
  await replaced("the Secret is there");
  await rig.live.putSecret("env", { A: "2" });
  await replaced("it has changed");
  const late = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "late" }, data: { B: "1" } };
  await rig.live.send("POST", "v1/configmaps", late);
  await replaced("the ConfigMap has come");
  await rig.live.send("PATCH", "v1/secrets/env", { metadata: { annotations: { seen: "yes" } } });
  await operator.again("prov");
  await visited(operator);
  assert.equal((await rig.podsReady())[0]?.uid, pod?.uid);
  await told(rig, ["ReferencesChanged"]);
  assert.equal(rig.keyOfPod(pod!)?.id, key.id, "the key is the same");
  assert.equal(pod?.annotations[CHECKSUM]?.length, 64);
});
