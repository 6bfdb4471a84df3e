/** Workers in Coder workspaces: the example template at a real Coder, with real agents. */
import assert from "node:assert/strict";
import { agentTemplate, type Coderd, startDeployment } from "../coder/mod.ts";
import { waitFor } from "../cluster/wait.ts";
import { createWorkerClient } from "../../src/sessions/wire/client.ts";
import { mintWorkerToken, parseWorkerKeys } from "../../src/sessions/wire/worker_tokens.ts";
import { WireError } from "../../src/sessions/wire/wire_error.ts";
import { workspaceToken } from "../../src/sessions/wire/workspace_token.ts";
import { MockExecutor } from "../../src/sessions/testing/mock_executor.ts";
import { mockHello } from "../../src/sessions/testing/mock_worker.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { type Answer, ask, refuses } from "./ask.ts";
import {
  type CoderCoordinator,
  coderToken,
  coderUser,
  startCoderCoordinator,
  WORKER_KEY,
} from "./coder_rig.ts";
import { toolsSuite } from "./tools_suite.ts";
import { sessionTokenOf, workerTemplate } from "./workspace_template.ts";

/** The worker of a workspace as the coordinator has it; undefined: there is none. */
async function workerOf(
  rig: CoderCoordinator,
  admin: string,
  workspace: string,
): Promise<Answer | undefined> {
  const { workers } = JSON.parse((await rig.get("/debug/sessions", admin)).text) as { workers: Answer[] };
  return workers.find(({ id }) => id === `ws-${workspace}`);
}

/** As a worker in `workspace` that shows this session token; tries again where there was no answer in time. */
async function enter(rig: CoderCoordinator, workspaceId: string, sessionToken: string): Promise<string> {
  const token = workspaceToken({
    url: rig.workersUrl!,
    workspaceId,
    sessionToken: () => sessionToken,
    keepSecret() {},
    log: silentLogger,
  });
  for (let attempt = 0;; attempt++) {
    try {
      return await token();
    } catch (error) {
      const isLate = error instanceof WireError && ["unavailable", "not_now"].includes(error.code);
      if (!isLate || attempt >= 10) throw error;
    }
  }
}

/** How a worker that comes with this token ends. */
function arrives(rig: CoderCoordinator, token: string, hello: object): Promise<void> {
  return createWorkerClient({
    url: rig.workersUrl!,
    token: () => token,
    hello: mockHello(hello),
    executor: new MockExecutor(),
    log: silentLogger,
  }).run(AbortSignal.timeout(60_000));
}

