/** How long `coder-k8s install` takes on an empty cluster, its pods played by two processes, all of it compiled. */
import { startCluster } from "../cluster/mod.ts";
import { playPods } from "../deploy/played/mod.ts";
import { compiledBinary } from "./compiled_binary.ts";
import { spread } from "./ready.ts";
import type { Report } from "./report.ts";
import { ToldRows } from "./told_rows.ts";

const RUNS = 3;
const MOST_S = 20;

/** Measures; the compiled binary must exist (`deno task compile`). */
export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  const binary = await compiledBinary();
  const runs = [];
  for (let run = 0; run < RUNS; run++) runs.push(await oneRun(binary));
  const row = (what: string, values: readonly number[]) => {
    const { median: value, most } = spread(values);
    return { what, value, text: `${value.toFixed(1)} s (most ${most.toFixed(1)} s)`, unit: " s" };
  };
  rows.atMost(
    MOST_S,
    row(
      `install on an empty cluster, until the APIService is available and MCP ready, median of ${RUNS}`,
      runs.map(({ ready }) => ready),
    ),
  );
  const { what, value, text } = row("uninstall, median", runs.map(({ removed }) => removed));
  rows.push({ what, value, measured: text });
  return { area: "install", rows: rows.list };
}

/** In seconds. */
interface Run {
  readonly ready: number;
  readonly removed: number;
}

async function oneRun(binary: string): Promise<Run> {
  await using cluster = await startCluster({ name: "bench-install" });
  await using played = await playPods(cluster, { binary, replicas: 2 });
  const command = async (...args: string[]): Promise<number> => {
    const began = performance.now();
    const { code, stderr } = await new Deno.Command(binary, {
      args: [...args, `--kubeconfig=${cluster.kubeconfig}`],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (code !== 0) {
      throw new Error(`${args.join(" ")} ended with ${code}\n${new TextDecoder().decode(stderr)}`);
    }
    return (performance.now() - began) / 1_000;
  };
  const began = performance.now();
  await command("install");
  // The Deployment's own pods are KWOK's, and ready at once: those that serve are asked.
  await played.settled();
  const answer = await fetch(new URL("/readyz", played.mcpUrl));
  if (!answer.ok) throw new Error(`the MCP server is not ready: ${await answer.text()}`);
  await answer.body?.cancel();
  const ready = (performance.now() - began) / 1_000;
  return { ready, removed: await command("uninstall", "--yes") };
}
