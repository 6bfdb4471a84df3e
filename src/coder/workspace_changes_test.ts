import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { addTemplate, addVersion, addWorkspace, endBuild, pickUpBuild } from "../../tests/fake-coder/mod.ts";
import { CoderApiError, mayHaveHappened } from "./errors.ts";

async function refusal(call: Promise<unknown>): Promise<CoderApiError> {
  const error = await failure(call);
  assert.ok(error instanceof CoderApiError, error.message);
  return error;
}

Deno.test("a workspace is created of a template, and is built at once", async () => {
  await using rig = await startClientRig();
  const template = addTemplate(rig.fake.state, "docker", { default_ttl_ms: 3_600_000 });
  const { workspaceChanges } = rig.client;
  const made = await workspaceChanges.create("admin", { name: "dev", source: { templateId: template.id } });
  assert.deepEqual(
    [made.name, made.owner_name, made.latest_build.transition, made.latest_build.status, made.ttl_ms],
    ["dev", "admin", "start", "pending", 3_600_000],
  );
  assert.equal(made.latest_build.template_version_id, template.active_version_id);
  assert.equal(made.latest_build.build_number, 1);
});

Deno.test("a workspace is created with all that it can be told", async () => {
  await using rig = await startClientRig();
  const { state } = rig.fake;
  const template = addTemplate(state, "docker");
  const version = addVersion(state, template, new Uint8Array());
  addVersion(state, template, new Uint8Array());
  const preset = { ID: crypto.randomUUID(), Name: "large", Parameters: [{ Name: "size", Value: "9" }] };
  state.versionInputs.set(version, {
    parameters: [
      { name: "size", type: "number", mutable: true, required: true },
      { name: "region", type: "string", mutable: false, required: false, default_value: "eu" },
    ],
    presets: [preset],
  });
  const made = await rig.client.workspaceChanges.create("me", {
    name: "dev",
    source: { versionId: version },
    parameters: [{ name: "region", value: "us" }, { name: "unknown", value: "x" }],
    presetId: preset.ID,
    ttlMs: 7_200_000,
    autostart: "CRON_TZ=Europe/Berlin 30 9 * * 1-5",
    automaticUpdates: "always",
  });
  assert.deepEqual(
    [made.outdated, made.ttl_ms, made.autostart_schedule, made.automatic_updates],
    [true, 7_200_000, "CRON_TZ=Europe/Berlin 30 9 * * 1-5", "always"],
  );
  assert.deepEqual(await rig.client.workspaceChanges.buildParameters(made.latest_build.id), [
    { name: "size", value: "9" },
    { name: "region", value: "us" },
  ]);
});

Deno.test("what cannot be created is refused in a way that tells what to do", async () => {
  await using rig = await startClientRig();
  const { state } = rig.fake;
  const template = addTemplate(state, "docker");
  const { create } = rig.client.workspaceChanges;
  const source = { templateId: template.id };
  await create("me", { name: "dev", source });
  const taken = await refusal(create("me", { name: "DEV", source }));
  assert.deepEqual([taken.kind, taken.coderMessage], ["conflict", 'Workspace "DEV" already exists.']);
  for (
    const wrong of [
      { name: "a_b", source },
      { name: "b", source, ttlMs: 1_000 },
      { name: "b", source, ttlMs: 31 * 24 * 3_600_000 },
      { name: "b", source, autostart: "often" },
      { name: "b", source: { templateId: crypto.randomUUID() } },
      { name: "b", source: { versionId: crypto.randomUUID() } },
    ]
  ) assert.equal((await refusal(create("me", wrong))).kind, "invalid", JSON.stringify(wrong));
  assert.equal((await refusal(create("nobody", { name: "b", source }))).kind, "notFound");
  const version = addVersion(state, template, new Uint8Array());
  const row = state.templateVersions.find(({ id }) => id === version)!;
  row["job"] = { status: "running" };
  assert.equal((await refusal(create("me", { name: "b", source }))).kind, "conflict");
  row["job"] = { status: "failed", error: "no such resource" };
  assert.match((await refusal(create("me", { name: "b", source }))).message, /no such resource/);
  row["job"] = { status: "succeeded" };
  row["archived"] = true;
  const archived = await refusal(create("me", { name: "b", source }));
  assert.deepEqual([archived.kind, mayHaveHappened(archived)], ["invalid", false]);
  assert.equal(state.workspaces.length, 1);
});

