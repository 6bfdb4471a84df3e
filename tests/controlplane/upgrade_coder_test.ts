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
