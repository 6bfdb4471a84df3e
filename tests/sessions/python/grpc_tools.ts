/** Python with gRPC, made once from PyPI and kept outside of the work tree; and a client that it makes of our `.proto`. */
import { join } from "node:path";
import { ToolsError } from "../../cluster/go_build.ts";
import { cacheHome, exists, removeTree, withFileLock } from "../../cluster/paths.ts";
import { type ProgressSink, standardError, step } from "../../cluster/progress.ts";
import { keyOf } from "../../cluster/tool_list.ts";

const HERE = import.meta.dirname ?? ".";
const REQUIREMENTS = join(HERE, "requirements.txt");
/** Written last: what is without it is not whole. */
const WHOLE = ".whole";

export interface EnsurePythonOptions {
  /** @default {"python3"} */
  readonly python?: string;
  /** Overrides the cache's directory. */
  readonly cache?: string;
  readonly progress?: ProgressSink;
}

/**
 * The interpreter of an environment that has the packages.
 * @throws {ToolsError} that says what is missing
 */
export async function ensureGrpcPython(options: EnsurePythonOptions = {}): Promise<string> {
  const { python = "python3", cache = join(cacheHome(), "tools") } = options;
  const version = await run(python, ["-c", "import sys; print(sys.version, sys.base_prefix)"], MISSING);
  const key = keyOf([await Deno.readTextFile(REQUIREMENTS), version, `${Deno.build.os}/${Deno.build.arch}`]);
  const dir = join(cache, `python-grpc-${key}`);
  const interpreter = join(dir, "bin", "python");
  if (await exists(join(dir, WHOLE))) return interpreter;
  const progress = options.progress ?? standardError();
  await Deno.mkdir(cache, { recursive: true });
  await withFileLock(`${dir}.lock`, async () => {
    if (await exists(join(dir, WHOLE))) return;
    await step(progress, `Python with gRPC, once; kept in ${dir}`, async () => {
      await removeTree(dir);
      await run(python, ["-m", "venv", dir], MISSING);
      const install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--only-binary",
        ":all:",
        "--requirement",
        REQUIREMENTS,
      ];
      await run(
        interpreter,
        install,
        "PyPI, or a mirror of it that pip knows (PIP_INDEX_URL), must be reachable",
      );
    });
    await Deno.writeTextFile(join(dir, WHOLE), "");
  });
  return interpreter;
}

const MISSING = "python3 with venv is needed: as root `apt-get install python3-venv`";

/** Makes a client of a `.proto` file. @throws {ToolsError} */
export async function generateClient(interpreter: string, proto: string, into: string): Promise<void> {
  const folder = join(proto, "..");
  const out = [`--python_out=${into}`, `--grpc_python_out=${into}`];
  await run(
    interpreter,
    ["-m", "grpc_tools.protoc", `-I${folder}`, ...out, proto],
    "the .proto file is wrong",
  );
}

async function run(program: string, args: readonly string[], hint: string): Promise<string> {
  const command = new Deno.Command(program, { args: [...args], stdin: "null" });
  const { success, stdout, stderr } = await command.output().catch((cause: unknown) => {
    throw new ToolsError(`${program} cannot be run: ${hint}`, { cause });
  });
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (success) return text(stdout);
  throw new ToolsError(
    `${program} ${args.slice(0, 3).join(" ")} failed (${hint}):\n${text(stderr).slice(-2_000)}`,
  );
}
