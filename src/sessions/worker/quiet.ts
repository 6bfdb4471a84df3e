/** Small programs that the worker runs in a session for itself: they have no handle, and nobody sees them. */
import type { Sandbox } from "../sandbox/types.ts";
import { OutputBuffer } from "./output_buffer.ts";

export interface QuietResult {
  readonly exitCode: number | undefined;
  readonly stdout: Uint8Array;
}

/** Milliseconds that one may take. */
const MOST_MS = 30_000;

/**
 * Runs one to its end. Of its output the last `most` bytes are kept. Rejects with `SessionError`, and with the reason of
 * `signal`; it is killed then.
 */
export async function runQuietly(
  sandbox: Sandbox,
  argv: readonly string[],
  most: number,
  signal: AbortSignal,
): Promise<QuietResult> {
  const output = new OutputBuffer(most);
  const within = AbortSignal.any([signal, AbortSignal.timeout(MOST_MS)]);
  const process = await sandbox.spawn({
    argv,
    cwd: ".",
    env: {},
    onOutput: (stream, bytes) => stream === "stdout" ? output.append(bytes) : undefined,
  }, within);
  const kill = () => process.kill("SIGKILL");
  within.addEventListener("abort", kill, { once: true });
  if (within.aborted) kill();
  const { exitCode } = await process.exited;
  within.removeEventListener("abort", kill);
  within.throwIfAborted();
  return { exitCode, stdout: output.read(output.start, output.length) };
}

/** Bytes of a report at most: what is longer is none. */
export const MOST_REPORT = 4 * 2 ** 20;

/**
 * The text of a report that a process has written to `name` in the session's temporary directory, which is removed there.
 * Undefined where there is none, or it is longer than {@linkcode MOST_REPORT}.
 */
export async function takeReport(
  sandbox: Sandbox,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const script = 'cd "${TMPDIR:-/tmp}" && head -c "$1" -- "$2"; code=$?; rm -rf -- "$2"; exit $code';
  const { exitCode, stdout } = await runQuietly(
    sandbox,
    ["sh", "-c", script, "sh", String(MOST_REPORT + 1), name],
    MOST_REPORT + 1,
    signal,
  );
  if (exitCode !== 0 || stdout.length === 0 || stdout.length > MOST_REPORT) return undefined;
  return new TextDecoder().decode(stdout);
}

/** A name for a report that nothing else has. */
export function reportName(ending: string): string {
  return `report-${crypto.randomUUID()}${ending}`;
}

/**
 * A line of `sh` of our own that finds the path for report `name` in `$REPORT`, and `argv` in `$@`. What others have written
 * never gets into the line.
 */
export function withReport(line: string, name: string, argv: readonly string[]): readonly string[] {
  return ["sh", "-c", `REPORT="\${TMPDIR:-/tmp}/$0"; ${line}`, name, ...argv];
}
