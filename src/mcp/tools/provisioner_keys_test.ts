import assert from "node:assert/strict";
import type { CoderProvisioner } from "../../api/provisioner.ts";
import { ROTATE_ANNOTATION } from "../../api/provisioner_key.ts";
import { toolRig } from "../testing.ts";
import { refusal } from "./kubernetes_testing.ts";
import { platformCluster } from "./platform_testing.ts";
import { getProvisionerKeyAge, rotateProvisionerKey } from "./provisioner_keys.ts";

const HOUR = 3_600_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

const provisioner = (
  { key = {}, status = {}, metadata = {} }: {
    readonly key?: NonNullable<CoderProvisioner["spec"]>["key"];
    readonly status?: NonNullable<CoderProvisioner["status"]>;
    readonly metadata?: Partial<CoderProvisioner["metadata"]>;
  } = {},
): CoderProvisioner => ({
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderProvisioner",
  metadata: { namespace: "lab", name: "eu", uid: "uid-1", ...metadata },
  spec: { controlPlaneRef: { name: "main" }, key },
  status: { provisionerKeyName: "eu-1", key: { createdAt: ago(5 * HOUR) }, ...status },
});
const args = { namespace: "lab", name: "eu" };
const rigOf = (...objects: CoderProvisioner[]) => {
  const cluster = platformCluster({ objects });
  return { cluster, rig: toolRig({ cluster }) };
};

Deno.test("a key is told by its name, its age, and when the next one is due, and never itself", async () => {
  const createdAt = ago(5 * HOUR);
  const { rig } = rigOf(provisioner({
    key: { rotateAfter: "2160h" },
    status: {
      secretRef: { name: "eu-provisioner-key", key: "key" },
      key: { createdAt, valueHash: "a".repeat(64) },
      keyIntents: [{ name: "eu-0", step: "Retiring", since: createdAt, controlPlaneName: "main" }],
      conditions: [{
        type: "ProvisionerKeyReady",
        status: "True",
        reason: "Rotating",
        message: "a new one is needed",
        lastTransitionTime: createdAt,
      }],
    },
  }));
  const { output, text } = await rig.run(getProvisionerKeyAge, args);
  const { ageSeconds, ...rest } = output as { ageSeconds: number };
  assert.ok(ageSeconds >= 5 * 3_600 && ageSeconds < 5 * 3_600 + 60);
  assert.deepEqual(rest, {
    provisioner: "lab/eu",
    keyName: "eu-1",
    ownKey: false,
    createdAt,
    rotateAfter: "2160h",
    rotationDueAt: new Date(Date.parse(createdAt) + 2_160 * HOUR).toISOString(),
    rotationPending: false,
    state: "Rotating: a new one is needed",
    otherKeys: [{ name: "eu-0", step: "Retiring", since: createdAt }],
  });
  assert.doesNotMatch(text, /aaaa/);
});

Deno.test("a key of which nothing is known yet, or that was brought along, is told as such", async () => {
  const unknown = await rigOf(provisioner({ status: { key: {} } })).rig.run(getProvisionerKeyAge, args);
  assert.deepEqual(unknown.output["warnings"], ["when the key was made is not known yet"]);
  const own = await rigOf(provisioner({ key: { existingSecret: "mine" }, status: { key: {} } }))
    .rig.run(getProvisionerKeyAge, args);
  assert.equal(own.output["ownKey"], true);
  assert.equal(own.output["warnings"], undefined);
});

Deno.test("a rotation is asked for by the operator's annotation, once it was seen what that means", async () => {
  const object = provisioner();
  const { cluster, rig } = rigOf(object);
  const { plan, done } = await rig.carriesOut(rotateProvisionerKey, args);
  assert.match(
    (plan.output["plan"] as { summary: string }).summary,
    /^Replace the key of provisioner lab\/eu by a new one \(present key: eu-1\) and its pods with it$/,
  );
  assert.equal(plan.output["rotationPending"], false);
  assert.deepEqual([done.output["rotationPending"], done.output["keyName"], done.changed], [
    true,
    "eu-1",
    true,
  ]);
  const value = object.metadata.annotations?.[ROTATE_ANNOTATION] ?? "";
  assert.ok(Math.abs(Date.parse(value) - Date.now()) < 60_000);
  // Twice for the two plans, and once in earnest.
  assert.equal(cluster.patched.filter((line) => line.endsWith("(dry run)")).length, 2);
  assert.equal(cluster.patched.length, 3);
});