Deno.test("parameters that are missing or of a wrong form are named", async () => {
  await using rig = await startClientRig();
  const { state } = rig.fake;
  const template = addTemplate(state, "docker");
  const version = addVersion(state, template, new Uint8Array());
  const size = { name: "size", type: "number", mutable: true, required: true };
  state.versionInputs.set(version, { parameters: [size], presets: [] });
  const source = { templateId: template.id };
  const missing = await refusal(rig.client.workspaceChanges.create("me", { name: "a", source }));
  assert.deepEqual(missing.validations.map(({ field }) => field), ["size"]);
  const parameters = [{ name: "size", value: "abc" }];
  const wrong = await refusal(rig.client.workspaceChanges.create("me", { name: "a", source, parameters }));
  assert.match(wrong.validations[0]?.detail ?? "", /"abc" is not a number/);
});

Deno.test("as long as a build is active, every other one is a conflict", async () => {
  await using rig = await startClientRig();
  const workspace = addWorkspace(rig.fake.state, rig.owner, "a");
  const { build } = rig.client.workspaceChanges;
  const stop = await build(workspace.id, { transition: "stop" });
  assert.deepEqual([stop.transition, stop.status, stop.build_number], ["stop", "pending", 2]);
  for (const transition of ["start", "stop", "delete"] as const) {
    assert.equal((await refusal(build(workspace.id, { transition }))).kind, "conflict");
    pickUpBuild(rig.fake.state, workspace);
  }
  endBuild(rig.fake.state, workspace);
  // What it is already is built anew.
  assert.equal((await build(workspace.id, { transition: "stop" })).build_number, 3);
});

Deno.test("a deletion that is over is a workspace that is gone, and can yet be built to be deleted", async () => {
  await using rig = await startClientRig();
  const workspace = addWorkspace(rig.fake.state, rig.owner, "a");
  const { workspaceChanges, workspaces } = rig.client;
  await workspaceChanges.build(workspace.id, { transition: "delete", orphan: true });
  endBuild(rig.fake.state, workspace);
  assert.equal((await refusal(workspaces.get(workspace.id))).status, 410);
  assert.equal(
    (await refusal(workspaceChanges.build(workspace.id, { transition: "start" }))).kind,
    "conflict",
  );
  assert.equal((await workspaceChanges.build(workspace.id, { transition: "delete" })).build_number, 3);
  const nowhere = workspaceChanges.build(crypto.randomUUID(), { transition: "stop" });
  assert.equal((await refusal(nowhere)).kind, "notFound");
});

