import assert from "node:assert/strict";
import { KubeApiError } from "../../kube/errors.ts";
import { coder } from "./testing.ts";
import { World } from "./testing_world.ts";
import { RETRY_ANNOTATION } from "./upgrade_facts.ts";

const backup = { containers: [{ name: "dump", image: "postgres:16" }] };

/** Coder 2.29.0 runs in two pods. */
async function running(spec: World["spec"] = {}): Promise<World> {
  const world = new World();
  world.spec = { image: coder("2.29.0"), replicas: 2, ...spec };
  await world.pass();
  ready(world);
  await world.pass();
  assert.equal(world.status.image, coder("2.29.0"));
  return world;
}

function ready(world: World): void {
  assert.ok(world.look !== undefined);
  world.look = { ...world.look, updated: 2, updatedReady: 2, old: 0, timedOut: false };
}

function stuck(world: World): void {
  assert.ok(world.look !== undefined);
  world.look = { ...world.look, updated: 1, updatedReady: 0, timedOut: true };
  world.now += 1_800_000;
}

Deno.test("a first start is no upgrade, and says nothing about one", async () => {
  const world = await running();
  assert.equal(world.condition(), undefined);
  assert.deepEqual(world.parts, {});
  assert.deepEqual(world.events, []);
  assert.deepEqual(Object.keys(world.status).sort(), ["conditions", "image"]);
});

Deno.test("before anything has run another image replaces a wrong one at once", async () => {
  const world = new World();
  world.spec = { image: coder("2.300.0"), upgrade: { backup } };
  await world.pass();
  world.spec = { image: coder("2.30.0"), upgrade: { backup } };
  await world.pass();
  assert.equal(world.look?.image, coder("2.30.0"));
  assert.deepEqual([world.jobs, world.condition(), world.look?.state], [[], undefined, undefined]);
});

Deno.test("a deadline that the spec gives holds without an upgrade, too", async () => {
  const world = await running({ upgrade: { progressDeadlineSeconds: 90 } });
  assert.deepEqual(world.parts, { progressDeadlineSeconds: 90 });
  world.spec = { ...world.spec, image: coder("2.30.0") };
  await world.pass();
  assert.equal(world.parts.progressDeadlineSeconds, 90);
});

Deno.test("an upgrade has time for migrations, says how far it is, and ends with an Event", async () => {
  const world = await running();
  world.spec = { ...world.spec, image: coder("2.30.0") };
  await world.pass();
  assert.equal(world.look?.image, coder("2.30.0"));
  assert.equal(world.parts.progressDeadlineSeconds, 1800);
  assert.equal(world.condition(), "True/RollingOut");
  assert.match(world.message(), /0 of 2 pods run it/);
  const upgrade = { from: "v2.29.0", to: "v2.30.0", image: coder("2.30.0"), step: "RollingOut" };
  assert.deepEqual(world.status.upgrade, upgrade);
  Object.assign(world.look ?? {}, { updated: 1 });
  await world.pass();
  assert.equal(world.condition(), "True/WaitingForMigrations");
  Object.assign(world.look ?? {}, { updatedReady: 1 });
  await world.pass();
  assert.equal(world.condition(), "True/RollingOut");
  assert.match(world.message(), /1 of 2 pods run it/);
  ready(world);
  await world.pass();
  assert.deepEqual([world.condition(), world.status.upgrade, world.status.image], [
    undefined,
    undefined,
    coder("2.30.0"),
  ]);
  assert.deepEqual(world.events, [
    `UpgradeComplete: Every pod runs ${coder("2.30.0")}, after ${coder("2.29.0")}`,
  ]);
  const { look } = world;
  await world.pass();
  assert.deepEqual(world.look, look, "at rest");
  assert.equal(world.events.length, 1, "told once");
});

