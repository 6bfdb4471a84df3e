import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { addTemplate, addVersion } from "../../tests/fake-coder/mod.ts";

Deno.test("templates are listed, deprecated ones on demand", async () => {
  await using rig = await startClientRig();
  addTemplate(rig.fake.state, "docker");
  addTemplate(rig.fake.state, "old", { deprecated: true, deprecation_message: "use docker" });
  assert.deepEqual((await rig.client.templates.list()).map(({ name }) => name), ["docker"]);
  const [old] = await rig.client.templates.list({ q: "deprecated:true" });
  assert.equal(old?.deprecation_message, "use docker");
});

Deno.test("a template is found by id, and by name in its organization", async () => {
  await using rig = await startClientRig();
  const { id } = addTemplate(rig.fake.state, "docker");
  assert.equal((await rig.client.templates.get(id)).name, "docker");
  assert.equal((await rig.client.templates.find("default", "Docker"))?.id, id);
  assert.equal(await rig.client.templates.find("default", "podman"), undefined);
});

Deno.test("a deployment without templates has an empty list", async () => {
  await using rig = await startClientRig();
  assert.deepEqual(await rig.client.templates.list(), []);
});

Deno.test("templates that cannot be read are left out, and counted", async () => {
  await using rig = await startClientRig();
  addTemplate(rig.fake.state, "docker");
  addTemplate(rig.fake.state, "broken", { active_version_id: 7 });
  const { templates, problems } = await rig.client.templates.readable();
  assert.deepEqual(templates.map(({ name }) => name), ["docker"]);
  assert.match(problems.join(), /^\[[0-9a-f-]{36}\]\.active_version_id: expected/);
});

Deno.test("the source of a version comes byte for byte", async () => {
  await using rig = await startClientRig();
  const template = addTemplate(rig.fake.state, "docker");
  const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
  const version = await rig.client.templates.version(addVersion(rig.fake.state, template, bytes));
  assert.equal(version.template_id, template.id);
  assert.deepEqual(await rig.client.templates.file(version.job.file_id), bytes);
});

Deno.test("a source that is not there is not found", async () => {
  await using rig = await startClientRig();
  assert.equal((await failure(rig.client.templates.file(crypto.randomUUID()))).kind, "notFound");
});

Deno.test("versions of a template are listed, the oldest first, archived ones on demand", async () => {
  await using rig = await startClientRig();
  const template = addTemplate(rig.fake.state, "docker");
  const other = addTemplate(rig.fake.state, "podman");
  const first = addVersion(rig.fake.state, template, new Uint8Array());
  addVersion(rig.fake.state, other, new Uint8Array());
  const second = addVersion(rig.fake.state, template, new Uint8Array());
  rig.fake.state.templateVersions.find(({ id }) => id === first)!["archived"] = true;
  rig.fake.state.templateVersions.find(({ id }) => id === second)!["created_by"] = { username: "ann" };
  const { templates } = rig.client;
  assert.deepEqual(
    (await templates.versions(template.id)).map(({ id, created_by }) => [id, created_by?.username]),
    [[second, "ann"]],
  );
  assert.deepEqual((await templates.versions(template.id, { archived: true })).map(({ id }) => id), [
    first,
    second,
  ]);
  assert.equal((await failure(templates.versions(crypto.randomUUID()))).kind, "notFound");
});
