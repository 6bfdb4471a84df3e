import assert from "node:assert/strict";
import { startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { addTemplate } from "../../tests/fake-coder/mod.ts";

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