Deno.test("the same version from another registry has no migrations to wait for", async () => {
  const world = await running({ upgrade: { backup } });
  world.spec = { ...world.spec, image: "registry:5000/coder:2.29.0" };
  await world.pass();
  Object.assign(world.look ?? {}, { updated: 1 });
  await world.pass();
  assert.equal(world.condition(), "True/RollingOut");
  assert.deepEqual(world.jobs, []);
});

Deno.test("a blocked image changes nothing but what is said", async () => {
  const world = await running();
  world.spec = { ...world.spec, image: coder("2.28.0") };
  world.env = 1;
  await world.pass();
  assert.equal(world.look?.image, coder("2.29.0"));
  assert.equal(world.condition(), "False/UpgradeBlocked");
  assert.deepEqual(world.report.troubles.map(({ reason }) => reason), ["UpgradeBlocked"]);
  assert.deepEqual(world.status.upgrade, {
    from: "v2.29.0",
    to: "v2.28.0",
    image: coder("2.28.0"),
    step: "Blocked",
  });
  world.spec = { ...world.spec, image: coder("2.29.0") };
  ready(world);
  await world.pass();
  assert.deepEqual([world.condition(), world.status.upgrade], [undefined, undefined]);
});

Deno.test("an image outside the tested range is rolled out, with a warning while that is new", async () => {
  const world = await running();
  world.spec = { ...world.spec, image: coder("2.31.0") };
  const warnings = () => world.report.warnings.map(({ reason }) => reason);
  await world.pass();
  assert.deepEqual(warnings(), ["VersionNotTested"]);
  assert.equal(world.look?.image, coder("2.31.0"));
  await world.pass();
  assert.deepEqual(warnings(), ["VersionNotTested"], "while it is under way");
  ready(world);
  await world.pass();
  await world.pass();
  assert.deepEqual(warnings(), [], "then Coder itself is asked");
});

Deno.test("a backup comes first, once, and lets the image through", async () => {
  const world = await running({ upgrade: { backup } });
  world.spec = { ...world.spec, image: coder("2.30.0") };
  for (let i = 0; i < 3; i++) await world.pass();
  assert.equal(world.look?.image, coder("2.29.0"));
  assert.equal(world.jobs.length, 1);
  assert.equal(world.condition(), "True/BackingUp");
  const name = world.jobs[0]?.metadata.name;
  assert.deepEqual(world.status.upgrade, {
    from: "v2.29.0",
    to: "v2.30.0",
    image: coder("2.30.0"),
    step: "BackingUp",
    backupJob: name,
  });
  assert.deepEqual(world.events, [`Created: Created Job ${name}`]);
  world.endJob("Complete");
  await world.pass();
  assert.equal(world.look?.image, coder("2.30.0"));
  ready(world);
  await world.pass();
  assert.equal(world.jobs.length, 1);
  // The same way once more asks for a backup of its own.
  world.spec = { image: coder("2.29.0"), replicas: 2, upgrade: { allowDowngrade: true } };
  await world.pass();
  ready(world);
  await world.pass();
  world.spec = { image: coder("2.30.0"), replicas: 2, upgrade: { backup } };
  await world.pass();
  assert.equal(world.look?.image, coder("2.29.0"));
  assert.equal(world.jobs.length, 2);
});

Deno.test("a backup that failed is explained, and waits for another try", async () => {
  const world = await running({ upgrade: { backup } });
  world.spec = { ...world.spec, image: coder("2.30.0") };
  await world.pass();
  world.endJob("Failed");
  world.pods = [{
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    status: { reason: "Evicted", message: "with SECRET inside" },
  }];
  for (let i = 0; i < 3; i++) await world.pass();
  assert.equal(world.jobs.length, 1);
  assert.equal(world.condition(), "False/BackupFailed");
  assert.match(world.message(), /Reason: the message; p: Evicted: with \*\*\* inside/);
  assert.match(
    world.message(),
    /kubectl annotate --overwrite codercontrolplane coder --namespace a coder\.com\/retry/,
  );
  assert.deepEqual(world.report.troubles.map(({ reason }) => reason), ["BackupFailed"]);
  world.annotations = { [RETRY_ANNOTATION]: "1" };
  await world.pass();
  assert.equal(world.jobs.length, 2);
  world.endJob("Failed");
  await world.pass();
  world.spec = { ...world.spec, upgrade: { backup: { ...backup, retries: 1 } } };
  await world.pass();
  assert.equal(world.jobs.length, 3, "a corrected backup is another try");
  world.endJob("Complete");
  await world.pass();
  assert.equal(world.look?.image, coder("2.30.0"));
});

