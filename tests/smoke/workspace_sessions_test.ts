/** Sessions in a Coder workspace and the page, with a shared store: from source, and by the compiled binary in CI. */
import assert from "node:assert/strict";
import { agentTemplate, startDeployment } from "../coder/mod.ts";
import { startRedis } from "../redis/server.ts";
import { ask } from "../sessions/ask.ts";
import { coderUser, startCoderCoordinator } from "../sessions/coder_rig.ts";

Deno.test("a coordinator with a Coder and a Redis: files and commands in a workspace, and what people watch", async () => {
  const binary = Deno.env.get("CODER_K8S_BINARY") || undefined;
  await using redis = await startRedis({ password: "hunter2" });
  await using deployment = await startDeployment();
  const { coderd } = deployment;
  const template = await coderd.createTemplate({ files: agentTemplate() });
  const ann = await coderUser(coderd, "ann");
  const dev = await coderd.createWorkspace({ template, user: ann.username });
  await coderd.waitForAgents(dev.id);
  const password = await Deno.makeTempFile();
  await Deno.writeTextFile(password, "hunter2");
  await using rig = await startCoderCoordinator(coderd, {
    binary,
    args: [`--session-store=${redis.url}`, `--session-store-password-file=${password}`],
  });
  await using client = await rig.client(ann.token);
  const session = "box";
  await ask(client, "session.create", { name: session, workspace: dev.name, files: "scratch" });
  await ask(client, "fs.write", { session, path: "a.sh", contents: "echo $((6 * 7))\n" });
  const run = await ask(client, "run.command", { session, command: "sh a.sh" });
  assert.deepEqual([run["stdout"], run["exitCode"]], ["42\n", 0]);

  const page = await rig.get("/ui/", "");
  assert.equal(page.status, 200);
  assert.match(page.text, /<title>/);
  assert.doesNotMatch(page.text, new RegExp(dev.name));
  await ask(client, "session.close", { session });
  await Deno.remove(password);
});