Deno.test("a workspace's worker is bound to it, by Coder's word alone", async (t) => {
  await using deployment = await startDeployment();
  const coderd: Coderd = deployment.coderd;
  const owner = await coderd.firstUser();
  const [ann, bob] = await Promise.all(["ann", "bob"].map((name) => coderUser(coderd, name)));
  await using rig = await startCoderCoordinator(coderd, { args: [`--admins=coder:${owner.id}`] });
  await using template = await workerTemplate(coderd, {
    coordinator: rig.workersUrl!,
    directory: rig.directory,
  });
  const connected = (workspace: string) =>
    waitFor(async () => {
      const worker = await workerOf(rig, owner.token, workspace);
      return worker?.["state"] === "connected" && worker;
    }, { what: `the worker of workspace ${workspace}`, timeoutMs: 120_000 });
  const workspace = await coderd.createWorkspace({ template, token: ann!.token });

  await t.step("it comes by itself when the workspace starts", async () => {
    const worker = await connected(workspace.id);
    assert.deepEqual([worker["isolation"], worker["capacity"], worker["labels"]], ["workspace", 4, {}]);
  });

  // The last one: an agent starts a worker again that could not begin.
  const pid = (await template.workers()).at(-1);
  const token = await sessionTokenOf(pid!);

  await t.step("it was started with a session token of the owner's, which nobody sees", async () => {
    const { id } = await coderd.request("GET", "/api/v2/users/me", { token });
    assert.equal(id, ann!.id);
    const log = await waitFor(async () => {
      const text = await Deno.readTextFile(
        `${coderd.dir}/agents/agent-${workspace.id}/.coder-k8s/worker.log`,
      );
      return text.includes("connected to its coordinator") && text;
    }, { what: "the worker's log" });
    for (const text of [log, rig.coordinator.lines.join("\n")]) {
      assert.ok(!text.includes(token) && !text.includes(token.slice(11)), "the token is in a log");
      assert.doesNotMatch(text, /eyJ[A-Za-z0-9_-]{10}/);
    }
  });

  await t.step("who is not its owner is not let in for it, nor anybody for what is not there", async () => {
    for (const token of [bob!.token, owner.token]) {
      await assert.rejects(enter(rig, workspace.id, token), {
        code: "permission_denied",
        message: /has no workspace/,
      });
    }
    const nowhere = crypto.randomUUID();
    await assert.rejects(enter(rig, nowhere, ann!.token), { code: "permission_denied" });
    await assert.rejects(enter(rig, workspace.id, `${ann!.token.slice(0, -3)}zzz`), {
      code: "unauthenticated",
      message: /Coder refuses the session token/,
    });
    const scoped = await coderToken(coderd, ann!.id, { scopes: ["workspace:read"] });
    await assert.rejects(enter(rig, workspace.id, scoped), { code: "permission_denied", message: /scopes/ });
  });

  await t.step("bindings that were not given are none", async () => {
    const keys = parseWorkerKeys(WORKER_KEY);
    const mint = (options: Partial<Parameters<typeof mintWorkerToken>[1]>) =>
      mintWorkerToken(keys, { workerId: "w1", ttlMs: 60_000, now: Date.now(), ...options });
    const hello = { isolation: "workspace" };
    // A worker of sandboxes that says it were in a workspace.
    await assert.rejects(arrives(rig, await mint({}), hello), { code: "invalid", message: /bound to none/ });
    const binding = { workspaceId: workspace.id, ownerId: ann!.id };
    const bound = (now: number, by = keys) => mintWorkerToken(by, { binding, ttlMs: 60_000, now });
    await assert.rejects(arrives(rig, await bound(Date.now() - 3_600_000), hello), {
      code: "unauthenticated",
      message: /has expired/,
    });
    const foreign = parseWorkerKeys("another key that somebody has made for themselves");
    await assert.rejects(arrives(rig, await bound(Date.now(), foreign), hello), { code: "unauthenticated" });
    assert.equal((await workerOf(rig, owner.token, workspace.id))?.["state"], "connected");
  });

  await using asAnn = await rig.client(ann!.token);
  await using asBob = await rig.client(bob!.token);
  const own = `ws-${workspace.id}`;

  await t.step(
    "sessions in the workspace are its worker's: all tools, where its agent has them",
    async (t) => {
      const made = await ask(asAnn, "session.create", { workspace: workspace.name, files: "scratch" });
      assert.deepEqual([made["worker"], made["isolation"]], [own, "workspace"]);
      await toolsSuite(t, {
        client: asAnn,
        session: String(made["session"]),
        directory: new RegExp(`agent-${workspace.id}/\\.coder-k8s/`),
        user: new RegExp(`^${Deno.uid()}$`),
        hasPython: true,
        hasPytest: false,
      });
      const seen = await ask(asAnn, "run.command", { session: made["session"], command: "env" });
      assert.doesNotMatch(String(seen["stdout"]), /SESSION_TOKEN|WORKER_TOKEN/);
      await ask(asAnn, "session.close", { session: made["session"] });
    },
  );

  await t.step("nobody else's are, and nothing but sessions in that workspace", async () => {
    assert.match(await refuses(asBob, "session.create", { workspace: workspace.id }), /workspace/);
    // One without a worker of its own: through its agent.
    const plain = await coderd.createTemplate({ files: agentTemplate() });
    const other = await coderd.createWorkspace({ template: plain, token: ann!.token });
    await coderd.waitForAgents(other.id);
    const made = await ask(asAnn, "session.create", { workspace: other.name, files: "scratch" });
    assert.equal(made["worker"], "workspaces");
    const where = await ask(asAnn, "run.command", { session: made["session"], command: "echo $HOME" });
    assert.match(String(where["stdout"]), new RegExp(`agent-${other.id}\n$`));
    await ask(asAnn, "session.close", { session: made["session"] });
    // A sandbox is for no worker of a workspace.
    assert.match(await refuses(asAnn, "session.create", { name: "sandbox" }), /worker/);
  });

  await t.step(
    "where the worker ends, sessions with people's own files go on through the agent",
    async () => {
      const session = "home";
      const made = await ask(asAnn, "session.create", { name: session, workspace: workspace.name });
      assert.deepEqual([made["worker"], made["files"]], [own, "workspace"]);
      await ask(asAnn, "fs.write", { session, path: "kept.txt", contents: "kept\n" });
      const { process } = await ask(asAnn, "run.command", {
        session,
        command: "echo begun; read line; echo got $line",
        interactive: true,
        waitMs: 0,
      });
      await template.endWorker(pid!);
      await waitFor(async () => await workerOf(rig, owner.token, workspace.id) === undefined, {
        what: "the worker to leave",
      });
      assert.equal((await ask(asAnn, "fs.read", { session, path: "kept.txt" }))["content"], "kept\n");
      assert.equal((await ask(asAnn, "session.get", { session }))["worker"], "workspaces");
      // The session's daemon in the workspace is the same, whoever asks it.
      await ask(asAnn, "process.input", { session, process, data: "word\n" });
      const output = await waitFor(async () => {
        const now = await ask(asAnn, "process.output", { session, process, waitMs: 1_000 });
        return now["state"] === "exited" && now;
      }, { what: "the end of the process" });
      assert.deepEqual([output["stdout"], output["exitCode"]], ["begun\ngot word\n", 0]);
      await ask(asAnn, "session.close", { session });
      const file = `${coderd.dir}/agents/agent-${workspace.id}/kept.txt`;
      assert.equal(await Deno.readTextFile(file), "kept\n", "people's files stay");
    },
  );

  await t.step("a workspace that is stopped has no worker, and its session token is no more", async () => {
    await coderd.buildWorkspace(workspace.id, "stop", { token: ann!.token });
    await assert.rejects(enter(rig, workspace.id, token), { code: "unauthenticated" });
    await assert.rejects(enter(rig, workspace.id, ann!.token), {
      code: "permission_denied",
      message: /does not run: Coder says that it is stopped/,
    });
  });

  await t.step("started again, the workspace has its worker again, with another token", async () => {
    await coderd.buildWorkspace(workspace.id, "start", { token: ann!.token });
    await connected(workspace.id);
    const now = (await template.workers()).at(-1);
    assert.notEqual(now, pid);
    assert.notEqual(await sessionTokenOf(now!), token);
  });

  await t.step("the session token may be in a file, and then no script has it", async () => {
    const file = `${rig.directory}/session-token`;
    await Deno.writeTextFile(file, ann!.token, { mode: 0o600 });
    await using other = await workerTemplate(coderd, {
      coordinator: rig.workersUrl!,
      directory: `${rig.directory}/by-file`,
      variables: { session_token_file: file },
    });
    const made = await coderd.createWorkspace({ template: other, token: ann!.token });
    await connected(made.id);
    const [agent] = await coderd.waitForAgents(made.id);
    const script = String(agent.scripts[0].script);
    assert.match(script, /export CODER_K8S_WORKER_CODER_TOKEN_FILE='/);
    assert.doesNotMatch(script, /[0-9A-Za-z]{10}-[0-9A-Za-z]{22}/);
  });
});
