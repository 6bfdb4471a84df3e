/** Building Go programs of a tools module: what the harnesses of tests/cluster and tests/coder share. */
import { basename, dirname, join } from "node:path";
import { removeTree } from "./paths.ts";

/** A tool is not there and cannot be built. The message says what to do. */
export class ToolsError extends Error {
  override name = "ToolsError";
}

/** Environment of every `go` call: static binaries, so that no C compiler is needed; no foreign workspace. */
export const GO_ENVIRONMENT = { CGO_ENABLED: "0", GOWORK: "off" } as const;

/** Where and how `go` runs. */
export interface GoOptions {
  /** The Go program. */
  go: string;
  /** The directory of the module's go.mod. */
  moduleDir: string;
  /** Leaves the machine to others (`nice`). @default {false} */
  nice?: boolean;
}

/** Runs `go` in a module; what it printed. @throws {ToolsError} with the last lines of its errors when it fails */
export async function runGo(options: GoOptions, args: string[]): Promise<string> {
  const { go, moduleDir } = options;
  const [program, before] = options.nice ? ["nice", [go]] : [go, []];
  const command = new Deno.Command(program, {
    args: [...before, ...args],
    cwd: moduleDir,
    env: GO_ENVIRONMENT,
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  const reason = decoder.decode(stderr).trim().split("\n").slice(-15).join("\n");
  throw new ToolsError(`${go} ${args[0]} ${args.at(-1)} failed in ${moduleDir}:\n${reason}`);
}

/** Checks that Go is there. @throws {ToolsError} with the message `missing` when it is not */
export async function needGo(options: GoOptions, missing: string): Promise<void> {
  try {
    await runGo({ ...options, nice: false }, ["version"]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new ToolsError(missing, { cause: error });
    throw error;
  }
}

/** Builds a package to `output`, which is there when it is complete and not before. @throws {ToolsError} when it fails */
export async function buildProgram(
  options: GoOptions,
  flags: readonly string[],
  goPackage: string,
  output: string,
): Promise<void> {
  const unfinished = join(dirname(output), `.${basename(output)}.${Deno.pid}`);
  try {
    await runGo(options, ["build", ...flags, "-o", unfinished, goPackage]);
    await Deno.rename(unfinished, output);
  } finally {
    await removeTree(unfinished);
  }
}
