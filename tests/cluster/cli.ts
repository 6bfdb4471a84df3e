/** `deno task cluster:up|cluster:down [--name NAME]`: a cluster that stays until it is told to go. */
import { parseArgs } from "node:util";
import { dirname } from "node:path";
import { Cluster } from "./cluster.ts";
import { destroy, PartFailedError, runningParts } from "./lifecycle.ts";
import { exists, namedClusterDir, withFileLock } from "./paths.ts";
import { type ProgressSink, standardError } from "./progress.ts";
import { startCluster } from "./start.ts";
import { layout, PARTS } from "./state.ts";
import { ToolsError } from "./tools.ts";

const DEFAULT_NAME = "dev";
const USAGE = `usage: cli.ts up|down [--name NAME]

  up    starts a cluster and leaves it running; the last line is the path of its kubeconfig
  down  stops it

  --name NAME  several can run side by side (default: ${DEFAULT_NAME})
`;

/** Starts the cluster of that name unless it runs; the path of its kubeconfig. */
export function up(name: string, progress: ProgressSink): Promise<string> {
  return alone(name, progress, async (dir) => {
    const { state, kubeconfig } = layout(dir);
    if (await exists(state) && (await runningParts(dir)).length > 0) {
      const cluster = await Cluster.open(state);
      for (const part of PARTS) await cluster.start(part);
      progress.write(`Cluster ${name} is running.\n`);
      return kubeconfig;
    }
    // What a crash or a reboot left behind.
    await destroy(dir);
    progress.write(`Starting cluster ${name}.\n`);
    const cluster = await startCluster({ name, dir, owner: null, progress });
    return cluster.kubeconfig;
  });
}

/** Stops the cluster of that name; whether there was one. */
export function down(name: string, progress: ProgressSink): Promise<boolean> {
  return alone(name, progress, async (dir) => {
    if (!(await exists(dir))) {
      progress.write(`There is no cluster ${name}.\n`);
      return false;
    }
    await destroy(dir);
    progress.write(`Cluster ${name} is stopped.\n`);
    return true;
  });
}

async function alone<T>(name: string, progress: ProgressSink, run: (dir: string) => Promise<T>): Promise<T> {
  const dir = namedClusterDir(name);
  await Deno.mkdir(dirname(dir), { recursive: true });
  return await withFileLock(
    `${dir}.lock`,
    () => run(dir),
    () => progress.write(`Another process starts or stops cluster ${name}; waiting for it.\n`),
  );
}

/** Runs the command line; the exit code. */
export async function main(args: string[], progress: ProgressSink = standardError()): Promise<number> {
  let command: string | undefined;
  let name: string;
  try {
    const parsed = parseArgs({
      args,
      allowPositionals: true,
      options: { name: { type: "string", default: DEFAULT_NAME }, help: { type: "boolean", short: "h" } },
    });
    if (parsed.values.help) {
      print(USAGE);
      return 0;
    }
    const [first, ...others] = parsed.positionals;
    if ((first !== "up" && first !== "down") || others.length > 0) throw new Error("say up or down");
    command = first;
    name = parsed.values.name;
    namedClusterDir(name);
  } catch (error) {
    progress.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  try {
    if (command === "down") await down(name, progress);
    else print(`${await up(name, progress)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ToolsError || error instanceof PartFailedError)) throw error;
    progress.write(`${error.message}\n`);
    return 1;
  }
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
