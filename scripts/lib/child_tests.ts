/** One `deno test` process whose output is kept until it ends. */
import { join } from "node:path";
import { root } from "./run.ts";

/** How a process is run. */
export interface ChildOptions {
  /** Variables besides those of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** A file for its output; it is overwritten. */
  readonly output: string;
  /** After so many milliseconds it is ended, and has failed. */
  readonly deadlineMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** How long it may take to end when it is told to, in milliseconds. @default {5000} */
  readonly graceMs?: number;
}

/** How it ended. */
export interface ChildEnd {
  readonly code: number;
  /** Standard output and standard error as they came, and why it was ended, if it was. */
  readonly output: string;
  readonly milliseconds: number;
}

/** The arguments of `deno` for all of our tests. */
export function testArgs(args: readonly string[]): string[] {
  return ["test", "-A", "--no-check", "--config", join(root, "deno.json"), ...args];
}

/**
 * Runs Deno in a process group of its own and ends the whole group with it, so that nothing stays that a test has
 * started and not ended. The output goes to a file, not a pipe, which what is left behind could keep open.
 */
export async function runChild(args: readonly string[], options: ChildOptions): Promise<ChildEnd> {
  const { env, output, deadlineMs, signal, graceMs = 5000 } = options;
  const started = performance.now();
  // There even if the process is ended before it can open it.
  await Deno.writeTextFile(output, "");
  const child = new Deno.Command("sh", {
    args: ["-c", 'exec "$@" >"$0" 2>&1', output, Deno.execPath(), ...args],
    cwd: root,
    env: { ...env },
    stdin: "null",
    detached: true,
  }).spawn();
  const deadline = new AbortController();
  const timers = [
    setTimeout(() => deadline.abort(new Error(`it took longer than ${deadlineMs / 1000} s`)), deadlineMs),
  ];
  const end = AbortSignal.any([signal, deadline.signal]);
  const interrupt = () => {
    // Deno then names the tests that are running.
    send(child.pid, "SIGINT");
    timers.push(setTimeout(() => send(-child.pid, "SIGKILL"), graceMs));
  };
  if (end.aborted) interrupt();
  end.addEventListener("abort", interrupt);
  try {
    const { code } = await child.status;
    const text = await Deno.readTextFile(output);
    const reason = end.aborted ? `\nended from outside: ${messageOf(end.reason)}\n` : "";
    return { code, output: text + reason, milliseconds: performance.now() - started };
  } finally {
    end.removeEventListener("abort", interrupt);
    for (const timer of timers) clearTimeout(timer);
    send(-child.pid, "SIGKILL");
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** @param pid a process, or the negative number of a group's leader */
function send(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    // There is nobody any more, which is the aim.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
