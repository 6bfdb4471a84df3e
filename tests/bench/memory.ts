/** Where the memory goes: an empty program, the libraries, the operator, each compiled alike and run side by side. */
import type { Report, Row } from "./report.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Programs to compile: each prints its resident memory after start and ends. */
const programs: { what: string; source: string }[] = [
  { what: "V8 and Deno: an empty program", source: "" },
  { what: "… with node:https", source: `import "node:https";` },
  { what: "… with zod", source: `import { z } from "zod"; z.object({ a: z.string() }).parse({ a: "" });` },
  { what: "… with prom-client", source: `import { Registry } from "prom-client"; new Registry();` },
  { what: "… with logtape", source: `import { getLogger } from "@logtape/logtape"; getLogger();` },
  {
    what: "… with client-node (credentials only)",
    source: `import { readKubeConfig } from "ROOT/src/kube/kube_config.ts"; void readKubeConfig;`,
  },
];

/** Compiles and measures each; needs `deno task compile` to have worked here (a runtime for `deno compile`). */
export async function measure(): Promise<Report> {
  const { bundle, compileBundle } = await import("../../scripts/compile.ts");
  const folder = await Deno.makeTempDir({ prefix: "coder-k8s-bench-memory-" });
  const rows: Row[] = [];
  try {
    for (const [index, program] of programs.entries()) {
      const entry = `${root}/dist/bench/memory-${index}.ts`;
      const report = `\nconsole.log(Deno.memoryUsage().rss);\n`;
      await Deno.mkdir(`${root}/dist/bench`, { recursive: true });
      await Deno.writeTextFile(entry, program.source.replaceAll("ROOT", root) + report);
      const bundled = `${folder}/${index}.js`;
      await bundle(entry, bundled);
      await compileBundle(bundled, `${folder}/${index}`);
      const readings: number[] = [];
      for (let run = 0; run < 3; run++) {
        const { stdout } = await new Deno.Command(`${folder}/${index}`, { stderr: "null" }).output();
        readings.push(Number(new TextDecoder().decode(stdout).trim()));
      }
      const rss = readings.sort((a, b) => a - b)[1] ?? Number.NaN;
      rows.push({ what: program.what, measured: `${(rss / 1e6).toFixed(0)} MB`, value: rss });
      await Deno.remove(entry);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return { area: "memory", rows };
}
