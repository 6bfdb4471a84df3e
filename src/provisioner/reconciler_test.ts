import assert from "node:assert/strict";
import { Deployments, HorizontalPodAutoscalers } from "../api/kubernetes/resources.ts";
import { TerminalError } from "../reconciler/reconcile.ts";
import { KEY_FINALIZER } from "./ending.ts";
import { CHECKSUM, DEPLOYMENT, KEY, refused, World } from "./testing_world.ts";

const container = (world: World) => world.deployment?.spec?.template.spec?.containers[0];
const env = (world: World, name: string) =>
  container(world)?.env?.find((entry) => entry.name === name)?.value;

/** A provisioner whose pods run. */
async function running(...given: ConstructorParameters<typeof World>): Promise<World> {
  const world = new World(...given);
  world.visited();
  await world.pass();
  world.rollOut();
  await world.pass();
  return world;
}

Deno.test("a provisioner that is gone needs nothing", async () => {
  const world = new World();
  world.provisioners.remove(world.object);
  assert.equal(await world.pass(), undefined);
  assert.deepEqual(world.done, []);
});

Deno.test("account and rights come at once, the pods with the key", async () => {
  const world = new World();
  await world.pass();
  assert.deepEqual(world.object.metadata.finalizers, [KEY_FINALIZER]);
  assert.deepEqual(world.object.spec, { controlPlaneRef: { name: "coder" } }, "the spec is left alone");
  assert.ok(world.serviceAccounts.get({ namespace: "a", name: "prov-provisioner" }));
  assert.ok(world.roles.get(DEPLOYMENT));
  assert.ok(world.roleBindings.get(DEPLOYMENT));
  assert.deepEqual(world.deployments.list(), []);
  assert.equal(world.condition("Ready"), "False/KeyAwaited");
  assert.equal(world.condition("Progressing"), "False/KeyAwaited");
  assert.equal(world.condition("DeploymentReady"), "False/NoReplicasReady");
  world.visited();
  await world.pass();
  assert.deepEqual(world.deployment?.spec?.template.metadata?.annotations, {
    "checksum/provisioner-key": CHECKSUM.valueHash,
  });
  assert.equal(container(world)?.image, "coder:v2.30.0");
  assert.equal(env(world, "CODER_URL"), "http://coder.a.svc.cluster.local:80");
  assert.deepEqual(world.status.secretRef, { name: "prov-provisioner-key", key: "key" });
  assert.equal(world.condition("Ready"), "False/PodsUnavailable");
  world.rollOut();
  await world.pass();
  assert.equal(world.condition("Ready"), "True/Ready");
  assert.equal(world.condition("DeploymentReady"), "True/MinimumReplicasReady");
  const { phase, readyReplicas, replicas, selector, image, observedGeneration } = world.status;
  assert.deepEqual([phase, readyReplicas, replicas, image, observedGeneration], [
    "Ready",
    1,
    1,
    "coder:v2.30.0",
    1,
  ]);
  assert.match(selector ?? "", /app.kubernetes.io\/instance=prov/);
});

Deno.test("a pass over what is as it should be writes nothing", async () => {
  const world = await running();
  await world.pass();
  assert.ok(!world.done.includes("status"), world.done.join());
  assert.ok(world.done.every((each) => each.startsWith("apply ")), world.done.join());
});

Deno.test("replicas and image are followed while nobody can be asked, with what was known last", async () => {
  const world = await running();
  world.controlPlanes.remove(world.controlPlanes.get({ namespace: "a", name: "coder" })!);
  world.change({ replicas: 3 });
  await world.pass();
  assert.equal(world.deployment?.spec?.replicas, 3);
  assert.equal(env(world, "CODER_URL"), "http://coder.a.svc.cluster.local:80");
  assert.equal(container(world)?.image, "coder:v2.30.0");
  world.change({ image: "mirror/coder:v2.30.1", replicas: 1 });
  await world.pass();
  assert.equal(container(world)?.image, "mirror/coder:v2.30.1");
  assert.equal(world.deployment?.spec?.replicas, 1);
  assert.equal(
    world.deployment?.spec?.template.metadata?.annotations?.["checksum/provisioner-key"],
    CHECKSUM.valueHash,
  );
  assert.equal(world.status.observedGeneration, 3);
});

