/** Where the memory goes: an empty program, the libraries, the operator, each compiled alike and run side by side. */
import { bundle, compile, REQUIRE_ON_DEMAND, runtimeOf } from "../../scripts/lib/executable.ts";
import type { Report, Row } from "./report.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Programs to compile: each prints its resident memory after start and ends. */
const programs: { what: string; source: string }[] = [
  { what: "V8 and Deno: an empty program", source: "" },
  { what: "… with node:https", source: `await import("node:https");` },
  {
    what: "… with zod",
    source: `const { z } = await import("zod"); z.object({ a: z.string() }).parse({ a: "" });`,
  },
  {
    what: "… with prom-client",
    source:
      `const { PrometheusMetrics } = await import("ROOT/src/telemetry/prometheus.ts"); new PrometheusMetrics();`,
  },
  {
    what: "… with logtape",
    source: `const { createLogger } = await import("ROOT/src/telemetry/log.ts"); createLogger();`,
  },
  {
    what: "… with client-node (credentials only)",
    source:
      `const { loadKubeConfig } = await import("ROOT/src/kube/config/kube_config.ts"); void loadKubeConfig;`,
  },
];

const REPORT = `
console.log(Deno.memoryUsage().rss);
`;

/** Compiles and measures each; needs `deno task compile` to have worked here (a runtime for `deno compile`). */
export async function measure(): Promise<Report> {
  const folder = await Deno.makeTempDir({ prefix: "coder-k8s-bench-memory-" });
  const rows: Row[] = [];
  const runtime = await runtimeOf();
  try {
    for (const [index, program] of programs.entries()) {
      const work = `${root}/dist/bench/memory-${index}`;
      await Deno.mkdir(work, { recursive: true });
      await Deno.writeTextFile(
        `${work}/main.ts`,
        `${REQUIRE_ON_DEMAND}\n` + program.source.replaceAll("ROOT", root) + REPORT,
      );
      await bundle(`${work}/main.ts`, `${work}/bundle`);
      await compile({ bundle: `${work}/bundle`, entry: "main.js", output: `${folder}/${index}`, runtime });
      await Deno.remove(work, { recursive: true });
      const readings: number[] = [];
      for (let run = 0; run < 3; run++) {
        const { code, stdout } = await new Deno.Command(`${folder}/${index}`, { stderr: "inherit" }).output();
        if (code !== 0) throw new Error(`${program.what}: the compiled program ended with ${code}`);
        readings.push(Number(new TextDecoder().decode(stdout).trim()));
      }
      const rss = readings.sort((a, b) => a - b)[1] ?? Number.NaN;
      rows.push({ what: program.what, measured: `${(rss / 1e6).toFixed(0)} MB`, value: rss });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return { area: "memory", rows };
}
