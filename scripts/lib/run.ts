/** Running programs from the project's own scripts, and telling what happened. */

/** Prints one line to the terminal. */
export function say(line = ""): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

/** How a program is run. */
export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Show its output as it comes, besides collecting it. @default {false} */
  show?: boolean;
}

/** What a program left behind. */
export interface RunResult {
  code: number;
  /** Standard output and standard error, interleaved per chunk. */
  output: string;
}

/** Runs a program to its end. Never throws for a non-zero exit; throws a clear error where the program is missing. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const child = spawn(command, args, options);
  let output = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      if (options.show === true) Deno.stdout.writeSync(chunk);
      output += decoder.decode(chunk, { stream: true });
    }
  };
  const [status] = await Promise.all([child.status, collect(child.stdout), collect(child.stderr)]);
  return { code: status.code, output };
}

function spawn(command: string, args: readonly string[], options: RunOptions) {
  try {
    return new Deno.Command(command, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new Error(`${command} is not on the PATH: install it and run this again`, { cause: error });
    }
    throw error;
  }
}

/** Runs this very Deno with arguments. */
export function runDeno(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return run(Deno.execPath(), args, options);
}

/** The project's root folder. */
export const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
