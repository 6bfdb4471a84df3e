/** Templates, workspaces and agents on the coderd that all tests share. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { waitFor } from "../cluster/mod.ts";
import { runningPid } from "../cluster/processes.ts";
import { programVersion } from "./program_version.ts";
import { waitForAgents, waitForBuild } from "./workspaces.ts";
import { agentTemplate, brokenTemplate, JobError, plainTemplate, sharedCoderd, uniqueName } from "./mod.ts";

Deno.test("a template of built-in resources is imported, and a workspace of it runs, stops and is deleted", async () => {
  const coderd = await sharedCoderd();
  const { token, username } = await coderd.firstUser();
  const name = uniqueName("plain");
  const template = await coderd.createTemplate({
    name,
    files: plainTemplate(),
    fields: { display_name: "X" },
  });
  assert.deepEqual([template.name, template.display_name], [name, "X"]);
  const workspace = await coderd.createWorkspace({ template, fields: { ttl_ms: 3_600_000 } });
  assert.equal(workspace.latest_build.status, "running");
  assert.equal(workspace.owner_name, username);
  assert.equal(workspace.ttl_ms, 3_600_000);
  assert.equal((await coderd.buildWorkspace(workspace.id, "stop")).status, "stopped");
  await coderd.buildWorkspace(workspace.id, "delete");
  assert.equal((await coderd.send("GET", `/api/v2/workspaces/${workspace.id}`, { token })).status, 410);
});

Deno.test("a version is imported without being made active", async () => {
  const coderd = await sharedCoderd();
  const template = await coderd.createTemplate({ files: plainTemplate() });
  const version = await coderd.importVersion({ files: plainTemplate({ seconds: 1 }), template });
  const { token } = await coderd.firstUser();
  const now = await coderd.request("GET", `/api/v2/templates/${template.id}`, { token });
  assert.notEqual(now.active_version_id, version);
  const found = await coderd.request("GET", `/api/v2/templateversions/${version}`, { token });
  assert.equal(found.template_id, template.id);
});

Deno.test("a workspace that is not waited for is pending or on its way", async () => {
  const coderd = await sharedCoderd();
  const template = await coderd.createTemplate({ files: plainTemplate() });
  const workspace = await coderd.createWorkspace({ template, noWait: true });
  assert.match(workspace.latest_build.status, /^(pending|starting)$/);
  const build = await coderd.waitForBuild(workspace.latest_build.id);
  assert.equal(build.status, "running");
});

Deno.test("an import and a build that fail are errors with what Terraform said", async () => {
  const coderd = await sharedCoderd();
  await assert.rejects(
    coderd.createTemplate({ files: brokenTemplate() }),
    (error) => error instanceof JobError && error.job.status === "failed" && /main\.tf/.test(error.message),
  );
  const files = {
    "main.tf": 'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n' +
      '    command = "echo will not do; exit 7"\n  }\n}\n',
  };
  const template = await coderd.createTemplate({ files });
  await assert.rejects(
    coderd.createWorkspace({ template }),
    (error) => error instanceof JobError && /exit status 7/.test(error.message),
  );
});

Deno.test("a wait ends at its deadline and says what it has seen", async () => {
  // A real build could be done before the first look.
  const coderd = {
    request: () => Promise.resolve({ job: { status: "running" }, latest_build: { resources: [] } }),
    firstUser: () => Promise.reject(new Error("a token is given")),
  };
  const options = { token: "t", timeoutMs: 1 };
  await assert.rejects(waitForBuild(coderd, "b", options), /workspace build b.*its job is running/);
  await assert.rejects(waitForAgents(coderd, "w", options), /the agents of workspace w.*agents: \[\]/);
});

Deno.test("an agent connects, is started anew by another build, and ends with its workspace", async () => {
  const coderd = await sharedCoderd();
  const version = coderd.state.tools.providerVersion;
  const template = await coderd.createTemplate({ files: agentTemplate({ providerVersion: version }) });
  const workspace = await coderd.createWorkspace({ template });
  const [agent] = await coderd.waitForAgents(workspace.id);
  assert.equal(agent.version, await programVersion(coderd));
  const pid = await runningPid(coderd.dir, `agent-${workspace.id}`);
  assert.ok(pid);

  await coderd.buildWorkspace(workspace.id, "start");
  await coderd.waitForAgents(workspace.id);
  assert.notEqual(await runningPid(coderd.dir, `agent-${workspace.id}`), pid);

  await coderd.buildWorkspace(workspace.id, "stop");
  await waitFor(async () => await runningPid(coderd.dir, `agent-${workspace.id}`) === undefined, {
    what: "the agent to end",
  });
});

Deno.test("a command runs in the workspace through its agent", async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  const more = 'output "unused" {\n  value = coder_agent.main.id\n}\n';
  const template = await coderd.createTemplate({ files: agentTemplate({ more }) });
  const workspace = await coderd.createWorkspace({ template });
  const [agent] = await coderd.waitForAgents(workspace.id);
  const base = `${coderd.url.replace("http", "ws")}/api/v2/workspaceagents/${agent.id}/pty`;
  // coderd calls an agent connected a moment before it finds the way to it.
  const said = await waitFor(() =>
    new Promise<string>((resolve) => {
      const query = new URLSearchParams({
        reconnect: crypto.randomUUID(),
        command: "echo home=$HOME",
        width: "200",
        height: "24",
      });
      const socket = new WebSocket(`${base}?${query}`, { headers: { "coder-session-token": token } });
      socket.binaryType = "arraybuffer";
      let text = "";
      socket.onmessage = ({ data }) => text += new TextDecoder().decode(data);
      // Before 2.30 it ends with an error, also where all has come.
      socket.onclose = () => resolve(text);
    }), { what: "the terminal to open" });
  assert.match(said, new RegExp(`home=${join(coderd.dir, "agents", `agent-${workspace.id}`)}`));
  await coderd.buildWorkspace(workspace.id, "delete");
  await waitFor(async () => await runningPid(coderd.dir, `agent-${workspace.id}`) === undefined, {
    what: "the agent to end",
  });
});
