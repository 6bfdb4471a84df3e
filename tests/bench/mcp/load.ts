/** Load on an MCP endpoint, from a process of its own. */

export interface LoadOrder {
  readonly url: string;
  readonly token: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly era: "sessions" | "sessionless";
  readonly callers: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Of an answer. */
  readonly bytes: number;
  readonly failures: readonly string[];
}

/** Runs it. Throws where a call has failed. */
export async function load(order: LoadOrder): Promise<LoadResult> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL("./load_process.ts", import.meta.url).pathname,
      JSON.stringify(order),
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(`the load ended with ${code}: ${new TextDecoder().decode(stderr)}`);
  const result = JSON.parse(new TextDecoder().decode(stdout)) as LoadResult;
  if (result.failures.length > 0) {
    throw new Error(`${result.failures.length} calls of ${order.tool} failed: ${result.failures[0]}`);
  }
  return result;
}
