/**
 * Sessions in a Coder workspace, by Python through a real agent of the real coderd: terminals, small calls, large content. Beside
 * them the same by `coder ssh`, in turns, on the same workspace.
 */
import { createHash, randomBytes } from "node:crypto";
import { pythonEngine } from "../../src/sessions/agent/python_engine.ts";
import type { Sandbox } from "../../src/sessions/sandbox/types.ts";
import { STANDARD_LIMITS } from "../../src/sessions/types.ts";
import { ensureCoderTools } from "../coder/mod.ts";
import { type AgentWorkspace, agentWorkspace } from "../sessions/agents/rig.ts";
import { percentile } from "./aggregated/figures.ts";
import type { Report } from "./report.ts";
import { ToldRows } from "./told_rows.ts";

const CALLS = Number(Deno.env.get("BENCH_CALLS") ?? "300");
const OPENED = 30;
const SSH = 15;
const PIECE = 5_000_000;
const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const signal = () => AbortSignal.timeout(120_000);

export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  await using workspace = await agentWorkspace({ engines: [pythonEngine()] });
  await firstCommands(workspace, rows);
  const { sandbox, end } = await opened(workspace);
  await smallCalls(sandbox, rows);
  await largeContent(sandbox, rows);
  await besideSsh(workspace, sandbox, rows);
  await end();
  return { area: "workspace-sessions", rows: rows.list };
}

async function opened(workspace: AgentWorkspace): Promise<{ sandbox: Sandbox; end: () => Promise<void> }> {
  const host = workspace.host();
  const id = `sess-${crypto.randomUUID().slice(0, 8)}`;
  const options = { limits: STANDARD_LIMITS, existing: false };
  const files = { directory: "", files: "scratch" } as const;
  const sandbox = await host.open(id, { ...options, workspace: files }, signal());
  const end = async () => {
    await host.remove(id, signal());
    await host.close();
  };
  return { sandbox, end };
}

