/** An executor that answers as a test says. For tests alone. */
import type { Task, TaskEvent, TaskExecutor, TaskOutcome } from "../link.ts";
import type { WorkerLoad } from "../types.ts";

/** One call of an operation. */
export interface MockCall {
  readonly task: Task;
  readonly tell: (event: TaskEvent) => void;
  /** Aborts where the task is canceled or late. */
  readonly signal: AbortSignal;
}

export type MockAnswer = TaskOutcome | ((call: MockCall) => TaskOutcome | Promise<TaskOutcome>);

/** A call that waits for the test. */
export interface HeldCall extends MockCall {
  release(outcome: TaskOutcome): void;
}

export const IDLE_LOAD: WorkerLoad = {
  sessions: [],
  runningTasks: 0,
  processes: 0,
  memoryBytes: 0,
  freeDiskBytes: 2 ** 34,
};

/** Answers `echo`, `session.open` and `session.close` as a worker does; everything else as it is told. */
export class MockExecutor implements TaskExecutor {
  /** All tasks that it was given, in order. One that is here twice was run twice. */
  readonly tasks: Task[] = [];
  /** What `load` answers; `sessions` are those that were opened. */
  loadNow: WorkerLoad = IDLE_LOAD;
  readonly #answers = new Map<string, MockAnswer[]>();
  readonly #held = new Map<string, MockAnswer[]>();
  readonly #sessions = new Set<string>();

  constructor() {
    this.answer("echo", ({ task }) => ({ ok: true, output: { message: task.input["message"] } }));
    this.answer("session.open", ({ task }) => {
      this.#sessions.add(task.sessionId);
      return { ok: true, output: { isolation: "namespaces" } };
    });
    this.answer("session.close", ({ task }) => {
      this.#sessions.delete(task.sessionId);
      return { ok: true, output: {} };
    });
  }

  /** The answers of an operation from now on, one call after the other; the last one stays. */
  answer(operation: string, ...answers: readonly [MockAnswer, ...MockAnswer[]]): this {
    this.#answers.set(operation, [...answers]);
    return this;
  }

  /** The next call of an operation (each call of this is for one more) waits until the test releases it, or its signal aborts (`canceled`, `deadline`). */
  hold(operation: string): Promise<HeldCall> {
    return new Promise((told) => {
      const held: MockAnswer = (call) =>
        new Promise<TaskOutcome>((resolve) => {
          const abort = () => resolve(stopped(call.signal.reason));
          if (call.signal.aborted) return abort();
          call.signal.addEventListener("abort", abort, { once: true });
          told({ ...call, release: resolve });
        });
      this.#held.set(operation, [...this.#held.get(operation) ?? [], held]);
    });
  }

  async execute(
    task: Task,
    tell: (event: TaskEvent) => void,
    signal: AbortSignal,
  ): Promise<TaskOutcome> {
    this.tasks.push(task);
    const answers = this.#answers.get(task.operation) ?? [unknown(task.operation)];
    const answer = this.#held.get(task.operation)?.shift() ??
      (answers.length > 1 ? answers.shift() : answers[0])!;
    return await (typeof answer === "function" ? answer({ task, tell, signal }) : answer);
  }

  load(): WorkerLoad {
    return { ...this.loadNow, sessions: [...this.#sessions] };
  }
}

function unknown(operation: string): TaskOutcome {
  return { ok: false, code: "invalid", message: `the mock worker has no answer for ${operation}` };
}

function stopped(reason: unknown): TaskOutcome {
  const { code, message } = reason as { code?: string; message?: string };
  return {
    ok: false,
    code: code === "deadline" ? "deadline" : "canceled",
    message: message ?? "it was canceled",
  };
}
