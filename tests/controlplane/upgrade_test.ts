/** Changed images on a real cluster: checked, backed up for, rolled out, stopped, gone back from. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { type Rig, startRig } from "./rig.ts";

const DEPLOYMENT = "apps/v1/deployments/coder";
const RETRY = "coder.com/retry-upgrade";
const image = (version: string) => `ghcr.io/coder/coder:v${version}`;
/** Fits no node, so that the pods stay as they are made. */
const nowhere = { "example.com/none": "x" };

const rendered = async (rig: Rig): Promise<string> =>
  (await rig.get(DEPLOYMENT)).spec.template.spec.containers[0].image;

/** Waits for the reason of the condition; for its absence where `reason` is undefined. */
async function upgrading(rig: Rig, reason: string | undefined) {
  return await waitFor(async () => {
    const object = await rig.controlPlane("coder");
    if (object?.status?.observedGeneration !== object?.metadata.generation) return undefined;
    const found = object?.status?.conditions?.find(({ type }) => type === "Upgrading");
    if (found?.reason !== reason) return undefined;
    return { message: found?.message ?? "", status: found?.status, upgrade: object?.status?.upgrade };
  }, { what: `Upgrading to be ${reason ?? "absent"}` });
}

// deno-lint-ignore no-explicit-any -- objects as sent
async function jobs(rig: Rig): Promise<any[]> {
  return (await rig.get("batch/v1/jobs")).items;
}

Deno.test("a version that is too old for the database is not rolled out; everything else still is", async () => {
  const rig = await startRig("gate");
  await using _operator = await rig.operator();
  await rig.create("coder", { image: image("2.30.0") });
  assert.equal((await rig.ready("coder")).status?.image, image("2.30.0"));
  await rig.change("coder", { spec: { image: image("2.29.3"), extraEnv: [{ name: "A", value: "1" }] } });
  const { message, status, upgrade } = await upgrading(rig, "UpgradeBlocked");
  assert.equal(status, "False");
  assert.match(message, /has been used with Coder v2\.30\.0.*the pods keep ghcr\.io\/coder\/coder:v2\.30\.0/);
  assert.match(message, /spec\.upgrade\.allowDowngrade/);
  assert.deepEqual(upgrade, { from: "v2.30.0", to: "v2.29.3", image: image("2.29.3"), step: "Blocked" });
  const degraded = await rig.condition("coder", "Degraded", "True");
  assert.equal(degraded.reason, "UpgradeBlocked");
  await rig.ready("coder");
  const [container] = (await rig.get(DEPLOYMENT)).spec.template.spec.containers;
  assert.equal(container.image, image("2.30.0"));
  assert.ok(container.env.some(({ name }: { name: string }) => name === "A"), "the rest of the change");

  await rig.change("coder", { spec: { image: "registry.example.com/coder@sha256:" + "0".repeat(64) } });
  assert.match((await upgrading(rig, "UpgradeBlocked")).message, /a digest alone tells no version/);
  await rig.change("coder", { spec: { image: image("2.30.0") } });
  assert.equal((await upgrading(rig, undefined)).upgrade, undefined);
  await rig.condition("coder", "Degraded", "False");
  await rig.change("coder", { spec: { image: image("2.29.3"), upgrade: { allowDowngrade: true } } });
  await waitFor(async () => (await rig.controlPlane("coder"))?.status?.image === image("2.29.3"), {
    what: "the earlier version to be rolled out",
  });
  assert.equal((await upgrading(rig, undefined)).upgrade, undefined);
});