Deno.test("a Job that the API server refuses is explained and tried again; one that it cannot take now is thrown", async () => {
  const world = await running({ upgrade: { backup } });
  world.spec = { ...world.spec, image: coder("2.30.0") };
  world.refusal = new KubeApiError(422, "Invalid", "containers[0].name: Invalid", {
    method: "PATCH",
    path: "/",
  });
  await world.pass();
  assert.equal(world.condition(), "False/BackupFailed");
  assert.match(
    world.message(),
    /refuses Job .*containers\[0\]\.name: Invalid.*Correct spec\.upgrade\.backup/,
  );
  assert.equal(world.lookAgainMs, 60_000);
  assert.equal(world.status.upgrade?.backupJob, undefined);
  world.refusal = new KubeApiError(503, "", "away", { method: "PATCH", path: "/" });
  await world.pass();
  assert.equal(world.look?.image, coder("2.29.0"), "no image without its backup");
});

Deno.test("an image that another takes the place of loses its backup", async () => {
  const world = await running({ upgrade: { backup } });
  world.spec = { ...world.spec, image: coder("2.30.0") };
  await world.pass();
  const first = world.jobs[0]?.metadata.name;
  world.spec = { ...world.spec, image: coder("2.30.1") };
  await world.pass();
  assert.deepEqual(world.deleted, [first]);
  assert.equal(world.jobs.length, 1);
  world.spec = { ...world.spec, image: coder("2.29.0") };
  await world.pass();
  assert.deepEqual([world.jobs, world.condition(), world.status.upgrade], [[], undefined, undefined]);
});

Deno.test("a stopped rollout says what its pods say, and how to go on or back", async () => {
  const world = await running();
  world.spec = { ...world.spec, image: coder("2.30.0") };
  await world.pass();
  stuck(world);
  const status = { containerStatuses: [] };
  const spec = { containers: [{ name: "coder", image: coder("2.30.0") }] };
  world.pods = [
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "new" },
      spec,
      status: { ...status, reason: "R", message: "SECRET" },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "old" },
      spec: { containers: [] },
      status: { reason: "R", message: "m" },
    },
  ];
  await world.pass();
  assert.equal(world.look?.paused, true);
  assert.equal(world.condition(), "False/RolloutStopped");
  assert.match(world.message(), /\(new: R: \*\*\*\)/);
  assert.match(world.message(), /set spec\.image back to ghcr\.io\/coder\/coder:v2\.29\.0 to give it up/);
  assert.equal(world.status.upgrade?.step, "Stopped");
  const { look } = world;
  await world.pass();
  assert.deepEqual(world.look, look, "it stays so");

  world.annotations = { [RETRY_ANNOTATION]: "1" };
  await world.pass();
  assert.equal(world.look?.paused, undefined);
  assert.equal(world.condition(), "True/WaitingForMigrations");
  assert.equal(world.lookAgainMs, undefined);
  await world.pass();
  assert.equal(world.lookAgainMs, 1_800_000, "the time starts anew");
  world.spec = { ...world.spec, image: coder("2.29.0") };
  await world.pass();
  assert.equal(world.look?.image, coder("2.29.0"));
  assert.equal(world.condition(), undefined);
});

