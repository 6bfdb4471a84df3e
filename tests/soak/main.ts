/** `deno task soak [area…] [--minutes N] [--seed N]`: long runs on a cluster of their own. */
import { styleText } from "node:util";
import { standardError, ToolsError } from "../cluster/mod.ts";
import { withLiveLine } from "./live_line.ts";
import { type Area, HELP, parseOptions, type SoakOptions } from "./options.ts";
import { type AreaOptions, type Paint, passed, type Report, table } from "./report.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Loaded only when asked for. */
const areas: Record<Area, () => Promise<{ run: (options: AreaOptions) => Promise<Report> }>> = {
  aggregated: () => import("./aggregated.ts"),
  availability: () => import("./availability.ts"),
  chaos: () => import("./chaos.ts"),
  controlplane: () => import("./control_plane.ts"),
  idle: () => import("./idle.ts"),
  provisioner: () => import("./provisioner.ts"),
  proxy: () => import("./proxy.ts"),
  sessions: () => import("./sessions.ts"),
};

const isColoured = Deno.stdout.isTerminal() && (Deno.env.get("NO_COLOR") ?? "") === "";
const paint: Paint = (style, text) => isColoured ? styleText(style, text, { validateStream: false }) : text;

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function complain(error: unknown): void {
  const expected = error instanceof ToolsError || interrupted.signal.aborted;
  const text = error instanceof Error ? (expected ? error.message : error.stack) : String(error);
  Deno.stderr.writeSync(new TextEncoder().encode(`\nsoak: ${text}\n`));
}

const interrupted = new AbortController();

/** The first signal ends the run in order, so that nothing stays behind; the second one at once. */
function onSignal(): void {
  if (interrupted.signal.aborted) Deno.exit(130);
  interrupted.abort(new Error("interrupted; cleaning up is done"));
  Deno.stderr.writeSync(new TextEncoder().encode("\nsoak: cleaning up …\n"));
}

async function runAreas(options: SoakOptions): Promise<boolean> {
  const dir = `${root}/dist/soak`;
  await Deno.mkdir(dir, { recursive: true });
  let good = true;
  for (const area of options.areas) {
    say(`\n${area}`);
    const { run } = await areas[area]();
    const report = await run({
      ...options,
      dir,
      signal: interrupted.signal,
      say: (line) => say(`  ${line}`),
      watch: (line, work) => withLiveLine(standardError(), line, work),
    });
    say(table(report, paint));
    if (!passed(report)) {
      good = false;
      say(`  again with: deno task soak ${area} --minutes ${options.minutes} --seed ${options.seed}`);
    }
  }
  say(`\n${good ? "all was borne" : "it did not bear all of it: see what is marked ✗"}`);
  return good;
}

async function main(): Promise<number> {
  let options: SoakOptions;
  try {
    options = parseOptions(Deno.args, () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 1);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    Deno.stderr.writeSync(new TextEncoder().encode(`soak: ${why}\n\n${HELP}`));
    return 2;
  }
  if (options.help) {
    say(HELP.trimEnd());
    return 0;
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, onSignal);
  try {
    return await runAreas(options) ? 0 : 1;
  } catch (error) {
    complain(error);
    return interrupted.signal.aborted ? 130 : 1;
  }
}

Deno.exit(await main());
