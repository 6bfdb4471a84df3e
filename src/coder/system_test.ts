import assert from "node:assert/strict";
import { startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { buildInfoSchema } from "./system.ts";

Deno.test("the version and the access URL are known without a token", async () => {
  await using rig = await startClientRig({ version: "v2.31.4" });
  rig.fake.state.environment.set("CODER_ACCESS_URL", "https://coder.example.com");
  const info = await rig.clientWith(undefined).system.buildInfo();
  assert.equal(info.version, "v2.31.4");
  assert.equal(info.dashboard_url, "https://coder.example.com");
  assert.equal(info.deployment_id, rig.fake.state.deploymentId);
});

Deno.test("a base path is in front of every route, the root ones too", async () => {
  await using rig = await startClientRig({ basePath: "/teams/a" });
  assert.equal(await rig.client.system.isAlive(), true);
  assert.equal((await rig.client.users.me()).username, "admin");
  assert.ok(rig.client.address.endsWith("/teams/a"));
});

Deno.test("no token is sent to where none is needed", async () => {
  await using rig = await startClientRig();
  await rig.client.system.buildInfo();
  await rig.client.system.isAlive();
  await rig.client.users.hasFirst();
  await rig.client.users.authMethods();
  assert.deepEqual(rig.fake.requests.map(({ tokenId }) => tokenId), [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("older and newer versions of the answer are understood", () => {
  const oldest = buildInfoSchema.parse({ version: "v2.0.0" });
  assert.equal(oldest.deployment_id, "");
  assert.equal(oldest.workspace_proxy, false);
  assert.equal(buildInfoSchema.parse({ version: "v9", brand_new: { a: 1 } }).version, "v9");
  assert.equal(buildInfoSchema.safeParse({ version: "" }).success, false);
  assert.equal(buildInfoSchema.safeParse({}).success, false);
});