Deno.test("a provisioner without a control plane says so, and gets no pods", async () => {
  const world = new World({ controlPlaneRef: { name: "none" } });
  await world.pass();
  assert.deepEqual(world.deployments.list(), []);
  assert.equal(world.condition("Ready"), "False/ControlPlaneUnavailable");
  assert.match(world.message("Ready"), /a\/none does not exist/);
  assert.equal(world.condition("WorkspaceRBAC"), "Unknown/ControlPlaneNotFound");
  assert.ok(world.serviceAccounts.get({ namespace: "a", name: "prov-provisioner" }));
});

Deno.test("a key that is changed replaces the pods, at the visit's word alone", async () => {
  const world = await running();
  world.visited({ checksum: { valueHash: "another", legacy: "00" } });
  await world.pass();
  const checksum = () => world.deployment?.spec?.template.metadata?.annotations?.["checksum/provisioner-key"];
  assert.equal(checksum(), "another");
  world.visited({ checksum: undefined });
  await world.pass();
  assert.equal(checksum(), "another", "what the Secret holds is not to be used");
});

Deno.test("what a visit found for an earlier spec does not go with the Secret of the present one", async () => {
  const world = await running();
  world.change({ key: { secretName: "other" } });
  await world.pass();
  const secretOf = () =>
    container(world)?.env?.find(({ name }) => name === "CODER_PROVISIONER_DAEMON_KEY")?.valueFrom
      ?.secretKeyRef?.name;
  assert.equal(secretOf(), "prov-provisioner-key");
  world.visited({ checksum: { valueHash: "of-other", legacy: "00" } });
  await world.pass();
  assert.equal(secretOf(), "other");
  assert.deepEqual(world.status.secretRef, { name: "other", key: "key" });
});

Deno.test("pods move to another Coder with a key of that one, and not before", async () => {
  const world = new World();
  const present = (name: string) => ({
    name: "k",
    organization: { name: "default" },
    home: { namespace: "a", name },
  });
  const record = (name: string) => ({ present: present(name), intents: [], holds: [] });
  world.visited({ keys: { base: { intents: [], holds: [] }, mine: record("coder") } });
  await world.pass();
  world.rollOut();
  world.controlPlane({ image: "coder:v2.29.0" }, { name: "other" });
  world.change({ controlPlaneRef: { name: "other" } });
  await world.pass();
  assert.equal(env(world, "CODER_URL"), "http://coder.a.svc.cluster.local:80");
  world.visited({ keys: { base: record("coder"), mine: record("coder") } });
  await world.pass();
  assert.equal(env(world, "CODER_URL"), "http://coder.a.svc.cluster.local:80", "it gave no key yet");
  assert.equal(container(world)?.image, "coder:v2.30.0");
  world.visited({
    keys: { base: record("coder"), mine: record("other") },
    checksum: { valueHash: "of-other", legacy: "00" },
  });
  await world.pass();
  assert.equal(env(world, "CODER_URL"), "http://other.a.svc.cluster.local:80");
  assert.equal(container(world)?.image, "coder:v2.29.0");

  world.controlPlane({}, { name: "third" });
  world.change({ controlPlaneRef: { name: "third" }, key: { existingSecret: "brought" } });
  await world.pass();
  assert.equal(
    env(world, "CODER_URL"),
    "http://third.a.svc.cluster.local:80",
    "the user's key is the user's",
  );
});

Deno.test("daemons follow the image that the control plane has rolled out", async () => {
  const world = await running();
  world.controlPlane({ image: "coder:v2.31.0" }, {}, { image: "coder:v2.30.0" });
  await world.pass();
  assert.equal(container(world)?.image, "coder:v2.30.0", "its own pods come first");
  world.controlPlane({ image: "coder:v2.31.0" }, {}, { image: "coder:v2.31.0" });
  await world.pass();
  assert.equal(container(world)?.image, "coder:v2.31.0");
});

Deno.test("the number by work goes before that of the spec, an autoscaler before both", async () => {
  const world = await running({ replicas: 1, autoscale: { maxReplicas: 5 } });
  world.visited({ replicas: 4 });
  await world.pass();
  assert.equal(world.deployment?.spec?.replicas, 4);
  world.visited({ replicas: undefined });
  await world.pass();
  assert.equal(world.deployment?.spec?.replicas, 4, "what there is stays while the work is not known");
  world.child(HorizontalPodAutoscalers, "hpa", {
    spec: {
      maxReplicas: 9,
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: DEPLOYMENT.name },
    },
  });
  world.visited({ replicas: 2 });
  await world.pass();
  assert.equal(world.deployment?.spec?.replicas, 4);
  const scaledToZero = await running({ replicas: 0 });
  assert.equal(scaledToZero.condition("Ready"), "False/ScaledToZero");
  assert.match(scaledToZero.message("Ready"), /spec\.replicas/);
  const noWork = await running({ autoscale: { minReplicas: 0, maxReplicas: 2 } });
  assert.match(noWork.message("Ready"), /spec\.autoscale/);
});

