/** Sessions by Python in real workspaces, when coderd, the agent or the workspace goes away under them. */
import assert from "node:assert/strict";
import { createAgentHost } from "../../src/sessions/agent/host.ts";
import { pythonEngine } from "../../src/sessions/agent/python_engine.ts";
import type { AgentAccess } from "../../src/sessions/agent/types.ts";
import { run, until } from "../../src/sessions/sandbox/testing.ts";
import type { Sandbox } from "../../src/sessions/sandbox/types.ts";
import { SessionError, STANDARD_LIMITS } from "../../src/sessions/types.ts";
import { startDeployment } from "../coder/mod.ts";
import { agentWorkspace } from "./agents/rig.ts";

const signal = () => AbortSignal.timeout(240_000);
const bytesOf = (text: string) => new TextEncoder().encode(text);

async function textAt(sandbox: Sandbox, path: string): Promise<string> {
  const { body } = await sandbox.file("read", { path, offset: 0, length: 2 ** 20 }, undefined, signal());
  return new TextDecoder().decode(body ?? new Uint8Array());
}

Deno.test("coderd restarts, and the workspace stops: what was begun is done once, or is told", async (t) => {
  await using deployment = await startDeployment();
  const { coderd } = deployment;
  await using workspace = await agentWorkspace({ engines: [pythonEngine()], coderd });
  let access: AgentAccess = await workspace.access();
  const host = createAgentHost({
    access: () => access,
    engines: [pythonEngine({ patienceMs: 30_000 })],
  });
  await using _ = { [Symbol.asyncDispose]: () => host.close() };
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "person-" }));
  const options = {
    limits: STANDARD_LIMITS,
    existing: false,
    workspace: { directory, files: "workspace" },
  } as const;
  const sandbox = await host.open("sess-faults", options, signal());
  let said = "";
  const process = await sandbox.spawn({
    argv: ["sh", "-c", "i=0; while read line; do i=$((i + 1)); echo $i $line; done; echo end; exit 5"],
    cwd: ".",
    env: {},
    onOutput: (_, bytes) => void (said += new TextDecoder().decode(bytes)),
    onLost: (_, lost) => assert.fail(`${lost} bytes are lost`),
    shared: { command: "counts", timeoutMs: 0 },
  }, signal());

  await t.step("a restart of coderd in the middle of calls", async () => {
    let restarting: Promise<unknown> | undefined;
    const calls = (async () => {
      for (let i = 0; i < 40; i++) {
        await sandbox.file("write", { path: "log", mode: "append" }, bytesOf(`${i}\n`), signal());
        await process.write(bytesOf(`line ${i}\n`), signal());
        if (i === 10) restarting = coderd.restart();
        if (i >= 10 && i < 30) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    await calls;
    await restarting;
    assert.equal(await textAt(sandbox, "log"), Array.from({ length: 40 }, (_, i) => `${i}\n`).join(""));
    await until("all of it was told", () => said.includes("40 line 39\n"));
    assert.equal(said, Array.from({ length: 40 }, (_, i) => `${i + 1} line ${i}\n`).join(""));
  });

  await t.step("the workspace stops: calls say that nothing was done, or that it is not known", async () => {
    // Here a workspace is no machine of its own: what the agent has started outlives it unless somebody sees to that.
    const daemon = Number((await run(sandbox, "echo $PPID")).stdout);
    const sleeping = run(sandbox, "sleep 1000").catch((error: unknown) => error);
    await coderd.buildWorkspace(workspace.id, "stop");
    Deno.kill(daemon, "SIGKILL");
    const impatient = createAgentHost({
      access: () => access,
      engines: [pythonEngine({ patienceMs: 1_000 })],
    });
    const error = await impatient.open("sess-faults", { ...options, existing: true }, signal()).then(
      () => assert.fail("it was opened"),
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof SessionError);
    assert.equal(error.code, "unavailable");
    await impatient.close();
    const failure = await sandbox.file("write", { path: "log", mode: "append" }, bytesOf("never\n"), signal())
      .then(
        () => assert.fail("it was written"),
        (cause: unknown) => cause,
      );
    assert.ok(failure instanceof SessionError, String(failure));
    assert.ok(failure.code === "unavailable" || failure.code === "unknown_outcome", String(failure));
    const ended = await sleeping;
    assert.ok(
      ended instanceof SessionError || (ended as { signal?: string }).signal === "SIGKILL",
      JSON.stringify(ended),
    );
  });

  await t.step("started again: files are there, processes are not, handles go on", async () => {
    await coderd.buildWorkspace(workspace.id, "start");
    access = await workspace.access();
    const log = await textAt(sandbox, "log");
    assert.ok(log.startsWith("0\n1\n"), log);
    assert.ok(!log.includes("never"), "it was said that this was not done, or not known");
    await sandbox.shared!.refresh(signal());
    assert.deepEqual(await process.exited, { signal: "SIGKILL" });
    assert.ok(sandbox.shared!.before >= 1, "what had those numbers is no more");
    const next = await sandbox.spawn({
      argv: ["true"],
      cwd: ".",
      env: {},
      onOutput() {},
      shared: { command: "true", timeoutMs: 0 },
    }, signal());
    assert.ok(next.number! > process.number!);
    assert.equal((await next.exited).exitCode, 0);
    await host.remove("sess-faults", signal());
  });
  await Deno.remove(directory, { recursive: true });
});
