/** Upgrades and what a real coderd says and does. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { sharedCoderd, startDeployment, StartError } from "../coder/mod.ts";
import { startRig } from "./rig.ts";

const image = (tag: string) => `ghcr.io/coder/coder:${tag}`;

Deno.test("what Coder says of its version decides where the tag says nothing", async () => {
  const [rig, coderd] = await Promise.all([startRig("version"), sharedCoderd()]);
  await using _operator = await rig.operator({ endpoints: { coder: coderd.url } });
  await rig.create("coder", { image: image("latest"), operatorAccess: { disabled: true } });
  await rig.ready("coder");
  await waitFor(async () => (await rig.controlPlane("coder"))?.status?.version === "v2.30.0", {
    what: "the version that Coder says",
  });
  await rig.change("coder", { spec: { image: image("v2.29.4") } });
  const blocked = await rig.condition("coder", "Upgrading", "False");
  assert.equal(blocked.reason, "UpgradeBlocked");
  assert.match(blocked.message, /has been used with Coder v2\.30\.0, which Coder v2\.29\.4 is too old for/);
  assert.equal(
    (await rig.get("apps/v1/deployments/coder")).spec.template.spec.containers[0].image,
    image("latest"),
  );
  await rig.change("coder", { spec: { image: image("v2.30.1") } });
  await waitFor(async () => (await rig.controlPlane("coder"))?.status?.image === image("v2.30.1"), {
    what: "the later version to be rolled out",
  });
  await rig.condition("coder", "Upgrading", "Absent");
});

Deno.test("a rollout whose pod has migrated a real database cannot be given up before a backup is restored", async () => {
  await using own = await startDeployment();
  const { coderd } = own;
  const rig = await startRig("schema");
  // Visits are due again when hours have passed.
  let hours = 0;
  const now = () => new Date(Date.now() + hours * 3_600_000);
  await using operator = await rig.operator({
    endpoints: { coder: coderd.url },
    reconciler: { now },
    visits: { tools: { now } },
  });
  const state = async () => {
    const { annotations } = (await rig.get("apps/v1/deployments/coder")).metadata;
    return JSON.parse(annotations["coder.com/rollout"] ?? "{}");
  };
  const upgrading = (reason: string | undefined, words = /^/) =>
    waitFor(async () => {
      const object = await rig.controlPlane("coder");
      if (object?.status?.observedGeneration !== object?.metadata.generation) return false;
      const found = object?.status?.conditions?.find(({ type }) => type === "Upgrading");
      return found?.reason === reason && words.test(found?.message ?? "");
    }, { what: `Upgrading to be ${reason ?? "absent"} with ${words}`, timeoutMs: 60_000 });
  const [row] = await coderd.sql("select version from schema_migrations");
  const before = Number(row?.version);
  const extraEnv = [{ name: "CODER_PG_CONNECTION_URL", value: coderd.databaseUrl }];
  await rig.create("coder", { image: image("v2.30.0"), extraEnv });
  await rig.ready("coder");
  const nodeSelector = { "example.com/none": "x" };
  await rig.change("coder", { spec: { image: image("v2.31.0"), nodeSelector } });
  await upgrading("WaitingForMigrations");
  await waitFor(async () => (await state()).schema?.before === before, { what: "the number to be noted" });
  // As a pod of the new version does, which then does not become ready.
  await coderd.sql("update schema_migrations set version = version + 3");
  hours = 1;
  operator.visit("coder");
  const moved = new RegExp(`the database schema has moved from ${before} to ${before + 3}`);
  await upgrading("WaitingForMigrations", moved);
  await rig.change("coder", { spec: { image: image("v2.30.0") } });
  await upgrading("UpgradeBlocked", moved);
  assert.equal((await rig.condition("coder", "Degraded", "True")).reason, "UpgradeBlocked");
  const [container] = (await rig.get("apps/v1/deployments/coder")).spec.template.spec.containers;
  assert.equal(container.image, image("v2.31.0"));
  assert.deepEqual((await state()).schema, { before, now: before + 3 });
  // Somebody restores the backup.
  await coderd.sql("update schema_migrations set version = version - 3");
  hours = 2;
  operator.visit("coder");
  await upgrading(undefined);
  await rig.change("coder", { spec: { nodeSelector: null } });
  await rig.ready("coder");
  assert.equal((await rig.controlPlane("coder"))?.status?.image, image("v2.30.0"));
  assert.equal((await state()).schema, undefined);
  const said = operator.lines.join("\n") + JSON.stringify(await rig.controlPlane("coder"));
  const { password } = new URL(coderd.databaseUrl);
  assert.ok(
    !said.replaceAll(JSON.stringify(extraEnv[0]?.value), "").includes(password),
    "the password was said",
  );
});

Deno.test("Coder does not start on a database that a later version has migrated, and leaves it as it is", async () => {
  await using deployment = await startDeployment();
  const { coderd } = deployment;
  const [before] = await coderd.sql("select version, dirty from schema_migrations");
  await coderd.stop();
  await coderd.sql("update schema_migrations set version = version + 1000");
  await assert.rejects(coderd.start(), (error) => {
    assert.ok(error instanceof StartError);
    assert.match(error.message, /no migration found for version/);
    return true;
  });
  const [after] = await coderd.sql("select version, dirty from schema_migrations");
  assert.deepEqual([Number(after?.version), after?.dirty], [Number(before?.version) + 1000, before?.dirty]);
});
