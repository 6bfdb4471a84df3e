/** What the whole product takes while nobody wants anything: mode `all` on a real cluster without a control plane. */
import { installOperator } from "../operator/install.ts";
import { freePort, startOperator } from "../operator/process.ts";
import { sleep, startCluster } from "../cluster/mod.ts";
import { compiledBinary } from "./compiled_binary.ts";
import { proportionalMemory } from "./proportional_memory.ts";
import type { Report } from "./report.ts";
import { ToldRows } from "./told_rows.ts";

/** Minutes without anything to do; `BENCH_IDLE_MINUTES` shortens it for a quick look. */
const IDLE_MINUTES = Number(Deno.env.get("BENCH_IDLE_MINUTES") ?? "5");
const MOST_MB = 120;
/** The Go operator's. */
const GO_MB = 85;

/** Measures; the compiled binary must exist (`deno task compile`). */
export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  const binary = await compiledBinary();
  await using cluster = await startCluster({ name: `bench-idle-${Deno.pid}` });
  const kubeconfig = await installOperator(cluster);
  for (const mode of ["all", "controller", "aggregated-apiserver", "mcp-http"]) {
    const own = mode === "mcp-http" ? [`--mcp-bind-address=127.0.0.1:${await freePort()}`] : [];
    const serves = mode === "all" || mode === "aggregated-apiserver"
      ? [`--aggregated-bind-address=127.0.0.1:${await freePort()}`]
      : [];
    const began = performance.now();
    await using operator = await startOperator({ kubeconfig, binary, mode, args: [...own, ...serves] });
    await operator.ready();
    const readyMs = performance.now() - began;
    await sleep(IDLE_MINUTES * 60_000);
    const [rss, pss] = [operator.memory().rss / 1e6, await proportionalMemory(operator.pid) / 1e6];
    const what = `mode ${mode}, ${IDLE_MINUTES} minutes idle: resident memory`;
    const said = `${rss.toFixed(0)} MB (proportional ${pss.toFixed(0)} MB; ready after ${
      readyMs.toFixed(0)
    } ms)`;
    if (mode === "all") {
      rows.atMost(MOST_MB, { what, value: rss, text: said, unit: " MB", before: `${GO_MB} MB` });
    } else rows.push({ what, measured: said, value: rss });
  }
  return { area: "idle", rows: rows.list };
}