Deno.test("a Deployment that is somebody else's is refused, and everything else goes on", async () => {
  const world = new World();
  const deployment = { spec: { selector: {}, template: {} } };
  world.child(Deployments, DEPLOYMENT.name, deployment, {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: DEPLOYMENT.name, uid: "another" },
  });
  world.visited();
  assert.deepEqual(await world.pass(), { requeueAfterMs: 60_000 });
  assert.equal(world.condition("Degraded"), "True/ForeignObject");
  assert.equal(world.condition("Ready"), "False/ForeignObject");
  assert.ok(!world.done.some((each) => each.includes("apply Deployment")));
  assert.ok(world.roleBindings.get(DEPLOYMENT));
  assert.equal(world.status.readyReplicas, undefined);
});

Deno.test("an object that cannot be read gets a status, and keeps what was known", async () => {
  const world = await running();
  const { deployment } = world;
  world.change({ replicas: "three" as unknown as number });
  await assert.rejects(world.pass(), TerminalError);
  assert.equal(world.condition("Stalled"), "True/InvalidSpec");
  assert.match(world.message("Stalled"), /spec.replicas/);
  assert.equal(world.deployment, deployment);
  assert.equal(world.status.readyReplicas, 1);
});

Deno.test("a step that fails is told and tried again, and holds up no other", async () => {
  const world = new World();
  world.visited();
  world.refuse = (verb, kind) => verb === "apply" && kind === "ServiceAccount" ? refused(503) : undefined;
  await assert.rejects(world.pass(), /ServiceAccount/);
  assert.equal(world.condition("Degraded"), "True/APIUnavailable");
  assert.ok(world.deployment);
});

Deno.test("an aborted pass writes no status", async () => {
  const world = new World();
  const abort = new AbortController();
  const reason = new Error("leadership was lost");
  world.stages = [[{ name: "Some", run: () => Promise.resolve(abort.abort(reason)) }]];
  await assert.rejects(world.pass(abort.signal), reason);
  assert.deepEqual(world.done, []);
});

Deno.test("rights follow the control plane's, where the namespace lets them in", async () => {
  const world = await running();
  const rbac = { workspaceNamespaces: ["w-1", "closed"] };
  world.controlPlane({ rbac });
  await world.pass();
  const places = () => world.roleBindings.list().map(({ metadata }) => metadata.namespace).sort();
  assert.deepEqual(places(), ["a", "w-1"]);
  assert.equal(world.roles.list().length, 2);
  const [role] = world.roles.list() as unknown as { rules: { resources: string[] }[] }[];
  assert.deepEqual(role?.rules.map(({ resources }) => resources[0]), [
    "pods",
    "persistentvolumeclaims",
    "deployments",
  ]);
  world.controlPlane({ rbac: { workspaceNamespaces: [] } });
  await world.pass();
  assert.deepEqual(places(), ["a"]);
});

Deno.test("a control plane that is gone for a while takes no rights away", async () => {
  const world = await running();
  const before = [world.roles.get(DEPLOYMENT), world.roleBindings.get(DEPLOYMENT)];
  world.controlPlanes.remove(world.controlPlanes.get({ namespace: "a", name: "coder" })!);
  await world.pass();
  assert.deepEqual([world.roles.get(DEPLOYMENT), world.roleBindings.get(DEPLOYMENT)], before);
  assert.ok(!world.done.some((each) => each.startsWith("delete")), world.done.join());
});

Deno.test("what concerns the key of the object is kept apart from others of its name", async () => {
  const world = await running();
  assert.deepEqual(KEY, { namespace: "a", name: "prov" });
  const another = { ...world.object, metadata: { ...world.object.metadata, uid: "uid-2" } };
  world.provisioners.put(another);
  await assert.rejects(
    world.pass().then((result) => {
      if (result && "requeueAfterMs" in result) throw new Error("foreign");
    }),
    /foreign/,
  );
  assert.equal(
    world.condition("Degraded"),
    "True/ForeignObject",
    "its predecessor's children are not its own",
  );
});