async function command(sandbox: Sandbox, argv: readonly string[]): Promise<void> {
  const process = await sandbox.spawn({ argv, cwd: ".", env: {}, onOutput() {} }, signal());
  process.closeInput();
  const { exitCode } = await process.exited;
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}`);
}

async function times(count: number, run: (index: number) => Promise<unknown>): Promise<number[]> {
  const all: number[] = [];
  for (let index = 0; index < count; index++) {
    const since = performance.now();
    await run(index);
    all.push(performance.now() - since);
  }
  return all;
}

function tell(rows: ToldRows, what: string, all: readonly number[], limit?: number): number {
  const p50 = percentile(all, 0.5);
  const row = { what: `${what}, p50`, value: p50 };
  if (limit === undefined) rows.push({ ...row, measured: ms(p50) });
  else rows.atMost(limit, { ...row, text: ms(p50), unit: " ms" });
  const p95 = percentile(all, 0.95);
  rows.push({ what: `${what}, p95`, measured: ms(p95), value: p95 });
  return p50;
}

/** What it takes without anything of ours: the lower limit. */
async function plainTerminal(workspace: AgentWorkspace): Promise<void> {
  const { terminal } = await workspace.access();
  for await (const _ of (await terminal("true", signal())).output) {
    // Nothing is said.
  }
}

async function firstCommands(workspace: AgentWorkspace, rows: ToldRows): Promise<void> {
  await times(3, () => plainTerminal(workspace));
  const ends: (() => Promise<void>)[] = [];
  const made: number[] = [];
  const plain: number[] = [];
  for (let turn = 0; turn < OPENED; turn++) {
    plain.push(...await times(1, () => plainTerminal(workspace)));
    made.push(
      ...await times(1, async () => {
        const { sandbox, end } = await opened(workspace);
        ends.push(end);
        await command(sandbox, ["true"]);
      }),
    );
  }
  tell(rows, "first command of a new session, new terminal and daemon included", made, 250);
  tell(rows, "of it the lower limit: a terminal that runs `true`", plain);
  for (const end of ends) await end();

  const id = `sess-${crypto.randomUUID().slice(0, 8)}`;
  const first = workspace.host();
  const files = { directory: "", files: "scratch" } as const;
  await first.open(id, { limits: STANDARD_LIMITS, existing: false, workspace: files }, signal());
  const again = await times(OPENED, async () => {
    const host = workspace.host();
    const found = await host.open(
      id,
      { limits: STANDARD_LIMITS, existing: true, workspace: files },
      signal(),
    );
    await command(found, ["true"]);
    await host.close();
  });
  tell(rows, "first command of another replica, new terminal included", again, 250);
  await first.remove(id, signal());
}

async function smallCalls(sandbox: Sandbox, rows: ToldRows): Promise<void> {
  const content = randomBytes(4_096);
  await sandbox.file("write", { path: "four", mode: "replace" }, content, signal());
  const read = async () => {
    const input = { path: "four", offset: 0, length: 2 ** 20 };
    const { body } = await sandbox.file("read", input, undefined, signal());
    if (body?.length !== 4_096 || body[17] !== content[17]) throw new Error("another file was read");
  };
  const write = () => sandbox.file("write", { path: "four", mode: "replace" }, content, signal());
  await times(20, read);
  tell(rows, "4 KiB read, terminal kept open", await times(CALLS, read), 40);
  tell(rows, "4 KiB written", await times(CALLS, write));
  tell(rows, "command `true`", await times(CALLS, () => command(sandbox, ["true"])));
}

async function largeContent(sandbox: Sandbox, rows: ToldRows): Promise<void> {
  const pieces = [randomBytes(PIECE), randomBytes(PIECE)];
  const wanted = createHash("sha256").update(pieces[0]!).update(pieces[1]!).digest("hex");
  const write = async () => {
    await sandbox.file("write", { path: "large", mode: "replace" }, pieces[0], signal());
    const { output } = await sandbox.file("write", { path: "large", mode: "append" }, pieces[1], signal());
    if (output["sha256"] !== wanted) throw new Error("what was written is another");
  };
  const hashes: string[] = [];
  const read = async () => {
    const hash = createHash("sha256");
    for (const offset of [0, PIECE]) {
      const input = { path: "large", offset, length: PIECE };
      hash.update((await sandbox.file("read", input, undefined, signal())).body!);
    }
    hashes.push(hash.digest("hex"));
  };
  await write();
  for (const [what, run] of [["written", write], ["read", read]] as const) {
    const all = await times(15, run);
    const rate = 2 * PIECE / 1e3 / percentile(all, 0.5);
    const worst = 2 * PIECE / 1e3 / percentile(all, 0.95);
    rows.push({
      what: `10 MB ${what}, hash equal, p50 (p95)`,
      measured: `${rate.toFixed(1)} MB/s (${worst.toFixed(1)})`,
      reach: "≥ 5 MB/s",
      met: rate >= 5 && hashes.every((hash) => hash === wanted),
      value: rate,
    });
  }
  // What is small is not to wait for it.
  const busy = (async () => {
    for (let turn = 0; turn < 5; turn++) await read();
  })();
  const meanwhile = await times(
    50,
    () => sandbox.file("read", { path: "four", offset: 0, length: 4_096 }, undefined, signal()),
  );
  await busy;
  tell(rows, "4 KiB read while 10 MB are read", meanwhile);
}

/** In turns, so that both have the same machine. */
async function besideSsh(workspace: AgentWorkspace, sandbox: Sandbox, rows: ToldRows): Promise<void> {
  const { coder } = await ensureCoderTools();
  const { token } = await workspace.coderd.firstUser();
  const config = await Deno.makeTempDir({ prefix: "coder-config-" });
  const ssh = async () => {
    const { success, stderr } = await new Deno.Command(coder, {
      args: ["ssh", workspace.name, "--", "true"],
      env: { CODER_URL: workspace.coderd.url, CODER_SESSION_TOKEN: token, CODER_CONFIG_DIR: config },
      stdin: "null",
    }).output();
    if (!success) throw new Error(`coder ssh: ${new TextDecoder().decode(stderr)}`);
  };
  await ssh();
  const theirs: number[] = [];
  const ours: number[] = [];
  for (let turn = 0; turn < SSH; turn++) {
    theirs.push(...await times(1, ssh));
    ours.push(...await times(5, () => command(sandbox, ["true"])));
  }
  const them = tell(rows, "`coder ssh workspace -- true`", theirs);
  const us = tell(rows, "the same in a session, in turns with it", ours);
  rows.push({
    what: "times faster than `coder ssh`, small commands",
    measured: `${(them / us).toFixed(0)} ×`,
    reach: "≥ 3 ×",
    met: them >= 3 * us,
    value: them / us,
  });
  await Deno.remove(config, { recursive: true });
}
