import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { addWorkspace } from "../../tests/fake-coder/mod.ts";

Deno.test("the configuration shows by which environment a deployment runs", async () => {
  await using rig = await startClientRig();
  rig.fake.state.environment.set("CODER_ACCESS_URL", "https://coder.example.com");
  rig.fake.state.environment.set("CODER_API_RATE_LIMIT", 512);
  // Secrets come without a value.
  rig.fake.state.environment.set("CODER_PG_CONNECTION_URL", undefined);
  const { options } = await rig.client.deployment.config();
  assert.deepEqual(options.map(({ env, value }) => [env, value]), [
    ["CODER_ACCESS_URL", "https://coder.example.com"],
    ["CODER_API_RATE_LIMIT", 512],
    ["CODER_PG_CONNECTION_URL", undefined],
  ]);
});

Deno.test("the figures count workspaces by state", async () => {
  await using rig = await startClientRig();
  addWorkspace(rig.fake.state, rig.owner, "a");
  addWorkspace(rig.fake.state, rig.owner, "b");
  const stats = await rig.client.deployment.stats();
  assert.equal(stats.workspaces.running, 2);
  assert.equal(stats.session_count.ssh, 0);
});

Deno.test("both are the business of owners", async () => {
  await using rig = await startClientRig();
  const member = rig.memberClient();
  assert.equal((await failure(member.deployment.config())).kind, "forbidden");
  assert.equal((await failure(member.deployment.stats())).kind, "forbidden");
});

Deno.test("the wildcard host of apps is told to everybody, and empty where there is none", async () => {
  await using rig = await startClientRig();
  assert.equal(await rig.client.deployment.appsHost(), "");
  rig.fake.state.environment.set("CODER_WILDCARD_ACCESS_URL", "*.apps.example.com");
  assert.equal(await rig.memberClient().deployment.appsHost(), "*.apps.example.com");
});
