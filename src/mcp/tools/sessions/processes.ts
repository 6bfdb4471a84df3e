/** Commands, packages and tests in a session, and processes that go on. */
import { z } from "zod";
import {
  echo,
  FRAMEWORKS,
  type Operation,
  pkgInstall,
  processInput,
  processOutput,
  processSignal,
  type ProcessState,
  processState,
  runCommand,
  runPython,
  STANDARD_WAIT_MS,
  testRun,
} from "../../../sessions/operations.ts";
import type { Sessions } from "../../../sessions/coordinator/types.ts";
import { actTool, readTool, type Tool, type ToolCall } from "../../tool.ts";
import { carryOut, sessionInput, sessionOutput } from "./shared.ts";

/** Fields that start a process, for clients. */
const start = {
  cwd: runCommand.input.shape.cwd,
  env: runCommand.input.shape.env,
  stdin: runCommand.input.shape.stdin,
  interactive: runCommand.input.shape.interactive.describe("Its input stays open, for process.input"),
  waitMs: runCommand.input.shape.waitMs.describe(
    `Then its handle is answered, and it goes on. Default ${STANDARD_WAIT_MS}; 0: in the background`,
  ),
  timeoutMs: runCommand.input.shape.timeoutMs.describe("Then it is killed. Default: with the session"),
  ...sessionInput,
};

/** Makes them. */
export function processTools(sessions: Sessions): readonly Tool[] {
  return [
    starting(sessions, {
      name: "run.command",
      description: "Run a shell line, or a program with arguments",
      operation: runCommand,
      input: z.object({ command: runCommand.input.shape.command, ...start }),
      output: processState.extend(sessionOutput),
    }),
    starting(sessions, {
      name: "run.python",
      description: "Run Python code",
      operation: runPython,
      input: z.object({ code: runPython.input.shape.code, args: runPython.input.shape.args, ...start }),
      output: processState.extend(sessionOutput),
    }),
    starting(sessions, {
      name: "pkg.install",
      description: "Install packages with pip or npm",
      operation: pkgInstall,
      input: z.object({
        manager: pkgInstall.input.shape.manager,
        packages: pkgInstall.input.shape.packages.describe("Such as requests==2.32.3"),
        from: pkgInstall.input.shape.from.describe("requirements.txt, or a directory with package.json"),
        waitMs: pkgInstall.input.shape.waitMs,
        ...sessionInput,
      }),
      output: pkgInstall.output.extend(sessionOutput),
      openWorld: true,
      head: ({ installed }) => installedLines(installed),
    }),
    starting(sessions, {
      name: "test.run",
      description: "Run tests, with counts and failures",
      operation: testRun,
      input: z.object({
        framework: z.enum(FRAMEWORKS).optional().describe("Default: what the files are for"),
        path: testRun.input.shape.path,
        args: testRun.input.shape.args,
        env: testRun.input.shape.env,
        waitMs: testRun.input.shape.waitMs,
        ...sessionInput,
      }),
      output: testRun.output.extend(sessionOutput),
      head: testLines,
    }),
    outputTool(sessions),
    inputTool(sessions),
    signalTool(sessions),
    echoTool(sessions),
  ];
}

interface Starting<I extends z.ZodObject, O extends z.ZodObject> {
  readonly name: string;
  readonly description: string;
  readonly operation: Operation;
  readonly input: I;
  readonly output: O;
  readonly openWorld?: boolean;
  /** Lines before the output. */
  readonly head?: (output: z.output<O>) => readonly string[];
}

function starting<I extends z.ZodObject, O extends z.ZodObject>(
  sessions: Sessions,
  { name, description, operation, input, output, openWorld = false, head = () => [] }: Starting<I, O>,
): Tool {
  return actTool({
    name,
    description,
    toolset: "sessions",
    input: input as z.ZodObject,
    output: output as z.ZodObject,
    idempotent: false,
    destructive: true,
    openWorld,
    verbatim: true,
    text: (answer) =>
      [...head(answer as z.output<O>), processText(answer as unknown as ProcessState)].join("\n"),
    async act(given, call) {
      const { session, ...rest } = given as { session?: string };
      const answer = await carryOut(sessions, call, session, operation, rest);
      tellRest(answer.output as unknown as ProcessState, call);
      return { session: answer.session.id, ...answer.output };
    },
  });
}

