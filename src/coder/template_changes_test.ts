import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import {
  addLogLine,
  addTemplate,
  addVersion,
  addWorkspace,
  beginImport,
  endImport,
} from "../../tests/fake-coder/mod.ts";
import type { BodySource } from "./transport.ts";

const source = (): BodySource => {
  const bytes = new TextEncoder().encode("an archive");
  return { size: bytes.length, chunks: () => [bytes] };
};

Deno.test("bytes arrive as they are sent, in pieces of any size", async () => {
  await using rig = await startClientRig();
  const pieces = [1, 70_000, 0, 3_000_000].map((size, index) => new Uint8Array(size).fill(200 + index));
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  const file = await rig.client.templateChanges.upload({ size, chunks: () => pieces });
  const stored = rig.fake.state.files.get(file);
  assert.deepEqual([stored?.length, stored?.at(0), stored?.at(1), stored?.at(-1)], [size, 200, 201, 203]);
  assert.equal(await rig.client.templateChanges.upload({ size, chunks: () => pieces }), file);
});

Deno.test("an upload whose source fails is a failure, not a shorter file", async () => {
  await using rig = await startClientRig();
  const broken: BodySource = {
    size: 1_000,
    *chunks() {
      yield new Uint8Array(10);
      throw new Error("the disk is gone");
    },
  };
  const error = await failure(rig.client.templateChanges.upload(broken, { timeoutMs: 2_000 }));
  assert.equal(error.kind, "unavailable");
  assert.equal(rig.fake.state.files.size, 0);
});

Deno.test("a zip archive is sent as one, and too much is refused in Coder's words", async () => {
  await using rig = await startClientRig();
  await rig.client.templateChanges.upload(source(), { type: "zip" });
  const large = new Uint8Array(1 << 20);
  const error = await failure(rig.client.templateChanges.upload({
    size: 101 << 20,
    *chunks() {
      for (let index = 0; index < 101; index++) yield large;
    },
  }));
  assert.equal(error.kind, "invalid");
  assert.match(error.message, /request body too large/);
});

Deno.test("a version is imported, named once, found by its name and cancelled", async () => {
  await using rig = await startClientRig();
  const { client, fake: { state } } = rig;
  const template = addTemplate(state, "docker");
  const fileId = await client.templateChanges.upload(source());
  const version = { templateId: template.id, fileId, name: "one", message: "first", tags: { arch: "arm" } };
  const made = await client.templateChanges.createVersion("default", {
    ...version,
    variables: [{ name: "token", value: "a-secret-value" }],
  });
  assert.deepEqual([made.job.status, made.job.file_id, made.message], ["pending", fileId, "first"]);
  assert.equal((await failure(client.templateChanges.createVersion("default", version))).kind, "conflict");
  assert.equal((await client.templates.versionNamed(template.id, "one"))?.id, made.id);
  assert.equal(await client.templates.versionNamed(template.id, "One"), undefined);
  assert.deepEqual((await client.templates.variables(made.id)).map(({ name }) => name), ["token"]);
  await client.templateChanges.cancelVersion(made.id);
  assert.equal((await client.templates.version(made.id)).job.status, "canceled");
  assert.equal((await failure(client.templateChanges.cancelVersion(made.id))).kind, "invalid");
  addLogLine(state, made.id, "Planning", "x");
  assert.equal((await client.builds.versionLog(made.id)).items.length, 1);
});

Deno.test("only what was imported is promoted", async () => {
  await using rig = await startClientRig();
  const { client, fake: { state } } = rig;
  const template = addTemplate(state, "docker");
  const fileId = await client.templateChanges.upload(source());
  const { id } = await client.templateChanges.createVersion("default", { templateId: template.id, fileId });
  beginImport(state, id);
  assert.equal((await failure(client.templateChanges.promote(template.id, id))).kind, "forbidden");
  endImport(state, id);
  await client.templateChanges.promote(template.id, id);
  await client.templateChanges.promote(template.id, id);
  assert.equal((await client.templateChanges.get(template.id)).active_version_id, id);
});

Deno.test("a template is made of a version, changed, and deleted when nobody uses it", async () => {
  await using rig = await startClientRig();
  const { client: { templateChanges }, fake: { state } } = rig;
  const fileId = await templateChanges.upload(source());
  const { id } = await templateChanges.createVersion("default", { fileId });
  const template = await templateChanges.create("default", {
    name: "made",
    template_version_id: id,
    default_ttl_ms: 7,
  });
  assert.deepEqual([template.active_version_id, template.default_ttl_ms, template.activity_bump_ms], [
    id,
    7,
    3_600_000,
  ]);
  assert.equal(
    (await failure(templateChanges.create("default", { name: "Made", template_version_id: id }))).kind,
    "conflict",
  );
  const { name, display_name, icon } = template;
  const patch = {
    name,
    display_name,
    icon,
    description: "new",
    default_ttl_ms: 8,
    activity_bump_ms: 0,
    allow_user_cancel_workspace_jobs: true,
    allow_user_autostart: true,
    allow_user_autostop: true,
    failure_ttl_ms: 0,
    time_til_dormant_ms: 0,
    time_til_dormant_autodelete_ms: 0,
    require_active_version: false,
  };
  assert.equal((await templateChanges.update(template.id, patch))?.description, "new");
  assert.equal(await templateChanges.update(template.id, patch), undefined);
  assert.equal(
    (await failure(templateChanges.update(template.id, { ...patch, description: "x".repeat(200) }))).kind,
    "unavailable",
  );
  const [owner] = state.users.values();
  assert.ok(owner);
  const workspace = addWorkspace(state, owner, "w", { template_id: template.id });
  const refused = await failure(templateChanges.delete(template.id));
  assert.deepEqual([refused.kind, /All workspaces must be deleted/.test(refused.message)], ["invalid", true]);
  Object.assign(workspace, { deleted: true });
  await templateChanges.delete(template.id);
  assert.equal((await failure(templateChanges.get(template.id))).kind, "notFound");
});

Deno.test("a version tells why its import failed", async () => {
  await using rig = await startClientRig();
  const version = addVersion(rig.fake.state, addTemplate(rig.fake.state, "docker"), new Uint8Array());
  endImport(rig.fake.state, version, "terraform plan: exit status 1");
  const { job } = await rig.client.templates.version(version);
  assert.deepEqual([job.status, job.error], ["failed", "terraform plan: exit status 1"]);
});