Deno.test("asking again while a rotation is under way asks for no second one", async () => {
  const { cluster, rig } = rigOf(provisioner({ metadata: { annotations: { [ROTATE_ANNOTATION]: "now" } } }));
  const { output, changed } = await rig.run(rotateProvisionerKey, args);
  assert.deepEqual([output["rotationPending"], output["plan"], changed], [true, undefined, false]);
  assert.match(String(output["warnings"]), /is not over yet/);
  assert.deepEqual(cluster.patched, []);
});

Deno.test("a rotation that was carried out is no hindrance for the next", async () => {
  const object = provisioner({
    metadata: { annotations: { [ROTATE_ANNOTATION]: "before" } },
    status: { key: { createdAt: ago(HOUR), rotation: "before" } },
  });
  const { done } = await rigOf(object).rig.carriesOut(rotateProvisionerKey, args);
  assert.equal(done.changed, true);
});

Deno.test("a plan for another key, or another provisioner of this name, is no plan any more", async () => {
  const changes: ((object: CoderProvisioner) => void)[] = [
    (object) => object.status = { ...object.status, provisionerKeyName: "eu-2" },
    (object) => object.metadata.uid = "uid-2",
  ];
  for (const change of changes) {
    const first = provisioner();
    const objects = [first];
    const cluster = platformCluster({ objects });
    const rig = toolRig({ cluster });
    const { output } = await rig.run(rotateProvisionerKey, args);
    const { planToken } = output["plan"] as { planToken: string };
    const other = structuredClone(first);
    change(other);
    objects[0] = other;
    assert.equal((await rig.refuses(rotateProvisionerKey, { ...args, planToken })).code, "conflict");
    assert.ok(cluster.patched.every((line) => line.endsWith("(dry run)")));
  }
});

Deno.test("what changes between the check and the change is not overwritten", async () => {
  const first = provisioner();
  const objects = [first];
  const memory = platformCluster({ objects });
  const cluster = {
    ...memory,
    patch: async (...given: Parameters<typeof memory.patch>) => {
      const answer = await memory.patch(...given);
      // Somebody else asks for a rotation at the same time.
      objects[0] = structuredClone(first);
      objects[0].metadata.annotations = { [ROTATE_ANNOTATION]: "theirs" };
      return answer;
    },
  } as typeof memory;
  const rig = toolRig({ cluster, elicit: () => Promise.resolve("accept") });
  const error = await rig.refuses(rotateProvisionerKey, args);
  assert.deepEqual([error.code, error.message], [
    "conflict",
    "rotate the key of lab/eu: it has changed; ask once more",
  ]);
});

Deno.test("a key that was brought along, a provisioner that goes, and one that somebody may not change are refused", async () => {
  const own = await rigOf(provisioner({ key: { existingSecret: "mine" } })).rig
    .refuses(rotateProvisionerKey, args);
  assert.deepEqual([own.code, own.message], [
    "invalid",
    "rotate the key of lab/eu: its key is one that was brought along: put a new one into the Secret mine",
  ]);
  const going = await rigOf(provisioner({ metadata: { deletionTimestamp: ago(0) } })).rig
    .refuses(rotateProvisionerKey, args);
  assert.match(going.message, /is being deleted$/);
  const cluster = platformCluster({
    objects: [provisioner()],
    refuse: (what) => what.startsWith("patch") ? refusal(403, "Forbidden", "ann cannot patch") : undefined,
  });
  const forbidden = await toolRig({ cluster }).refuses(rotateProvisionerKey, args);
  assert.deepEqual([forbidden.code, forbidden.message], [
    "forbidden",
    "rotate the key of lab/eu: ann cannot patch",
  ]);
});

Deno.test("without a key there is one to come", async () => {
  const object = provisioner();
  object.status = {};
  const { output } = await rigOf(object).rig.run(rotateProvisionerKey, { ...args, dryRun: true });
  assert.match((output["plan"] as { summary: string }).summary, /\(it has none yet\)/);
});
