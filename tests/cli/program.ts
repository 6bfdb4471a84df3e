/** The program as its users start it: from source, or the compiled binary. */

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** One way to start it. */
export interface Variant {
  /** For test names: `source` or `binary`. */
  readonly name: string;
  readonly command: readonly string[];
  /** Path of the executable; absent when run from source. */
  readonly binary?: string;
}

/** From source. Like the binary, it never asks for permissions. */
export const source: Variant = {
  name: "source",
  command: [Deno.execPath(), "run", "-A", "--no-prompt", "--no-check", "--quiet", `${root}/main.ts`],
};

/**
 * The source, and the compiled binary where there is one: the file that `CODER_K8S_BINARY` names, which must exist, or
 * `dist/coder-k8s` where it is newer than every source file.
 */
export function variants(): Variant[] {
  const named = Deno.env.get("CODER_K8S_BINARY");
  if (named) {
    Deno.statSync(named);
    return [source, binary(named)];
  }
  const built = `${root}/dist/coder-k8s`;
  return isFresh(built) ? [source, binary(built)] : [source];
}

function binary(path: string): Variant {
  return { name: "binary", command: [path], binary: path };
}

/** Whether a compiled file is newer than every source file. */
export function isFresh(path: string): boolean {
  let builtAt: number;
  try {
    builtAt = Deno.statSync(path).mtime?.getTime() ?? 0;
  } catch {
    return false;
  }
  return [`${root}/src`, `${root}/main.ts`, `${root}/scripts/compile.ts`, `${root}/deno.json`]
    .every((source) => newest(source) < builtAt);
}

function newest(path: string): number {
  const { isDirectory, mtime } = Deno.statSync(path);
  if (!isDirectory) return mtime?.getTime() ?? 0;
  const inside = [...Deno.readDirSync(path)].filter(({ name }) => !name.endsWith("_test.ts"));
  return Math.max(0, ...inside.map(({ name }) => newest(`${path}/${name}`)));
}

/** How a run ended. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Options of {@linkcode runProgram}. */
export interface ProgramOptions {
  /** Added to an environment without any `CODER_K8S_` variables and without a kubeconfig. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Killed after so long, in milliseconds. @default {120_000} */
  readonly timeoutMs?: number;
}

/** The environment of a run: ours, cleaned of what would change the program's behaviour. */
export function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const own = Object.entries(Deno.env.toObject())
    .filter(([name]) => !name.startsWith("CODER_") && name !== "KUBECONFIG" && !name.startsWith("POD_"));
  return { ...Object.fromEntries(own), ...extra };
}

/** Runs the program to its end. */
export async function runProgram(
  variant: Variant,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Outcome> {
  const [program = "", ...prefix] = variant.command;
  const child = new Deno.Command(program, {
    args: [...prefix, ...args],
    env: cleanEnvironment(options.env),
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(options.timeoutMs ?? 120_000),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}
