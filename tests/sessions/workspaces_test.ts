/** Sessions in Coder workspaces: real agents of a real Coder, the coordinator as a process, official MCP clients. */
import assert from "node:assert/strict";
import { agentTemplate, type Coderd, sharedCoderd, uniqueName } from "../coder/mod.ts";
import { CLIENT_1, LATEST } from "../mcp/clients.ts";
import { type Answer, ask, refuses } from "./ask.ts";
import { coderUser, startCoderCoordinator } from "./coder_rig.ts";
import { toolsSuite } from "./tools_suite.ts";

/** A second agent, which nothing runs. */
const SECOND_AGENT = `
resource "coder_agent" "gpu" {
  arch = data.coder_provisioner.me.arch
  os   = data.coder_provisioner.me.os
}

resource "terraform_data" "gpu" {
  input = coder_agent.gpu.id
}`;

/** A workspace of somebody whose agent is there. */
async function runningWorkspace(coderd: Coderd, template: { readonly id: string }, user: string) {
  const workspace = await coderd.createWorkspace({ template, user, name: uniqueName("ws") });
  await coderd.waitForAgents(workspace.id);
  return workspace;
}

Deno.test("sessions in workspaces, by the tools that sandboxes have", async (t) => {
  const coderd = await sharedCoderd();
  const template = await coderd.createTemplate({ files: agentTemplate() });
  const [ann, bob] = await Promise.all(["ann", "bob"].map((name) => coderUser(coderd, name)));
  const dev = await runningWorkspace(coderd, template, ann!.username);
  await using rig = await startCoderCoordinator(coderd);
  await using asAnn = await rig.client(ann!.token);
  await using asBob = await rig.client(bob!.token, CLIENT_1);

  const made = await ask(asAnn, "session.create", { name: "box", workspace: dev.name, files: "scratch" });
  assert.deepEqual([made["workspace"], made["files"], made["isolation"], made["state"], made["worker"]], [
    `${ann!.username}/${dev.name}.main`,
    "scratch",
    "workspace",
    "ready",
    "workspaces",
  ]);

  await toolsSuite(t, {
    client: asAnn,
    session: "box",
    directory: /\/\.coder-k8s\/sessions\/sess-[a-z0-9]{16}(\/|$)/,
    user: /^\d+$/,
    hasPython: true,
    hasPytest: false,
  });

  await t.step("people's own files are where they left them, and stay when the session ends", async () => {
    const home = { session: "home" };
    await ask(asAnn, "session.create", { name: "home", workspace: dev.id });
    await ask(asAnn, "fs.write", { ...home, path: "notes.txt", contents: "mine\n" });
    const { stdout } = await ask(asAnn, "run.command", { ...home, command: "cat ~/notes.txt" });
    assert.equal(stdout, "mine\n");
    const { checkpoint } = await ask(asAnn, "session.checkpoint", { session: "box" });
    assert.match(
      await refuses(asAnn, "session.restore", { ...home, checkpoint }),
      /files of workspace .* not to be replaced as a whole/,
    );
    assert.match(
      await refuses(asAnn, "session.create", { workspace: dev.name, checkpoint }),
      /give files: scratch/,
    );
    await ask(asAnn, "session.close", home);
    await ask(asAnn, "session.create", { name: "home", workspace: dev.name, directory: "/" });
    const again = await ask(asAnn, "run.command", { ...home, command: "pwd; cat ~/notes.txt" });
    assert.equal(again["stdout"], "/\nmine\n");
    await ask(asAnn, "session.close", home);
  });

  await t.step("a scratch directory is gone with its session", async () => {
    const { stdout } = await ask(asAnn, "run.command", { session: "box", command: "pwd" });
    const directory = String(stdout).trim();
    await ask(asAnn, "session.close", { session: "box" });
    await ask(asAnn, "session.create", { name: "look", workspace: dev.name });
    const look = await ask(asAnn, "run.command", { session: "look", command: `ls ${directory}` });
    assert.notEqual(look["exitCode"], 0);
  });

  await t.step(
    "another's workspace is no place for a session, and neither is another's session",
    async () => {
      const other = await refuses(asBob, "session.create", { workspace: `${ann!.username}/${dev.name}` });
      assert.match(other, /there is no workspace .* that you .* may see/);
      assert.match(await refuses(asBob, "session.create", { workspace: dev.id }), /there is no workspace/);
      assert.match(await refuses(asBob, "run.command", { session: "look", command: "true" }), /no session/);
      assert.deepEqual((await ask(asBob, "session.list"))["sessions"], []);
    },
  );

  await t.step("on record is the workspace that a call was for, and nothing of what was in it", () => {
    const records = rig.coordinator.lines.filter((line) => line.includes('"tools/call"'));
    assert.ok(records.some((line) => line.includes(`${ann!.username}/${dev.name}.main`)));
    for (const secret of [ann!.token, bob!.token, "bonjour"]) {
      assert.ok(!rig.coordinator.lines.some((line) => line.includes(secret)));
    }
  });
});