function outputTool(sessions: Sessions): Tool {
  return readTool({
    name: "process.output",
    description: "Output of a process, and whether it runs",
    toolset: "sessions",
    input: z.object({
      process: processOutput.input.shape.process,
      stdout: processOutput.input.shape.stdout.describe("From this byte on: nextStdout of the answer before"),
      stderr: processOutput.input.shape.stderr,
      waitMs: processOutput.input.shape.waitMs.describe("For new output or its end"),
      ...sessionInput,
    }),
    output: processOutput.output.extend(sessionOutput),
    idempotent: true,
    verbatim: true,
    text: (answer) =>
      [
        ...(answer.tests === undefined ? [] : testLines(answer.tests)),
        ...installedLines(answer.installed ?? []),
        processText(answer),
      ].join("\n"),
    async read({ session, ...input }, call) {
      const answer = await carryOut(sessions, call, session, processOutput, input);
      tellRest(answer.output, call);
      return { session: answer.session.id, ...answer.output };
    },
  });
}

function inputTool(sessions: Sessions): Tool {
  return actTool({
    name: "process.input",
    description: "Write to a process' standard input",
    toolset: "sessions",
    input: z.object({
      process: processInput.input.shape.process,
      data: processInput.input.shape.data,
      close: z.boolean().default(false).describe("End of input"),
      ...sessionInput,
    }),
    output: processInput.output.extend(sessionOutput),
    idempotent: false,
    destructive: false,
    verbatim: true,
    async act({ session, ...input }, call) {
      const answer = await carryOut(sessions, call, session, processInput, input);
      return { session: answer.session.id, ...answer.output };
    },
  });
}

function signalTool(sessions: Sessions): Tool {
  return actTool({
    name: "process.signal",
    description: "Signal a process and what it has started",
    toolset: "sessions",
    input: z.object({
      process: processSignal.input.shape.process,
      signal: processSignal.input.shape.signal,
      ...sessionInput,
    }),
    output: processSignal.output.extend(sessionOutput),
    idempotent: false,
    destructive: true,
    verbatim: true,
    async act({ session, ...input }, call) {
      const answer = await carryOut(sessions, call, session, processSignal, input);
      return { session: answer.session.id, ...answer.output };
    },
  });
}

function echoTool(sessions: Sessions): Tool {
  return readTool({
    name: "echo",
    description: "Echo a message from the session's worker: tells whether all is up",
    toolset: "sessions",
    input: z.object({ message: echo.input.shape.message, ...sessionInput }),
    output: echo.output.extend(sessionOutput),
    idempotent: true,
    verbatim: true,
    text: ({ message }) => message,
    async read({ session, message }, call) {
      const answer = await carryOut(sessions, call, session, echo, { message });
      return { session: answer.session.id, ...answer.output };
    },
  });
}

function tellRest(state: ProcessState, call: ToolCall): void {
  const { more, lost = 0, invalid = 0, process, nextStdout, nextStderr } = state;
  if (more === true) {
    call.warn(
      `There is more output: process.output with process ${process}, stdout ${nextStdout}, stderr ${nextStderr}.`,
    );
  }
  if (invalid > 0) call.warn(`${invalid} bytes are no UTF-8, and are shown as U+FFFD.`);
  if (lost > 0) call.warn(`${lost} bytes of output were too much to keep, and are gone.`);
}

function installedLines(installed: readonly { readonly name: string; readonly version: string }[]): string[] {
  const names = installed.map(({ name, version }) => `${name} ${version}`);
  return names.length === 0 ? [] : [`installed: ${names.join(", ")}`];
}

function testLines(
  { framework, counts, failures }: Pick<z.output<typeof testRun.output>, "framework" | "counts" | "failures">,
): string[] {
  const head = counts === undefined
    ? `${framework}: no results`
    : `${framework}: ${counts.passed} passed, ${counts.failed} failed, ${counts.errors} errors, ${counts.skipped} skipped`;
  return [
    head,
    ...failures.map(({ name, file, line, message }) =>
      `FAILED ${name}${
        file === undefined ? "" : ` (${file}${line === undefined ? "" : `:${line}`})`
      }: ${message}`
    ),
  ];
}

/** What became of it, and what it wrote. */
export function processText(state: ProcessState): string {
  const { process, stdout, stderr, exitCode, signal, limit, durationMs } = state;
  const seconds = `${(durationMs / 1_000).toFixed(durationMs < 10_000 ? 2 : 0)} s`;
  const end = state.state === "running"
    ? `${process} runs since ${seconds}: process.output tells more`
    : `${process} ${
      limit !== undefined
        ? `was ended by its limit of ${limit}`
        : signal !== undefined
        ? `was ended by ${signal}`
        : `exited with ${exitCode}`
    } after ${seconds}`;
  const parts = [end];
  if (stdout !== "") parts.push(stdout.replace(/\n$/, ""));
  if (stderr !== "") parts.push("stderr:", stderr.replace(/\n$/, ""));
  return parts.join("\n");
}
