/**
 * Sandbox sessions by the compiled product: an official client, the coordinator and workers as processes of their own. Beside
 * each figure the lower limit of the same run: a plain process, a plain file.
 */
import { openSandboxHost } from "../../src/sessions/sandbox/host.ts";
import { STANDARD_LIMITS } from "../../src/sessions/types.ts";
import { mixedCalls } from "../sessions/chaos/mixed.ts";
import { type SandboxRig, startRig } from "../sessions/rig.ts";
import type { ConnectedClient } from "../mcp/clients.ts";
import { percentile } from "./aggregated/figures.ts";
import { compiledBinary } from "./compiled_binary.ts";
import type { Report } from "./report.ts";
import { storeFigures } from "./session_store.ts";
import { ToldRows } from "./told_rows.ts";

const CALLS = Number(Deno.env.get("BENCH_CALLS") ?? "300");
const MIB = 2 ** 20;
const ms = (value: number) => `${value.toFixed(2)} ms`;

/** Measures; the compiled binary must exist (`deno task compile`). */
export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  const binary = await compiledBinary();
  {
    await using rig = await startRig({
      binary,
      args: ["--rate-limit=0", "--audit-log=off", "--max-sessions-per-owner=100000"],
      workerArgs: ["--capacity=10000"],
    });
    await using client = await rig.client();
    await calls(client, rows);
    await throughput(client, rows);
    await creations(client, rows);
    await idle(rig, client, rows);
  }
  await workerSide(rows);
  await mixed(binary, rows);
  await storeFigures(rows);
  return { area: "sessions", rows: rows.list };
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

async function ask(client: ConnectedClient, tool: string, args: Record<string, unknown>) {
  const answer = await client.call(tool, args);
  if (answer.isError) throw new Error(`${tool}: ${answer.text}`);
  return answer.structured ?? {};
}

async function calls(client: ConnectedClient, rows: ToldRows): Promise<void> {
  const contents = "x".repeat(4_096);
  const tell = async (what: string, limit: number, run: () => Promise<unknown>, floor: number) => {
    await times(20, run);
    const all = await times(CALLS, run);
    const p50 = percentile(all, 0.5);
    rows.atMost(limit, { what: `${what}, p50`, value: p50, text: ms(p50), unit: " ms" });
    const p99 = percentile(all, 0.99);
    rows.push({
      what: `${what}, p99; of it the lower limit (p50)`,
      measured: `${ms(p99)}; ${ms(floor)}`,
      value: p99,
    });
  };
  const spawn = percentile(await times(100, () => new Deno.Command("true").output()), 0.5);
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, contents);
  const read = percentile(await times(100, () => Deno.readTextFile(file)), 0.5);
  const write = percentile(await times(100, () => Deno.writeTextFile(file, contents)), 0.5);
  await Deno.remove(file);
  await ask(client, "fs.write", { path: "four", contents });
  await tell(
    "run.command true, MCP call to answer",
    15,
    () => ask(client, "run.command", { command: ["true"] }),
    spawn,
  );
  await tell("fs.read 4 KiB", 3, () => ask(client, "fs.read", { path: "four" }), read);
  await tell("fs.write 4 KiB", 5, () => ask(client, "fs.write", { path: "four", contents }), write);
}

async function throughput(client: ConnectedClient, rows: ToldRows): Promise<void> {
  const contents = "x".repeat(MIB);
  const rate = (all: readonly number[]) => 1_000 / percentile(all, 0.5) * MIB / 1e6;
  const write = () => ask(client, "fs.write", { path: "large", contents });
  await times(5, write);
  const written = rate(await times(50, write));
  const read = () => ask(client, "fs.read", { path: "large", length: MIB });
  await times(5, read);
  const was = rate(await times(50, read));
  for (const [what, value] of [["written", written], ["read", was]] as const) {
    rows.push({
      what: `1 MiB ${what}, end to end`,
      measured: `${value.toFixed(0)} MB/s`,
      reach: "≥ 50 MB/s",
      met: value >= 50,
      value,
    });
  }
}

async function creations(client: ConnectedClient, rows: ToldRows): Promise<void> {
  const run = async (index: number) => {
    const { session } = await ask(client, "session.create", { name: `made-${index}` });
    return session;
  };
  for (let index = 0; index < 10; index++) await run(1_000_000 + index);
  const all = await times(CALLS, run);
  const [p50, p99] = [percentile(all, 0.5), percentile(all, 0.99)];
  rows.atMost(30, { what: "session made, ready to run, p50", value: p50, text: ms(p50), unit: " ms" });
  rows.atMost(150, { what: "session made, ready to run, p99", value: p99, text: ms(p99), unit: " ms" });
  const first = await times(
    50,
    (index) => ask(client, "run.command", { session: `made-${index}`, command: ["true"] }),
  );
  const p = percentile(first, 0.5);
  rows.push({ what: "first command of a session that was made a while ago, p50", measured: ms(p), value: p });
}

