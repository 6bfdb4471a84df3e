/** The server's part of the page with 10,000 workspaces: how soon all is told, how much that is, what a change costs. */
import { startAppRig } from "../../aggregated/app_rig.ts";
import { startCluster } from "../../cluster/mod.ts";
import { holdLease } from "../../mcp/product_rig.ts";
import { WatchClient } from "../../../src/ui/http/testing.ts";
import type { Done, Order } from "../aggregated/coder_process.ts";
import { percentile } from "../aggregated/figures.ts";
import { LineProcess } from "../aggregated/line_process.ts";
import { compiledBinary } from "../compiled_binary.ts";
import { processorSecondsOf } from "../processor.ts";
import type { ToldRows } from "../told_rows.ts";

const WORKSPACES = Number(Deno.env.get("BENCH_WORKSPACES") ?? "10000");
const ROUNDS = 5;
const BUILDS = 10;
const WATCHERS = 16;
const SECONDS = Number(Deno.env.get("BENCH_SECONDS") ?? "10");
const PATIENCE_MS = 120_000;

/** Measures the compiled product in mode all, with a fake Coder in a process of its own. */
export async function measureServer(rows: ToldRows): Promise<void> {
  const binary = await compiledBinary();
  await using cluster = await startCluster({ name: `bench-ui-${Deno.pid}` });
  await holdLease(cluster);
  await using coder = new LineProcess(Deno.execPath(), [
    "run",
    "-A",
    new URL("../aggregated/coder_process.ts", import.meta.url).pathname,
    String(WORKSPACES),
    "lab",
    "coder",
  ]);
  const running = await coder.next() as { url: string; token: string };
  await using rig = await startAppRig({
    cluster,
    binary,
    coders: { "lab/coder": running },
    mode: "all",
    mcp: true,
    args: [
      "--coder-poll-interval=5s",
      "--leader-election-namespace=held",
      "--mcp-rate-limit=0",
      "--mcp-audit-log=off",
    ],
  });
  await rig.reader({ namespace: "lab", name: "reader" });
  const token = await cluster.serviceAccountToken({ namespace: "lab", name: "reader" });
  const url = `${rig.replica.mcpUrl.replace(/\/mcp$/, "")}/ui/api/events`;
  const watch = () => WatchClient.open(url, token);
  await untilAll(watch);
  const first: number[] = [];
  const whole: number[] = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    const client = await watch();
    await client.until(({ sections }) => sections.workspaces.rows.size > 0, "the first rows", PATIENCE_MS);
    first.push(performance.now() - began);
    await client.until(({ sections }) => sections.workspaces.isComplete, "all rows", PATIENCE_MS);
    whole.push(performance.now() - began);
    bytes = client.bytes;
    await client.close();
    // Nobody's board is there any more: each round is a first look.
    await new Promise((resolve) => setTimeout(resolve, 11_000));
  }
  rows.atMost(1_000, {
    what:
      `GET /ui/api/events until the first rows of ${WORKSPACES} workspaces are told, the longest of ${ROUNDS}`,
    value: Math.max(...first),
    text: `${Math.max(...first).toFixed(0)} ms`,
    unit: " ms",
  });
  rows.atMost(1_000, {
    what: `until all of them are told, the longest of ${ROUNDS} (median ${
      percentile(whole, 0.5).toFixed(0)
    } ms)`,
    value: Math.max(...whole),
    text: `${Math.max(...whole).toFixed(0)} ms`,
    unit: " ms",
  });
  rows.push({
    what: "all that is told to who begins",
    measured: `${(bytes / 2 ** 20).toFixed(2)} MiB`,
    value: bytes,
  });
  await changes(await watch(), coder, rows);
  await idle(watch, rig.replica.process.pid, rows);
}

/** The product has read all of Coder. */
async function untilAll(watch: () => Promise<WatchClient>): Promise<void> {
  const client = await watch();
  await client.until(
    ({ sections }) => sections.workspaces.rows.size === WORKSPACES,
    "all workspaces",
    PATIENCE_MS,
  );
  await client.close();
}

/** Steps of builds, which the product follows closely, until who watches hears of them. */
async function changes(client: WatchClient, coder: LineProcess, rows: ToldRows): Promise<void> {
  await client.until(({ sections }) => sections.workspaces.isComplete, "all rows", PATIENCE_MS);
  const took: number[] = [];
  const order = async (order: Order) => {
    await coder.say(order);
    return await coder.next() as Done;
  };
  const states = () => {
    const counts = new Map<string, number>();
    for (const { state } of client.shown.sections.workspaces.rows.values()) {
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return counts;
  };
  const step = async (build: number, step: "begin" | "pickUp" | "end", state: string) => {
    const before = states().get(state) ?? 0;
    const { at } = await order({ build, step });
    await client.until(() => (states().get(state) ?? 0) > before, `${step} of ${build}`, PATIENCE_MS);
    return Date.now() - at;
  };
  for (let build = 0; build < BUILDS; build++) {
    await step(build, "begin", "pending");
    took.push(await step(build, "pickUp", "starting"));
    took.push(await step(build, "end", "running"));
  }
  rows.atMost(1_000, {
    what: `a step of a build in Coder until it is told, the longest of ${took.length} (median ${
      percentile(took, 0.5).toFixed(0)
    } ms)`,
    value: Math.max(...took),
    text: `${Math.max(...took).toFixed(0)} ms`,
    unit: " ms",
  });
  await client.close();
}

/** What it costs that people watch, and nothing happens. */
async function idle(watch: () => Promise<WatchClient>, pid: number, rows: ToldRows): Promise<void> {
  const used = async () => {
    const before = processorSecondsOf(pid);
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
    return (processorSecondsOf(pid) - before) / SECONDS;
  };
  const alone = await used();
  const clients = await Promise.all(Array.from({ length: WATCHERS }, watch));
  for (const client of clients) {
    await client.until(({ sections }) => sections.workspaces.isComplete, "all rows", PATIENCE_MS);
  }
  const watched = await used();
  for (const client of clients) await client.close();
  rows.push({
    what: `processor of the product while ${clients.length} pages of one person watch and nothing changes (${
      (alone * 100).toFixed(1)
    } % without them)`,
    measured: `${(watched * 100).toFixed(1)} %`,
    value: watched,
  });
}