Deno.test("a backup is made once before another version, not before another registry, and old Jobs go", async () => {
  const rig = await startRig("backup");
  let operator = await rig.operator();
  try {
    const backup = { containers: [{ name: "dump", image: "postgres:16", command: ["pg_dump"] }] };
    const database = {
      name: "CODER_PG_CONNECTION_URL",
      valueFrom: { secretKeyRef: { name: "db", key: "url" } },
    };
    await rig.create("coder", { image: image("2.28.0"), upgrade: { backup }, extraEnv: [database] });
    await rig.ready("coder");
    await rig.change("coder", { spec: { image: "registry.example.com:5000/coder:2.28.0" } });
    await waitFor(
      async () =>
        (await rig.controlPlane("coder"))?.status?.image === "registry.example.com:5000/coder:2.28.0",
      { what: "the other registry" },
    );
    assert.deepEqual(await jobs(rig), []);

    // Too large for every node: the Job does not end before the test wants it.
    const large = { resources: { requests: { cpu: "1000" } } };
    await rig.change("coder", {
      spec: {
        image: image("2.29.0"),
        upgrade: { backup: { containers: [{ ...backup.containers[0], ...large }] } },
      },
    });
    const { upgrade, message } = await upgrading(rig, "BackingUp");
    const [job, ...others] = await jobs(rig);
    assert.deepEqual(others, []);
    assert.equal(upgrade?.backupJob, job.metadata.name);
    assert.match(message, new RegExp(`Job ${job.metadata.name}`));
    const [container] = job.spec.template.spec.containers;
    assert.deepEqual(container.env, [
      { name: "CODER_K8S_FROM_VERSION", value: "v2.28.0" },
      { name: "CODER_K8S_TO_VERSION", value: "v2.29.0" },
      database,
    ]);
    assert.equal(job.spec.template.spec.serviceAccountName, "coder");
    assert.equal(job.metadata.ownerReferences[0].kind, "CoderControlPlane");

    // Another operator goes on where the first was.
    await operator[Symbol.asyncDispose]();
    operator = await rig.operator();
    await rig.change("coder", { spec: { replicas: 2 } });
    await waitFor(async () => (await rig.get(DEPLOYMENT)).spec.replicas === 2, { what: "two replicas" });
    await operator.again("coder");
    assert.equal(await rendered(rig), "registry.example.com:5000/coder:2.28.0");
    assert.equal((await jobs(rig)).length, 1);

    const pod = await waitFor(
      async () =>
        (await rig.get("v1/pods")).items.find((each: { metadata: { labels: object } }) =>
          "batch.kubernetes.io/job-name" in each.metadata.labels
        ),
      { what: "the pod of the Job" },
    );
    await rig.send("PATCH", `v1/pods/${pod.metadata.name}/status`, { status: { phase: "Succeeded" } });
    await waitFor(async () => (await rig.controlPlane("coder"))?.status?.image === image("2.29.0"), {
      what: "the rollout after the backup",
    });
    assert.equal((await jobs(rig)).length, 1);
    const { strategy, progressDeadlineSeconds } = (await rig.get(DEPLOYMENT)).spec;
    assert.deepEqual(strategy, { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
    assert.equal(progressDeadlineSeconds, 1800);

    for (const version of ["2.29.1", "2.30.0"]) {
      await rig.change("coder", { spec: { image: image(version), upgrade: { backup } } });
      await waitFor(async () => (await rig.controlPlane("coder"))?.status?.image === image(version), {
        what: `the rollout of ${version}`,
      });
    }
    await operator.again("coder");
    await waitFor(async () => (await jobs(rig)).length === 2, { what: "the oldest Job to go" });
  } finally {
    await operator[Symbol.asyncDispose]();
  }
});

Deno.test("a backup that fails stops the upgrade until somebody changes something", async () => {
  const rig = await startRig("failed");
  await using operator = await rig.operator();
  await rig.create("coder", { image: image("2.29.0") });
  await rig.ready("coder");
  const container = { name: "dump", image: "postgres:16", resources: { requests: { cpu: "1000" } } };
  await rig.change("coder", {
    spec: { image: image("2.30.0"), upgrade: { backup: { deadlineSeconds: 1, containers: [container] } } },
  });
  const { message, upgrade } = await upgrading(rig, "BackupFailed");
  assert.match(message, /DeadlineExceeded/);
  assert.match(message, /coder\.com\/retry-upgrade/);
  assert.equal(upgrade?.step, "BackupFailed");
  assert.equal((await rig.condition("coder", "Degraded", "True")).reason, "BackupFailed");
  await rig.condition("coder", "Ready", "True");
  for (let i = 0; i < 3; i++) await operator.again("coder");
  assert.equal((await jobs(rig)).length, 1);
  assert.equal(await rendered(rig), image("2.29.0"));

  await rig.change("coder", { metadata: { annotations: { [RETRY]: "1" } } });
  await waitFor(async () => (await jobs(rig)).length === 2, { what: "another try" });
  await upgrading(rig, "BackupFailed");
  const resources = { requests: { cpu: "1" } };
  await rig.change("coder", {
    spec: { upgrade: { backup: { deadlineSeconds: 600, containers: [{ ...container, resources }] } } },
  });
  await waitFor(async () => (await rig.controlPlane("coder"))?.status?.image === image("2.30.0"), {
    what: "the rollout after a backup that works",
  });
  await upgrading(rig, undefined);

  await rig.change("coder", {
    spec: { image: image("2.30.1"), upgrade: { backup: { containers: [{ name: "Bad Name", image: "x" }] } } },
  });
  assert.match((await upgrading(rig, "BackupFailed")).message, /refuses Job .*spec\.upgrade\.backup/s);
  await rig.condition("coder", "Ready", "True");
  assert.equal(await rendered(rig), image("2.30.0"));
});

/**
 * The cluster says what it says once the deadline has passed (the shortest one that a spec may ask for is a minute), until
 * the operator has seen it: a controller that looked before may still write over it.
 */
async function stopsInTime(rig: Rig) {
  return await waitFor(async () => {
    const { status, metadata } = await rig.controlPlane("coder") ?? {};
    const said = status?.conditions?.find(({ type }) => type === "Upgrading");
    if (said?.reason === "RolloutStopped" && status?.observedGeneration === metadata?.generation) {
      return { message: said.message, upgrade: status?.upgrade };
    }
    const deployment = await rig.get(DEPLOYMENT);
    if (deployment.status.observedGeneration !== deployment.metadata.generation) return undefined;
    if (deployment.status.unavailableReplicas === undefined) return undefined;
    if (
      deployment.status.conditions.some(({ reason }: { reason: string }) =>
        reason === "ProgressDeadlineExceeded"
      )
    ) return undefined;
    // deno-lint-ignore no-explicit-any -- objects as sent
    const conditions = deployment.status.conditions.map((each: any) =>
      each.type === "Progressing"
        ? { ...each, status: "False", reason: "ProgressDeadlineExceeded", message: "has timed out" }
        : each
    );
    await rig.send("PATCH", `${DEPLOYMENT}/status`, {
      metadata: { resourceVersion: deployment.metadata.resourceVersion },
      status: { conditions },
    }).catch(() => {});
    return undefined;
  }, { what: "the rollout to be stopped" });
}

Deno.test("a rollout that does not become ready is stopped, explained, tried again, and given up", async () => {
  const rig = await startRig("stop");
  // Hours pass between a change and the next look.
  let hours = 0;
  await using operator = await rig.operator({
    reconciler: { now: () => new Date(Date.now() + hours * 3_600_000) },
  });
  await rig.create("coder", {
    image: image("2.29.0"),
    replicas: 2,
    extraEnv: [{ name: "CODER_PG_CONNECTION_URL", value: "postgres://x" }],
  });
  await rig.ready("coder");
  const before = (await rig.get("v1/pods")).items.map(({ metadata }: { metadata: { uid: string } }) =>
    metadata.uid
  );
  await rig.change("coder", { spec: { image: image("2.30.0"), nodeSelector: nowhere } });
  const waits = await upgrading(rig, "WaitingForMigrations");
  assert.equal(waits.status, "True");
  assert.deepEqual(waits.upgrade, {
    from: "v2.29.0",
    to: "v2.30.0",
    image: image("2.30.0"),
    step: "RollingOut",
  });

  hours = 1;
  const stopped = await stopsInTime(rig);
  assert.match(stopped.message, /Unschedulable/);
  assert.match(stopped.message, /set spec\.image back to ghcr\.io\/coder\/coder:v2\.29\.0/);
  assert.equal(stopped.upgrade?.step, "Stopped");
  assert.equal((await rig.condition("coder", "Degraded", "True")).reason, "RolloutStopped");
  assert.equal((await rig.get(DEPLOYMENT)).spec.paused, true);
  await rig.condition("coder", "Available", "True");
  const { items } = await rig.get("v1/pods");
  // deno-lint-ignore no-explicit-any -- objects as sent
  const still = items.filter((pod: any) =>
    before.includes(pod.metadata.uid) && !pod.metadata.deletionTimestamp
  );
  assert.equal(still.length, 2, "every old pod serves on");
  for (let i = 0; i < 3; i++) await operator.again("coder");
  assert.equal((await rig.get(DEPLOYMENT)).spec.paused, true);

  // Another try of the same: the clock starts anew.
  await rig.change("coder", { metadata: { annotations: { [RETRY]: "1" } } });
  await upgrading(rig, "WaitingForMigrations");
  assert.equal((await rig.get(DEPLOYMENT)).spec.paused, undefined);
  hours = 2;
  await operator.again("coder");
  await upgrading(rig, "RolloutStopped");

  // Given up.
  await rig.change("coder", { spec: { image: image("2.29.0"), nodeSelector: null } });
  await upgrading(rig, undefined);
  await rig.ready("coder");
  assert.equal((await rig.get(DEPLOYMENT)).spec.paused, undefined);
  assert.equal(await rendered(rig), image("2.29.0"));

  // Stopped once more; this time what was wrong is put right.
  await rig.change("coder", { spec: { image: image("2.30.0"), nodeSelector: nowhere } });
  await upgrading(rig, "WaitingForMigrations");
  hours = 3;
  await stopsInTime(rig);
  await rig.change("coder", { spec: { nodeSelector: null } });
  await waitFor(async () => (await rig.controlPlane("coder"))?.status?.image === image("2.30.0"), {
    what: "the rollout that works now",
  });
  await upgrading(rig, undefined);

  // And once more; the new pod becomes ready after all, and the rest follows.
  const only = { "example.com/only": rig.namespace };
  await rig.change("coder", { spec: { image: image("2.30.1"), nodeSelector: only } });
  await upgrading(rig, "WaitingForMigrations");
  hours = 5;
  await stopsInTime(rig);
  await rig.cluster.kubectl(["label", "node", "node-0", `example.com/only=${rig.namespace}`]);
  try {
    await waitFor(async () => (await rig.controlPlane("coder"))?.status?.image === image("2.30.1"), {
      what: "the rollout to go on by itself",
    });
  } finally {
    await rig.cluster.kubectl(["label", "node", "node-0", "example.com/only-"]);
  }
  await waitFor(async () => {
    const all = await rig.eventReasons("coder");
    return ["Upgrading", "UpgradeStopped", "UpgradeComplete"].every((reason) => all.includes(reason));
  }, { what: "the Events" });
  await rig.change("coder", { spec: { image: image("2.29.0") } });
  await upgrading(rig, "UpgradeBlocked");
});