async function idle(rig: SandboxRig, client: ConnectedClient, rows: ToldRows): Promise<void> {
  const used = async () => {
    // Sessions without calls have no process after half a minute; the heap settles meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 45_000));
    return memoryOf([rig.coordinator.pid, rig.worker("w1").pid]);
  };
  const before = await used();
  for (let from = 0; from < 1_000; from += 20) {
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => ask(client, "session.create", { name: `idle-${from + at}` })),
    );
  }
  const after = await used();
  const more = (after - before) / MIB;
  rows.atMost(30, {
    what: "memory of coordinator, worker and all they have started, for 1,000 idle sessions more",
    value: more,
    text: `${more.toFixed(1)} MiB more (${(before / MIB).toFixed(0)} before)`,
    unit: " MB",
  });
}

/** Proportional set size of processes and of all that they have started, in bytes. */
function memoryOf(pids: readonly number[]): number {
  const children = new Map<number, number[]>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = Deno.readTextFileSync(`/proc/${name}/stat`);
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It has just ended.
    }
  }
  const sum = (pid: number): number => {
    let own = 0;
    try {
      const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
      own = Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1_024;
    } catch {
      // It has just ended.
    }
    return own + (children.get(pid) ?? []).map(sum).reduce((all, one) => all + one, 0);
  };
  return pids.map(sum).reduce((all, one) => all + one, 0);
}

/** The same operations without coordinator and client: what the worker's side is capable of. */
async function workerSide(rows: ToldRows): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "coder-k8s-bench-" });
  const signal = AbortSignal.timeout(300_000);
  const host = await openSandboxHost({
    directory,
    allowUnisolated: false,
    uids: { first: 300_000, count: 100 },
    readOnlyPaths: [],
    environment: {},
    network: "none",
    forwards: [],
  });
  try {
    const sandbox = await host.open("bench", { limits: STANDARD_LIMITS, existing: false }, signal);
    const body = new Uint8Array(MIB).fill(120);
    const write = () => sandbox.file("write", { path: "large", mode: "replace" }, body, signal);
    await times(10, write);
    const written = MIB / 1e3 / percentile(await times(100, write), 0.5);
    const read = () => sandbox.file("read", { path: "large", offset: 0, length: MIB }, undefined, signal);
    await times(10, read);
    const was = MIB / 1e3 / percentile(await times(100, read), 0.5);
    await Deno.writeFile(`${directory}/plain`, body);
    const plain = MIB / 1e3 / percentile(await times(100, () => Deno.readFile(`${directory}/plain`)), 0.5);
    rows.push({
      what: "1 MiB of a plain file read by Deno",
      measured: `${plain.toFixed(0)} MB/s`,
      value: plain,
    });
    for (const [what, value] of [["written", written], ["read", was]] as const) {
      rows.push({
        what: `1 MiB ${what}, worker side`,
        measured: `${value.toFixed(0)} MB/s`,
        reach: "≥ 200 MB/s",
        met: value >= 200,
        value,
      });
    }
    const made = await times(50, async (index) => {
      await host.open(`made-${index}`, { limits: STANDARD_LIMITS, existing: false }, signal);
    });
    const p50 = percentile(made, 0.5);
    rows.push({ what: "sandbox made, worker side, p50", measured: ms(p50), value: p50 });
  } finally {
    await host.close();
    await new Deno.Command("rm", { args: ["-rf", directory] }).output();
  }
}

async function mixed(binary: string, rows: ToldRows): Promise<void> {
  const calls = Number(Deno.env.get("BENCH_MIXED_CALLS") ?? "10000");
  const result = await mixedCalls({ seed: 1, sessions: 100, calls, binary });
  for (const one of [...result.wrong, ...result.twice].slice(0, 20)) {
    Deno.stderr.writeSync(new TextEncoder().encode(`  ${one}\n`));
  }
  const what = `100 sessions on 2 workers, ${calls} mixed calls, one worker killed half-way`;
  rows.atMost(0, {
    what: `${what}: wrong answers`,
    value: result.wrong.length,
    text: `${result.wrong.length}`,
  });
  rows.atMost(0, { what: "… calls run twice", value: result.twice.length, text: `${result.twice.length}` });
  rows.push({
    what: "… calls that succeeded, and that failed and said so",
    measured: `${result.good}, ${result.failed} (${(result.calls / result.seconds).toFixed(0)} a second)`,
    value: result.failed,
  });
}
