/** The suite of sessions in workspaces, by shells of all kinds, over real pseudo-terminals. */
import assert from "node:assert/strict";
import { PATIENCE_MS, run, until } from "../../sandbox/testing.ts";
import { STANDARD_LIMITS } from "../../types.ts";
import { createAgentHost } from "../host.ts";
import { type SuiteWorkspace, workspaceSuite } from "../suite.ts";
import { localTerminals } from "../testing.ts";
import { onTerminals } from "../testing/hosts.ts";
import { type Kind, KINDS, toolsOf } from "../../../../tests/sessions/agents/shells.ts";
import { shellEngine } from "./mod.ts";

async function open(kind: Kind): Promise<SuiteWorkspace> {
  const tools = await toolsOf(kind);
  const terminals = await localTerminals({ path: tools.path, shell: tools.shell });
  const hosts: ReturnType<typeof createAgentHost>[] = [];
  return {
    home: terminals.home,
    host() {
      const host = createAgentHost({ access: onTerminals(terminals), engines: [shellEngine()] });
      hosts.push(host);
      return host;
    },
    async [Symbol.asyncDispose]() {
      for (const host of hosts) await host.close();
      await terminals[Symbol.asyncDispose]();
      await tools[Symbol.asyncDispose]();
    },
  };
}

for (const kind of KINDS) {
  // Memory and CPU time are not kept by shells, and what has ended is not counted.
  workspaceSuite({ name: `shell (${kind})`, open: () => open(kind), without: ["usage"] });
}

Deno.test("of processes and sessions that have ended, nothing is left", async () => {
  await using workspace = await open("dash");
  const host = workspace.host();
  const options = {
    limits: STANDARD_LIMITS,
    existing: false,
    workspace: { directory: "", files: "scratch" },
  } as const;
  const within = AbortSignal.timeout(PATIENCE_MS);
  const sandbox = await host.open("sess-left", options, within);
  for (let i = 0; i < 10; i++) assert.equal((await run(sandbox, "true")).exitCode, 0);
  await sandbox.spawn({ argv: ["sleep", "1005"], cwd: ".", env: {}, onOutput() {} }, within);
  await host.remove("sess-left", within);
  await host.close();
  await until("all of it has gone", async () => await startedIn(workspace.home) === 0);
});

Deno.test("whoever takes output slowly has all of it before the end is told", async () => {
  await using workspace = await open("dash");
  const host = workspace.host();
  const options = {
    limits: STANDARD_LIMITS,
    existing: false,
    workspace: { directory: "", files: "scratch" },
  } as const;
  const within = AbortSignal.timeout(PATIENCE_MS);
  const sandbox = await host.open("sess-slow", options, within);
  let bytes = 0;
  const process = await sandbox.spawn({
    argv: ["head", "-c", "2200000", "/dev/zero"],
    cwd: ".",
    env: {},
    onOutput(_, piece) {
      const before = Math.floor(bytes / 250_000);
      bytes += piece.length;
      // The process is long over while this goes on: what it wrote last waits in its pipe.
      const until = performance.now() + 700;
      while (Math.floor(bytes / 250_000) > before && performance.now() < until);
    },
    onLost: (_, lost) => assert.fail(`${lost} bytes are lost`),
  }, within);
  assert.equal((await process.exited).exitCode, 0);
  assert.equal(bytes, 2_200_000);
  await host.remove("sess-slow", within);
  await host.close();
});

/** How many processes have this home, but for those of terminals: what was let go of goes on for a while. */
async function startedIn(home: string): Promise<number> {
  let found = 0;
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const environ = await Deno.readTextFile(`/proc/${name}/environ`).catch(() => "");
    if (environ.includes(`HOME=${home}\0`) && !await isOfTerminal(name)) found++;
  }
  return found;
}

/** Whether it serves a terminal, or was started by what does. */
async function isOfTerminal(pid: string): Promise<boolean> {
  for (let one = pid; one !== "0" && one !== "1" && one !== "";) {
    const command = await Deno.readTextFile(`/proc/${one}/cmdline`).catch(() => "");
    if (command.includes("pty.fork") || command.includes("stty raw")) return true;
    const stat = await Deno.readTextFile(`/proc/${one}/stat`).catch(() => "");
    one = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? "";
  }
  return false;
}