Deno.test("once a pod of it was ready, going back is a downgrade, and is said to be one", async () => {
  const world = await running();
  world.spec = { ...world.spec, image: coder("2.30.0") };
  await world.pass();
  Object.assign(world.look ?? {}, { updated: 1, updatedReady: 1 });
  await world.pass();
  stuck(world);
  await world.pass();
  assert.equal(world.condition(), "False/RolloutStopped");
  assert.match(world.message(), /going back to .*v2\.29\.0 needs a backup.*allowDowngrade/);
  world.spec = { ...world.spec, image: coder("2.29.0") };
  await world.pass();
  assert.equal(world.condition(), "False/UpgradeBlocked");
  assert.deepEqual([world.look?.image, world.look?.paused], [coder("2.30.0"), true]);
  world.spec = { ...world.spec, image: coder("2.30.1") };
  await world.pass();
  assert.deepEqual(
    [world.look?.image, world.look?.paused],
    [coder("2.30.1"), undefined],
    "forward is the way",
  );
});

Deno.test("an upgrade is replaced by a later one while it is under way", async () => {
  const world = await running({ upgrade: { backup } });
  world.spec = { ...world.spec, image: coder("2.30.0") };
  await world.pass();
  world.endJob("Complete");
  await world.pass();
  Object.assign(world.look ?? {}, { updated: 1, updatedReady: 0 });
  world.spec = { ...world.spec, image: coder("2.30.1") };
  await world.pass();
  assert.equal(world.condition(), "True/BackingUp", "this one needs its own");
  assert.equal(world.look?.image, coder("2.30.0"));
  world.endJob("Complete");
  await world.pass();
  assert.equal(world.look?.image, coder("2.30.1"));
  assert.equal(world.status.upgrade?.from, "v2.29.0");
  ready(world);
  await world.pass();
  assert.equal(world.status.image, coder("2.30.1"));
});

const migration = (version: number, dirty = false) => ({ version, dirty });

/** Coder 2.30.0 is let through on a database at migration 412; its first pod does not become ready. */
async function upgrading(): Promise<World> {
  const world = await running();
  world.migration = migration(412);
  world.spec = { ...world.spec, image: coder("2.30.0") };
  await world.pass();
  assert.deepEqual(world.look?.state?.schema, { before: 412 });
  Object.assign(world.look ?? {}, { updated: 1, updatedReady: 0 });
  return world;
}

Deno.test("a changed image waits for the number of the database's migration, for a moment", async () => {
  const world = await running({ upgrade: { backup } });
  world.visitDue = true;
  // Of an upgrade before.
  world.migration = migration(400);
  world.spec = { ...world.spec, image: coder("2.30.0") };
  await world.pass();
  assert.equal(world.condition(), "True/CheckingDatabase");
  assert.equal(world.status.upgrade?.step, "Checking");
  assert.match(world.message(), /the pods keep ghcr\.io\/coder\/coder:v2\.29\.0/);
  assert.equal(world.lookAgainMs, 10_000);
  assert.deepEqual([world.look?.image, world.jobs], [coder("2.29.0"), []]);
  world.now += 4_000;
  await world.pass();
  assert.equal(world.lookAgainMs, 6_000);
  world.now += 6_000;
  await world.pass();
  assert.equal(world.condition(), "True/BackingUp", "nothing waits for a database for long");
  world.endJob("Complete");
  await world.pass();
  assert.equal(world.look?.image, coder("2.30.0"));
  assert.equal(world.look?.state?.schema, undefined, "a number of another time counts for nothing");

  const quick = await running();
  quick.visitDue = true;
  quick.spec = { ...quick.spec, image: coder("2.30.0") };
  await quick.pass();
  Object.assign(quick, { visitDue: false, migration: migration(412) });
  await quick.pass();
  assert.equal(quick.look?.image, coder("2.30.0"));
  assert.deepEqual(quick.look?.state?.schema, { before: 412 });
});

