/** An executor, and tasks for it. For tests alone. */
import assert from "node:assert/strict";
import type { Task, TaskEvent, TaskOutcome } from "../../link.ts";
import type { SandboxHost } from "../../sandbox/types.ts";
import { type SessionErrorCode, STANDARD_LIMITS } from "../../types.ts";
import { createExecutor, type Executor, type ExecutorOptions } from "../executor.ts";

type Fields = Record<string, unknown>;

export interface Call {
  readonly session?: string;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal;
  readonly traceparent?: string;
  /** Gets what is told meanwhile. */
  readonly events?: TaskEvent[];
}

export interface ExecutorRig extends AsyncDisposable {
  readonly executor: Executor;
  run(operation: string, input?: Fields, call?: Call): Promise<TaskOutcome>;
  /** The output of one that has to go well. */
  ok(operation: string, input?: Fields, call?: Call): Promise<Fields>;
  /** The message of one that has to fail with `code`. */
  fails(code: SessionErrorCode, operation: string, input?: Fields, call?: Call): Promise<string>;
  open(session?: string): Promise<void>;
  /** Writes a file of a session. */
  write(path: string, text: string, session?: string): Promise<void>;
}

export function executorRig(host: SandboxHost, options: Partial<ExecutorOptions> = {}): ExecutorRig {
  const executor = createExecutor({ host, directory: "/", capacity: 100, ...options });
  let tasks = 0;
  const run = (operation: string, input: Fields = {}, call: Call = {}) => {
    const { session = "sess-a", body, signal = new AbortController().signal, traceparent = "", events } =
      call;
    const task: Task = {
      id: `task-${++tasks}`,
      sessionId: session,
      operation,
      input,
      body: typeof body === "string" ? new TextEncoder().encode(body) : body,
      deadlineMs: 300_000,
      traceparent,
    };
    return executor.execute(task, (event) => void events?.push(event), signal);
  };
  const ok: ExecutorRig["ok"] = async (operation, input, call) => {
    const outcome = await run(operation, input, call);
    if (!outcome.ok) assert.fail(`${operation} ${JSON.stringify(input)}: ${JSON.stringify(outcome)}`);
    return outcome.output;
  };
  return {
    executor,
    run,
    ok,
    async fails(code, operation, input, call) {
      const outcome = await run(operation, input, call);
      assert.ok(!outcome.ok, `${operation} went well: ${JSON.stringify(outcome)}`);
      assert.equal(outcome.code, code, outcome.message);
      return outcome.message;
    },
    open: async (session = "sess-a") =>
      void await ok("session.open", { limits: STANDARD_LIMITS }, { session }),
    write: async (path, text, session = "sess-a") =>
      void await ok("fs.write", { path }, { session, body: text }),
    [Symbol.asyncDispose]: () => executor.close(),
  };
}
