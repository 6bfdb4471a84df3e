/** The operations on processes: what is started, how long a call waits for it, and what it answers then. */
import type { z } from "zod";
import type { TaskEvent } from "../link.ts";
import type {
  processInput,
  processOutput,
  processSignal,
  ProcessState,
  runCommand,
  runPython,
} from "../operations.ts";
import { OutputEvents } from "./output_events.ts";
import type { Process, Stream } from "./process.ts";
import type { Processes, StartSpec } from "./processes.ts";
import bootstrap from "./python/run_code.py" with { type: "text" };
import { stopError } from "./stopped.ts";

/** What a call comes with. */
export interface CallContext {
  readonly traceparent: string;
  readonly tell: (event: TaskEvent) => void;
  readonly signal: AbortSignal;
}

const encoder = new TextEncoder();

/** The fields that all calls have which start a process. */
type StartInput = Pick<
  z.output<typeof runCommand.input>,
  "cwd" | "env" | "stdin" | "waitMs" | "timeoutMs" | "interactive"
>;

export async function runCommandIn(
  processes: Processes,
  input: z.output<typeof runCommand.input>,
  context: CallContext,
): Promise<ProcessState> {
  const { command } = input;
  const argv = typeof command === "string" ? ["sh", "-c", command] : command;
  return await foreground(
    processes,
    {
      ...common(input, context),
      argv,
      command: typeof command === "string" ? command : command.join(" "),
    },
    input.waitMs,
    context,
  );
}

export async function runPythonIn(
  processes: Processes,
  input: z.output<typeof runPython.input>,
  context: CallContext,
): Promise<ProcessState> {
  const code = encoder.encode(input.code);
  const start = common(input, context);
  const stdin = new Uint8Array(code.length + start.stdin.length);
  stdin.set(code);
  stdin.set(start.stdin, code.length);
  const name = `code-${crypto.randomUUID().slice(0, 8)}.py`;
  return await foreground(
    processes,
    {
      ...start,
      stdin,
      argv: ["python3", "-u", "-c", bootstrap, String(code.length), name, ...input.args],
      command: `python3: ${input.code.trim().split("\n", 1)[0]}`,
    },
    input.waitMs,
    context,
  );
}

function common(input: StartInput, { traceparent }: CallContext): Omit<StartSpec, "argv" | "command"> {
  return {
    cwd: input.cwd,
    env: withTrace(input.env, traceparent),
    stdin: encoder.encode(input.stdin),
    interactive: input.interactive,
    timeoutMs: input.timeoutMs,
  };
}

/** Variables of a process with the trace that its call belongs to. */
export function withTrace(
  env: Readonly<Record<string, string>>,
  traceparent: string,
): Readonly<Record<string, string>> {
  return traceparent === "" ? env : { TRACEPARENT: traceparent, ...env };
}

/**
 * Starts a process and waits for its end, at most `waitMs`; then it goes on without this call. Where the call is stopped
 * before, so is the process. Rejects with `SessionError`.
 */
export async function foreground(
  processes: Processes,
  spec: StartSpec,
  waitMs: number,
  context: CallContext,
): Promise<ProcessState> {
  return (await waitedFor(processes, spec, waitMs, context)).state();
}

/** As {@linkcode foreground}, and answers the process itself. */
export async function waitedFor(
  processes: Processes,
  spec: StartSpec,
  waitMs: number,
  { tell, signal }: CallContext,
): Promise<Process> {
  const events = new OutputEvents(tell);
  const watched = waitMs === 0
    ? spec
    : { ...spec, onOutput: (stream: Stream, bytes: Uint8Array) => events.add(stream, bytes) };
  try {
    const process = await processes.start(watched, signal);
    await process.wait(waitMs, signal);
    if (signal.aborted && waitMs > 0) {
      if (process.isRunning) process.terminate();
      throw stopError(signal);
    }
    return process;
  } finally {
    events.end();
  }
}

export async function outputOf(
  processes: Processes,
  { process: name, stdout, stderr, waitMs }: z.output<typeof processOutput.input>,
  { signal }: CallContext,
): Promise<z.output<typeof processOutput.output>> {
  const process = await processes.find(
    name,
    signal,
    (known) => known.stdout.end >= (stdout ?? 0) && known.stderr.end >= (stderr ?? 0),
  );
  // Refuses what cannot be before it waits.
  process.state({ stdout, stderr });
  await process.wait(
    waitMs,
    signal,
    () => process.stdout.end > (stdout ?? 0) || process.stderr.end > (stderr ?? 0),
  );
  if (signal.aborted) throw stopError(signal);
  const aftermath = await process.aftermath(signal);
  return { ...process.state({ stdout, stderr }), ...aftermath };
}

/** Waits until the process has taken it; where the call is stopped before, the process may still get it. */
export async function inputTo(
  processes: Processes,
  { process: name, data, close }: z.output<typeof processInput.input>,
  { signal }: CallContext,
): Promise<z.output<typeof processInput.output>> {
  const process = await processes.find(name, signal);
  const bytes = encoder.encode(data);
  if (bytes.length > 0 || !close) await process.write(bytes, signal);
  if (close) process.closeInput();
  return { process: name, bytes: bytes.length };
}

export async function signalTo(
  processes: Processes,
  { process: name, signal: sent }: z.output<typeof processSignal.input>,
  { signal }: CallContext,
): Promise<z.output<typeof processSignal.output>> {
  const process = await processes.find(name, signal);
  process.signal(sent);
  return { process: name, state: process.isRunning ? "running" : "exited" };
}
