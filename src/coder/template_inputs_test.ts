import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { addTemplate, addVersion } from "../../tests/fake-coder/mod.ts";
import { CoderApiError } from "./errors.ts";
import { presetSchema, templateParameterSchema } from "./template_inputs.ts";

Deno.test("a version tells its parameters and presets", async () => {
  await using rig = await startClientRig();
  const { state } = rig.fake;
  const version = addVersion(state, addTemplate(state, "docker"), new Uint8Array());
  const { templateInputs } = rig.client;
  assert.deepEqual(await templateInputs.parameters(version), []);
  assert.deepEqual(await templateInputs.presets(version), []);
  const id = crypto.randomUUID();
  state.versionInputs.set(version, {
    parameters: [{
      name: "size",
      type: "string",
      mutable: true,
      required: false,
      default_value: "m",
      options: [{ name: "Medium", value: "m" }],
    }],
    presets: [{ ID: id, Name: "large", Parameters: [{ Name: "size", Value: "l" }] }],
  });
  const [size] = await templateInputs.parameters(version);
  assert.deepEqual(
    [size?.name, size?.default_value, size?.options, size?.ephemeral],
    ["size", "m", [{ name: "Medium", value: "m" }], false],
  );
  assert.deepEqual(await templateInputs.presets(version), [
    { id, name: "large", parameters: [{ name: "size", value: "l" }], isDefault: false },
  ]);
});

Deno.test("a version that is still imported has no parameters yet", async () => {
  await using rig = await startClientRig();
  const { state } = rig.fake;
  const version = addVersion(state, addTemplate(state, "docker"), new Uint8Array());
  state.templateVersions[0]!["job"] = { status: "running" };
  const { templateInputs } = rig.client;
  for (const call of [templateInputs.parameters(version), templateInputs.presets(version)]) {
    const error = await failure(call);
    assert.ok(error instanceof CoderApiError);
    assert.equal(error.status, 425);
  }
  assert.equal((await failure(templateInputs.parameters(crypto.randomUUID()))).kind, "notFound");
});

Deno.test("a dry run is begun, followed to its end, and says what it would make", async () => {
  await using rig = await startClientRig();
  const { state } = rig.fake;
  const version = addVersion(state, addTemplate(state, "docker"), new Uint8Array());
  const { templateInputs } = rig.client;
  const plan = { workspaceName: "dev", parameters: [{ name: "size", value: "m" }] };
  const { id, status } = await templateInputs.dryRun(version, plan);
  assert.equal(status, "pending");
  assert.equal((await failure(templateInputs.dryRunResources(version, id))).kind, "conflict");
  state.dryRuns[0]!["status"] = "succeeded";
  assert.equal((await templateInputs.dryRunState(version, id)).status, "succeeded");
  assert.deepEqual(await templateInputs.dryRunResources(version, id), [
    { type: "terraform_data", name: "workspace" },
  ]);
  assert.equal((await failure(templateInputs.cancelDryRun(version, id))).kind, "invalid");
});

Deno.test("a dry run that nobody waits for is cancelled", async () => {
  await using rig = await startClientRig();
  const { state } = rig.fake;
  const version = addVersion(state, addTemplate(state, "docker"), new Uint8Array());
  const { templateInputs } = rig.client;
  const { id } = await templateInputs.dryRun(version, { workspaceName: "dev", parameters: [] });
  await templateInputs.cancelDryRun(version, id);
  assert.equal((await templateInputs.dryRunState(version, id)).status, "canceled");
  assert.equal(
    (await failure(templateInputs.dryRunState(version, crypto.randomUUID()))).kind,
    "notFound",
  );
  state.templateVersions[0]!["job"] = { status: "running" };
  const early = templateInputs.dryRun(version, { workspaceName: "dev", parameters: [] });
  assert.equal((await failure(early)).kind, "conflict");
});

Deno.test("parameters and presets without what can be left out are read", () => {
  const parameter = templateParameterSchema.parse({ name: "size" });
  assert.deepEqual([parameter.options, parameter.mutable, parameter.validation_min], [[], false, undefined]);
  const id = crypto.randomUUID();
  assert.deepEqual(presetSchema.parse({ ID: id, Name: "p", Parameters: null }).parameters, []);
  assert.equal(presetSchema.safeParse({ id, name: "p" }).success, false);
});