Deno.test("a build takes another version of its own template alone, and keeps what it is not told", async () => {
  await using rig = await startClientRig();
  const { state } = rig.fake;
  const template = addTemplate(state, "docker");
  const version = addVersion(state, template, new Uint8Array());
  const parameters = [
    { name: "size", type: "number", mutable: true, required: false, default_value: "1" },
    { name: "region", type: "string", mutable: false, required: false, default_value: "eu" },
  ];
  state.versionInputs.set(version, { parameters, presets: [] });
  const workspace = addWorkspace(state, rig.owner, "a", { template_id: template.id });
  const { build, buildParameters } = rig.client.workspaceChanges;
  const first = await build(workspace.id, {
    transition: "start",
    versionId: version,
    parameters: [{ name: "region", value: "us" }],
  });
  assert.equal(first.template_version_id, version);
  endBuild(state, workspace);
  const second = await build(workspace.id, {
    transition: "start",
    parameters: [{ name: "size", value: "2" }],
  });
  assert.deepEqual(await buildParameters(second.id), [
    { name: "size", value: "2" },
    { name: "region", value: "us" },
  ]);
  endBuild(state, workspace);
  const fixed = build(workspace.id, { transition: "start", parameters: [{ name: "region", value: "eu" }] });
  assert.deepEqual((await refusal(fixed)).validations.map(({ field }) => field), ["region"]);
  const other = addVersion(state, addTemplate(state, "other"), new Uint8Array());
  const foreign = await refusal(build(workspace.id, { transition: "start", versionId: other }));
  assert.match(foreign.message, /doesn't match template/);
  assert.equal((await refusal(buildParameters(crypto.randomUUID()))).kind, "notFound");
});

Deno.test("a build that waits is cancelled at once, one that runs ends later, one that is over never", async () => {
  await using rig = await startClientRig();
  const workspace = addWorkspace(rig.fake.state, rig.owner, "a");
  const { build, cancelBuild } = rig.client.workspaceChanges;
  const waiting = await build(workspace.id, { transition: "stop" });
  assert.equal((await refusal(cancelBuild(waiting.id, "running"))).kind, "conflict");
  await cancelBuild(waiting.id, "pending");
  assert.equal((await rig.client.workspaces.get(workspace.id)).latest_build.status, "canceled");
  const running = await build(workspace.id, { transition: "stop" });
  pickUpBuild(rig.fake.state, workspace);
  await cancelBuild(running.id);
  assert.equal((await refusal(cancelBuild(running.id))).kind, "invalid");
  assert.equal((await refusal(build(workspace.id, { transition: "stop" }))).kind, "conflict");
  endBuild(rig.fake.state, workspace, "terraform apply: exit status 1");
  for (const id of [running.id, waiting.id]) {
    assert.match((await refusal(cancelBuild(id))).message, /already (completed|been)/);
  }
  assert.equal((await refusal(cancelBuild(crypto.randomUUID()))).kind, "notFound");
});

Deno.test("the time to live, the schedule and automatic updates are set and cleared", async () => {
  await using rig = await startClientRig();
  const { id } = addWorkspace(rig.fake.state, rig.owner, "a");
  const { setTtl, setAutostart, setAutomaticUpdates, autostartLacksParameters } = rig.client.workspaceChanges;
  const shown = async () => {
    const one = await rig.client.workspaces.get(id);
    return [one.ttl_ms, one.autostart_schedule, one.automatic_updates];
  };
  await setTtl(id, 90_000);
  await setAutostart(id, "30 9 * * 1-5");
  await setAutomaticUpdates(id, "always");
  assert.deepEqual(await shown(), [60_000, "30 9 * * 1-5", "always"]);
  await setTtl(id, null);
  await setAutostart(id, null);
  await setAutomaticUpdates(id, "never");
  assert.deepEqual(await shown(), [null, null, "never"]);
  assert.equal((await refusal(setTtl(id, 59_999))).kind, "invalid");
  assert.equal((await refusal(setAutostart(id, "30 9 1 * *"))).kind, "invalid");
  assert.equal(await autostartLacksParameters(id), false);
});

Deno.test("dormancy is set, and what is so already is no failure", async () => {
  await using rig = await startClientRig();
  const { id } = addWorkspace(rig.fake.state, rig.owner, "a");
  const { setDormant } = rig.client.workspaceChanges;
  assert.equal(await setDormant(id, false), undefined);
  assert.equal(typeof (await setDormant(id, true))?.dormant_at, "string");
  assert.equal(await setDormant(id, true), undefined);
  assert.equal((await setDormant(id, false))?.dormant_at, null);
  assert.equal((await refusal(setDormant(crypto.randomUUID(), true))).kind, "notFound");
});

Deno.test("a stop that is due is put off, one that is not is a conflict", async () => {
  await using rig = await startClientRig();
  const workspace = addWorkspace(rig.fake.state, rig.owner, "a");
  const { extend } = rig.client.workspaceChanges;
  const later = new Date(Date.now() + 3_600_000);
  assert.equal((await refusal(extend(workspace.id, later))).coderMessage, "Workspace shutdown is manual.");
  Object.assign(workspace.latest_build, { deadline: new Date().toISOString() });
  await extend(workspace.id, later);
  const { latest_build } = await rig.client.workspaces.get(workspace.id);
  assert.equal(latest_build.deadline, later.toISOString());
  assert.equal((await refusal(extend(workspace.id, new Date()))).kind, "invalid");
});

Deno.test("a workspace is renamed where the deployment allows it", async () => {
  await using rig = await startClientRig();
  const { id } = addWorkspace(rig.fake.state, rig.owner, "a");
  addWorkspace(rig.fake.state, rig.owner, "b");
  const { rename } = rig.client.workspaceChanges;
  await rename(id, "a");
  assert.equal((await refusal(rename(id, "c"))).coderMessage, "Workspace renames are not allowed.");
  rig.fake.settings.renames = true;
  await rename(id, "c");
  assert.equal((await rig.client.workspaces.get(id)).name, "c");
  assert.equal((await refusal(rename(id, "B"))).kind, "conflict");
  assert.equal((await refusal(rename(id, "a b"))).kind, "invalid");
});

Deno.test("a write whose answer was lost may have happened, one that was never sent has not", async () => {
  await using rig = await startClientRig();
  const workspace = addWorkspace(rig.fake.state, rig.owner, "a");
  const { build } = rig.client.workspaceChanges;
  const route = "/api/v2/workspaces/{workspace}/builds";
  rig.fake.faults.add({ method: "POST", route, action: { do: "loseAnswer" } });
  assert.equal(mayHaveHappened(await failure(build(workspace.id, { transition: "stop" }))), true);
  assert.equal((await rig.client.workspaces.get(workspace.id)).latest_build.build_number, 2);
  rig.fake.faults.add({ method: "POST", route, action: { do: "body", body: "{}" } });
  endBuild(rig.fake.state, workspace);
  assert.equal(mayHaveHappened(await failure(build(workspace.id, { transition: "start" }))), true);
  assert.equal(mayHaveHappened(await failure(build("..", { transition: "stop" }))), false);
});
