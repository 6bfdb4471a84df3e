/** How long the program takes to answer what needs nothing: in turns with an empty program that is compiled alike. */
import { bundle, compile, runtimeOf } from "../../scripts/lib/executable.ts";
import { percentile } from "./aggregated/figures.ts";
import { compiledBinary } from "./compiled_binary.ts";
import type { Report } from "./report.ts";
import { ToldRows } from "./told_rows.ts";

/** Of each; an odd number has one in the middle. */
const RUNS = 41;
const MOST_MS = 80;

/** Measures; the compiled binary must exist (`deno task compile`). */
export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  const binary = await compiledBinary();
  const folder = await Deno.makeTempDir({ prefix: "coder-k8s-bench-start-" });
  try {
    const [emptyMs, versionMs, helpMs] = await inTurns([
      [await emptyProgram(folder)],
      [binary, "version"],
      [binary, "--help"],
    ], RUNS) as [number[], number[], number[]];
    const empty = percentile(emptyMs, 0.5);
    rows.push({ what: "an empty program, p50", measured: text(emptyMs), value: empty });
    for (const [what, all] of [["version", versionMs], ["--help", helpMs]] as const) {
      const value = percentile(all, 0.5);
      rows.atMost(MOST_MS, { what: `coder-k8s ${what}, p50`, value, text: text(all), unit: " ms" });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return { area: "start", rows: rows.list };
}

function text(all: readonly number[]): string {
  const [p50, p90] = [0.5, 0.9].map((share) => percentile(all, share).toFixed(0));
  return `${p50} ms (p90 ${p90} ms, least ${Math.min(...all).toFixed(0)} ms)`;
}

/** Runs each command once in every turn, so that whatever else the machine does concerns all alike; milliseconds of each. */
export async function inTurns(commands: readonly (readonly string[])[], turns: number): Promise<number[][]> {
  const times = commands.map((): number[] => []);
  for (let turn = 0; turn < turns; turn++) {
    for (const [index, [program = "", ...args]] of commands.entries()) {
      const began = performance.now();
      const { code } = await new Deno.Command(program, { args, stdout: "null", stderr: "inherit" }).output();
      times[index]!.push(performance.now() - began);
      if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}`);
    }
  }
  return times;
}

async function emptyProgram(folder: string): Promise<string> {
  await Deno.writeTextFile(`${folder}/main.ts`, `console.log("");\n`);
  await bundle(`${folder}/main.ts`, `${folder}/bundle`);
  const output = `${folder}/empty`;
  await compile({ bundle: `${folder}/bundle`, entry: "main.js", output, runtime: await runtimeOf() });
  return output;
}