Deno.test("what is blocked by its version waits for no number, nor does a first start", async () => {
  const world = await running();
  world.visitDue = true;
  world.spec = { ...world.spec, image: coder("2.28.0") };
  await world.pass();
  assert.equal(world.condition(), "False/UpgradeBlocked");
  const first = new World();
  first.visitDue = true;
  first.spec = { image: coder("2.30.0") };
  await first.pass();
  assert.equal(first.look?.image, coder("2.30.0"));
});

Deno.test("a rollout whose pod migrated cannot be given up, and says which migrations it was", async () => {
  const world = await upgrading();
  world.migration = migration(415);
  await world.pass();
  assert.equal(world.condition(), "True/WaitingForMigrations");
  assert.match(world.message(), /not ready yet: the database schema has moved from 412 to 415\./);
  stuck(world);
  await world.pass();
  assert.equal(world.condition(), "False/RolloutStopped");
  assert.match(
    world.message(),
    /The database schema has moved from 412 to 415: no pod of .*v2\.29\.0 can be started/,
  );
  assert.doesNotMatch(world.message(), /to give it up/);
  // The database is away: what was seen counts, here and for every patch of the version before.
  world.migration = undefined;
  for (const version of ["2.29.0", "2.29.4"]) {
    world.spec = { ...world.spec, image: coder(version) };
    await world.pass();
    assert.equal(world.condition(), "False/UpgradeBlocked", version);
    assert.deepEqual([world.look?.image, world.look?.paused], [coder("2.30.0"), true]);
  }
  world.spec = { ...world.spec, image: coder("2.29.0") };
  await world.pass();
  assert.match(world.message(), /the database schema has moved from 412 to 415/);
  // Somebody restored the backup.
  world.migration = migration(412);
  await world.pass();
  assert.equal(world.look?.image, coder("2.29.0"));
  assert.equal(world.condition(), undefined);
});

Deno.test("where the number has not moved a rollout can be given up, even though a pod of it was ready", async () => {
  const world = await upgrading();
  Object.assign(world.look ?? {}, { updatedReady: 1 });
  await world.pass();
  stuck(world);
  await world.pass();
  assert.match(
    world.message(),
    /The database schema has not moved \(412\); set spec\.image back to .*v2\.29\.0/,
  );
  world.spec = { ...world.spec, image: coder("2.29.0") };
  world.visitDue = true;
  await world.pass();
  assert.equal(world.condition(), "True/CheckingDatabase", "a pod may have migrated a moment ago");
  world.visitDue = false;
  await world.pass();
  assert.equal(world.look?.image, coder("2.29.0"));
});

Deno.test("a migration that was broken off is told, with or without a number from before", async () => {
  const world = await upgrading();
  world.migration = migration(413, true);
  await world.pass();
  stuck(world);
  await world.pass();
  assert.match(
    world.message(),
    /schema was at 412, and migration 413 was broken off .*dirty.*does not start on it/,
  );
  const unknown = await running();
  unknown.spec = { ...unknown.spec, image: coder("2.30.0") };
  await unknown.pass();
  unknown.migration = migration(413, true);
  stuck(unknown);
  await unknown.pass();
  assert.match(unknown.message(), /Migration 413 was broken off .*dirty.*set spec\.image back/);
});

Deno.test("the number from before the first of several images counts, until one of them is complete", async () => {
  const world = await upgrading();
  world.migration = migration(415);
  world.spec = { ...world.spec, image: coder("2.30.1") };
  await world.pass();
  assert.equal(world.look?.image, coder("2.30.1"));
  assert.deepEqual(world.look?.state?.schema, { before: 412, now: 415 });
  ready(world);
  await world.pass();
  await world.pass();
  assert.equal(world.status.image, coder("2.30.1"));
  assert.equal(world.look?.state?.schema, undefined, "at rest nothing of it is left");
  world.spec = { ...world.spec, image: coder("2.31.0") };
  await world.pass();
  assert.deepEqual(world.look?.state?.schema, { before: 415 });
});
