/** What carries out each operation, by its name. */
import type { z } from "zod";
import type { TaskEvent } from "../link.ts";
import {
  archiveUnpack,
  echo,
  type Operation,
  pkgInstall,
  processInput,
  processOutput,
  processSignal,
  runCommand,
  runPython,
  sessionClose,
  sessionOpen,
  sessionUsage,
  testRun,
} from "../operations.ts";
import { carryOutFileOperation, FILE_OPERATIONS, type FileAnswer } from "./file_operations.ts";
import { installPackages } from "./packages/install.ts";
import type { PackageSettings } from "./packages/settings.ts";
import { inputTo, outputOf, runCommandIn, runPythonIn, signalTo } from "./process_operations.ts";
import type { SessionTable } from "./session_table.ts";
import { runTests } from "./test_runs/run_tests.ts";
import type { WorkerSession } from "./worker_session.ts";

/** All that there is to carry one out with. */
export interface HandlerContext {
  readonly sessionId: string;
  readonly sessions: SessionTable;
  readonly packages: PackageSettings;
  readonly body: Uint8Array | undefined;
  readonly traceparent: string;
  readonly tell: (event: TaskEvent) => void;
  readonly signal: AbortSignal;
}

type Input = Readonly<Record<string, unknown>>;
type Handler = (context: HandlerContext, input: Input) => Promise<FileAnswer>;

const entries: [string, Handler][] = [];

function handles<I extends z.ZodObject, O extends z.ZodObject>(
  { name }: Operation<I, O>,
  work: (context: HandlerContext, input: z.output<I>) => Promise<z.output<O>> | z.output<O>,
): void {
  entries.push([name, async (context, input) => ({ output: await work(context, input as z.output<I>) })]);
}

/** One that is for a session that is here, and ends with it. */
function handlesIn<I extends z.ZodObject, O extends z.ZodObject>(
  operation: Operation<I, O>,
  work: (
    session: WorkerSession,
    input: z.output<I>,
    context: HandlerContext,
  ) => Promise<z.output<O>> | z.output<O>,
): void {
  handles(operation, (context, input) => {
    const session = context.sessions.get(context.sessionId);
    return work(session, input, within(session, context));
  });
}

/** What is done in a session ends with it. */
function within(session: WorkerSession, context: HandlerContext): HandlerContext {
  return { ...context, signal: AbortSignal.any([context.signal, session.ended]) };
}

handles(echo, (_, { message }) => ({ message }));
handles(sessionOpen, async ({ sessions, sessionId }, options) => {
  const { sandbox } = await sessions.open(sessionId, options);
  return { isolation: sandbox.isolation };
});
handles(sessionClose, async ({ sessions, sessionId }, { keepFiles }) => {
  await sessions.close(sessionId, keepFiles);
  return {};
});
handlesIn(sessionUsage, async ({ sandbox, processes }, _, { signal }) => {
  await processes.refresh(signal);
  const { cpuMs, memoryBytes, diskBytes } = await sandbox.usage();
  return {
    cpuMs,
    memoryBytes,
    diskBytes,
    processes: processes.list().map((process) => ({
      process: process.name,
      command: process.command.slice(0, 200),
      state: process.isRunning ? "running" as const : "exited" as const,
      startedAt: process.startedAt.toISOString(),
    })),
  };
});
handlesIn(runCommand, ({ processes }, input, context) => runCommandIn(processes, input, context));
handlesIn(runPython, ({ processes }, input, context) => runPythonIn(processes, input, context));
handlesIn(processOutput, ({ processes }, input, context) => outputOf(processes, input, context));
handlesIn(processInput, ({ processes }, input, context) => inputTo(processes, input, context));
handlesIn(processSignal, ({ processes }, input, context) => signalTo(processes, input, context));
handlesIn(
  pkgInstall,
  (session, input, context) => installPackages(session, input, context.packages, context),
);
handlesIn(testRun, runTests);

for (const name of FILE_OPERATIONS) {
  entries.push([name, async (context, input) => {
    const session = context.sessions.get(context.sessionId);
    const { signal, body } = within(session, context);
    const work = () => carryOutFileOperation(session.sandbox, name, input, body, signal);
    return await (name === archiveUnpack.name ? session.processes.without(work, signal) : work());
  }]);
}

export const HANDLERS: ReadonlyMap<string, Handler> = new Map(entries);
