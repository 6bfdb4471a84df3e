import assert from "node:assert/strict";
import { addTemplate, addWorkspace, startFakeCoder } from "../fake-coder/mod.ts";
import { startAppRig } from "./app_rig.ts";

Deno.test("the product serves the workspaces and templates of a control plane through the API server", async () => {
  await using fake = await startFakeCoder();
  const { token, user } = fake.state.addOwner();
  addTemplate(fake.state, "docker");
  addWorkspace(fake.state, user, "dev");
  await using rig = await startAppRig({ coders: { "lab/coder": { url: fake.url, token } } });
  assert.deepEqual(await rig.names("coderworkspaces"), ["coder.admin.dev"]);
  assert.deepEqual(await rig.names("codertemplates", "lab"), ["coder.docker"]);
  const { stdout } = await rig.cluster.kubectl(["get", "cws", "-n", "lab"]);
  assert.match(
    stdout,
    /^NAME +ORGANIZATION +OWNER +TEMPLATE +STATUS .*\ncoder\.admin\.dev +coder +admin +docker +running /,
  );
  assert.equal(rig.replica.process.lines.join("\n").includes(token), false);
});
