/** Python with packages of PyPI: an environment for each set of them, made once and kept outside of the work tree. */
import { join } from "node:path";
import { ToolsError } from "./go_build.ts";
import { cacheHome, exists, removeTree, withFileLock } from "./paths.ts";
import { type ProgressSink, standardError, step } from "./progress.ts";
import { keyOf } from "./tool_list.ts";

/** Which packages. */
export interface PythonPackages {
  /** Of the environment's folder in the cache. */
  readonly name: string;
  /** What it is, for people: `Python with gRPC`. */
  readonly title: string;
  /** A file as pip takes it, every version pinned. */
  readonly requirements: string;
}

export interface EnsurePythonOptions {
  /** @default {"python3"} */
  readonly python?: string;
  /** Overrides the cache's directory. */
  readonly cache?: string;
  /** @default standard error */
  readonly progress?: ProgressSink;
}

/** Written last: what is without it is not whole. */
const WHOLE = ".whole";
const MISSING = "python3 with venv is needed: as root `apt-get install python3-venv`";
const NO_INDEX = "PyPI, or a mirror of it that pip knows (PIP_INDEX_URL), must be reachable";

/**
 * The interpreter of an environment that has the packages.
 *
 * @throws {ToolsError} that says what is missing
 */
export async function ensurePython(
  { name, title, requirements }: PythonPackages,
  options: EnsurePythonOptions = {},
): Promise<string> {
  const { python = "python3", cache = join(cacheHome(), "tools") } = options;
  const version = await runPython(
    python,
    ["-c", "import sys; print(sys.version, sys.base_prefix)"],
    MISSING,
  );
  const key = keyOf([await Deno.readTextFile(requirements), version, `${Deno.build.os}/${Deno.build.arch}`]);
  const dir = join(cache, `${name}-${key}`);
  const interpreter = join(dir, "bin", "python");
  if (await exists(join(dir, WHOLE))) return interpreter;
  const progress = options.progress ?? standardError();
  await Deno.mkdir(cache, { recursive: true });
  await withFileLock(`${dir}.lock`, async () => {
    if (await exists(join(dir, WHOLE))) return;
    await step(progress, `${title}, once; kept in ${dir}`, async () => {
      await removeTree(dir);
      await runPython(python, ["-m", "venv", dir], MISSING);
      const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary"];
      await runPython(interpreter, [...install, ":all:", "--requirement", requirements], NO_INDEX);
    });
    await Deno.writeTextFile(join(dir, WHOLE), "");
  });
  return interpreter;
}

/** What a program printed. @throws {ToolsError} with `hint` and the end of its errors where it fails */
export async function runPython(program: string, args: readonly string[], hint: string): Promise<string> {
  const { success, stdout, stderr } = await output(program, args, hint);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (success) return text(stdout);
  throw new ToolsError(
    `${program} ${args.slice(0, 3).join(" ")} failed (${hint}):\n${text(stderr).slice(-2_000)}`,
  );
}

async function output(program: string, args: readonly string[], hint: string): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
  } catch (cause) {
    throw new ToolsError(`${program} cannot be run: ${hint}`, { cause });
  }
}
