/** Bundling and compiling, as the product is and as the benchmarks of memory do with smaller programs. */
import { COMPILE_FLAGS } from "./compile_flags.ts";
import { nameClassesIn } from "./kept_names.ts";
import { root, run, runDeno } from "./run.ts";

/** Gets a runtime on machines that reach the npm registry alone; not part of this repository. */
const RUNTIME_TOOL = `${root}/../shared/tools/denort`;

/**
 * First statement of an entry. CommonJS packages ask for Node's own modules with `require`, which a bundle of ES modules
 * does not have by itself. Making it starts the whole of Node's modules: that takes longer than answering `version` or
 * `--help`, which need none of them, so it is made when it is first asked for.
 */
export const REQUIRE_ON_DEMAND = `Object.defineProperty(globalThis, "require", {
  configurable: true,
  get() {
    const value = process.getBuiltinModule("node:module").createRequire(import.meta.url);
    Object.defineProperty(globalThis, "require", { value });
    return value;
  },
});`;

/** What `compile` makes an executable of. */
export interface Executable {
  /** The folder that `bundle` wrote. */
  bundle: string;
  /** The bundle's entry, a file name in that folder. */
  entry: string;
  output: string;
  /** @default this machine's */
  target?: string | undefined;
  /** From `runtimeOf`. @default `deno compile` fetches it */
  runtime?: string | undefined;
}

/**
 * Bundles a program into a folder; what it imports dynamically stays a file of its own. Classes keep their names.
 *
 * @param flags more of `deno bundle`'s
 */
export async function bundle(entry: string, folder: string, flags: readonly string[] = []): Promise<void> {
  await deno([
    "bundle",
    "--quiet",
    "--minify",
    "--keep-names",
    "--code-splitting",
    // Packages that would be quicker with a native module do without where it cannot be loaded.
    "--external=*.node",
    ...flags,
    `--outdir=${folder}`,
    entry,
  ]);
  await nameClassesIn(folder);
}

/** Makes one executable of a bundle. */
export async function compile({ bundle, entry, output, target, runtime }: Executable): Promise<void> {
  // Chunks are loaded by name at run time: `deno compile` sees most of them, naming all makes sure.
  const chunks = [...Deno.readDirSync(bundle)]
    .filter(({ name }) => name.endsWith(".js") && name !== entry)
    .map(({ name }) => `--include=${bundle}/${name}`);
  await deno([
    "compile",
    "--quiet",
    "--no-check",
    "--no-config",
    "--no-npm",
    "--no-remote",
    ...COMPILE_FLAGS,
    ...chunks,
    ...(target === undefined ? [] : [`--target=${target}`]),
    `--output=${output}`,
    `${bundle}/${entry}`,
  ], runtime === undefined ? {} : { DENORT_BIN: runtime });
}

/** The runtime to put a bundle on: DENORT_BIN, or this machine's own; undefined leaves it to `deno compile`. */
export async function runtimeOf(target?: string): Promise<string | undefined> {
  const given = Deno.env.get("DENORT_BIN");
  if (given) return given;
  const here = target === undefined || target === Deno.build.target;
  if (!here || !await Deno.stat(RUNTIME_TOOL).then(() => true, () => false)) return undefined;
  const { code, output } = await run(RUNTIME_TOOL, []);
  if (code !== 0) throw new Error(`${RUNTIME_TOOL} failed: ${output.trim()}`);
  return output.trim().split("\n").at(-1);
}

async function deno(args: readonly string[], env: Record<string, string> = {}): Promise<void> {
  const { code, output } = await runDeno(args, { cwd: root, env: { NO_COLOR: "1", ...env } });
  if (code === 0) return;
  const said = output.split("\nStack backtrace:")[0]?.trim() ?? "";
  const hint = said.includes("denort")
    ? "\nThe runtime could not be fetched: set DENORT_BIN to the denort of this Deno version for the target."
    : "";
  throw new Error(`deno ${args[0]} failed:\n${said}${hint}`);
}