Deno.test("workspaces that do not run are started for sessions, where somebody says so", async (t) => {
  const coderd = await sharedCoderd();
  const template = await coderd.createTemplate({ files: agentTemplate() });
  const ann = await coderUser(coderd, "ann");
  const [first, second] = await Promise.all(
    [1, 2].map(() => runningWorkspace(coderd, template, ann.username)),
  );
  await Promise.all([first, second].map(({ id } = first!) => coderd.buildWorkspace(id, "stop")));
  await using rig = await startCoderCoordinator(coderd);
  await using client = await rig.client(ann.token);
  const builds = async (id: string) => (await coderd.workspace(id)).latest_build.build_number as number;

  await t.step("not without being told to", async () => {
    const before = await builds(first!.id);
    for (const start of [{}, { start: false }]) {
      const refusal = await refuses(client, "session.create", { workspace: first!.name, ...start });
      assert.match(refusal, /is stopped: nothing was done\. Ask again with start: true/);
    }
    assert.equal(await builds(first!.id), before);
    assert.deepEqual((await ask(client, "session.list", { ended: true }))["sessions"], []);
  });

  await t.step("with start, once, and step by step to be seen", async () => {
    const before = await builds(first!.id);
    const told: string[] = [];
    const answer = await client.call("session.create", { name: "box", workspace: first!.name, start: true }, {
      onProgress: ({ message }) => told.push(message ?? ""),
    });
    assert.equal(answer.isError, false, answer.text);
    assert.equal(await builds(first!.id), before + 1);
    assert.equal(told[0], "the workspace is started");
    assert.ok(told.some((text) => /being started|agent main connects/.test(text)), told.join("\n"));
    const { stdout } = await ask(client, "run.command", { session: "box", command: "echo up" });
    assert.equal(stdout, "up\n");
  });

  await t.step(
    "the person is asked where that is possible, and nothing is started where they say no",
    async () => {
      const questions: string[] = [];
      let says: "accept" | "decline" = "decline";
      await using asked = await LATEST.connect({ url: `${rig.url}/mcp`, token: ann.token }, {
        elicit(message) {
          questions.push(message);
          return says;
        },
      });
      const before = await builds(second!.id);
      const args = { name: "asked", workspace: second!.name };
      assert.match(await refuses(asked, "session.create", args), /declined/);
      assert.equal(await builds(second!.id), before);
      says = "accept";
      const { workspace } = await ask(asked, "session.create", args);
      assert.equal(workspace, `${ann.username}/${second!.name}.main`);
      assert.equal(await builds(second!.id), before + 1);
      assert.deepEqual(
        questions,
        [1, 2].map(() => `Workspace ${ann.username}/${second!.name} is stopped. Start it?`),
      );
    },
  );

  await t.step("a session outlives a stop of its workspace, with its files", async () => {
    await ask(client, "fs.write", { session: "box", path: "kept.txt", contents: "kept\n" });
    await coderd.buildWorkspace(first!.id, "stop");
    // What Coder has said is believed for a while; what works in the workspace is gone at once.
    assert.match(
      await refuses(client, "run.command", { session: "box", command: "true" }),
      /is stopped|not known|nothing was done/,
    );
    await coderd.buildWorkspace(first!.id, "start");
    await coderd.waitForAgents(first!.id);
    const { content } = await ask(client, "fs.read", { session: "box", path: "kept.txt" });
    assert.equal(content, "kept\n");
  });
});

Deno.test("agents are named where there are several; a workspace that is deleted takes its sessions along", async (t) => {
  const coderd = await sharedCoderd();
  const template = await coderd.createTemplate({ files: agentTemplate({ more: SECOND_AGENT }) });
  const ann = await coderUser(coderd, "ann");
  const { id, name } = await coderd.createWorkspace({ template, user: ann.username, name: uniqueName("ws") });
  await using rig = await startCoderCoordinator(coderd);
  await using client = await rig.client(ann.token);

  await t.step("which one is for the caller to say", async () => {
    const refusal = await refuses(client, "session.create", { workspace: name });
    assert.match(refusal, /has several agents: name one of gpu, main/);
    assert.match(await refuses(client, "session.create", { workspace: `${name}.cpu` }), /no agent "cpu"/);
    const { workspace } = await ask(client, "session.create", { name: "box", workspace: `${name}.main` });
    assert.equal(workspace, `${ann.username}/${name}.main`);
    assert.equal(
      (await ask(client, "run.command", { session: "box", command: "echo hi" }))["stdout"],
      "hi\n",
    );
  });

  await t.step("where Coder says that the workspace is gone, its session has failed", async () => {
    await coderd.buildWorkspace(id, "delete");
    const said = await refuses(client, "run.command", { session: "box", command: "true" });
    assert.match(said, /was deleted|nothing was done|not known/);
    const { sessions } = await ask(client, "session.list", { ended: true }) as { sessions: Answer[] };
    assert.equal(sessions.length, 1);
    assert.match(
      await refuses(client, "session.create", { name: "two", workspace: name }),
      /have no workspace/,
    );
  });
});
