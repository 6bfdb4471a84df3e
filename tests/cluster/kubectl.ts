/** Running kubectl, the one that was built with the cluster. */

/** Options of one run. */
export interface KubectlOptions {
  /** Its standard input, for `-f -`. */
  input?: string;
  /** Return a failure instead of throwing it. @default {false} */
  allowFailure?: boolean;
  /** Deadline, in milliseconds. @default {120_000} */
  timeoutMs?: number;
  /** Path of a kubeconfig. @default the administrator's */
  kubeconfig?: string;
  /** More environment. @default none */
  env?: Record<string, string>;
}

/** What kubectl said. */
export interface KubectlResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `program` with arguments. @throws when it exits non-zero (unless allowed) or takes longer than the deadline */
export async function runKubectl(
  program: string,
  args: readonly string[],
  options: KubectlOptions,
): Promise<KubectlResult> {
  const timeoutMs = options.timeoutMs ?? 120_000;
  const what = `kubectl ${args.join(" ")}`;
  const child = new Deno.Command(program, {
    args: [...args],
    env: { ...options.env, KUBECONFIG: options.kubeconfig ?? "/dev/null" },
    stdin: options.input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    try {
      child.kill("SIGKILL");
    } catch (error) {
      // It ended at this very moment.
      if (!(error instanceof TypeError)) throw error;
    }
  }, timeoutMs);
  try {
    const [output] = await Promise.all([child.output(), feed(child, options.input)]);
    const decoder = new TextDecoder();
    const result = {
      code: output.code,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr),
    };
    if (late) {
      throw new Error(`${what} took longer than ${timeoutMs / 1000} s and was killed\n${result.stderr}`);
    }
    if (result.code !== 0 && !options.allowFailure) {
      throw new Error(`${what} exited with ${result.code}\n${result.stderr}${result.stdout}`);
    }
    return result;
  } finally {
    clearTimeout(deadline);
  }
}

async function feed(child: Deno.ChildProcess, input: string | undefined): Promise<void> {
  if (input === undefined) return;
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch (error) {
    // It has ended without reading all of it; its exit code says why.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
