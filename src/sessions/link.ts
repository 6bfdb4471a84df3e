/** Between the coordinator and one worker: tasks there, their events back. What carries them is below `wire/`. */
import type { SessionErrorCode, WorkerHello, WorkerLoad } from "./types.ts";

/** One operation for one session. Plain data; `input` is as its operation's schema has it. */
export interface Task {
  /** Random; the same where it is sent again. */
  readonly id: string;
  readonly sessionId: string;
  /** A name of `operations.ts`. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly body?: Uint8Array | undefined;
  /** Milliseconds that it may take, from when the worker takes it. */
  readonly deadlineMs: number;
  /** W3C trace context of the call, empty without one. */
  readonly traceparent: string;
}

/** Something to see while a task runs. */
export type TaskEvent =
  | { readonly kind: "output"; readonly stream: "stdout" | "stderr"; readonly text: string }
  | {
    readonly kind: "progress";
    readonly done: number;
    readonly total?: number | undefined;
    readonly message: string;
  };

/** How a task ended. */
export type TaskOutcome =
  | {
    readonly ok: true;
    readonly output: Readonly<Record<string, unknown>>;
    readonly body?: Uint8Array | undefined;
  }
  | { readonly ok: false; readonly code: SessionErrorCode; readonly message: string };

/** Carries tasks out, at the worker. Never rejects: what goes wrong is an outcome. */
export interface TaskExecutor {
  execute(task: Task, tell: (event: TaskEvent) => void, signal: AbortSignal): Promise<TaskOutcome>;
  load(): WorkerLoad;
}

/** A worker that runs in a Coder workspace is for sessions in that workspace alone. */
export interface WorkerBinding {
  readonly workspaceId: string;
  /** Coder's user id of the workspace's owner. */
  readonly ownerId: string;
}

/**
 * A worker that has registered, as the coordinator has it: from its registration until it has deregistered, or was not heard
 * of for as long as that is allowed, or another process registered in its name. Broken connections in between are not seen
 * here: tasks wait for the next, and none is carried out twice.
 */
export interface WorkerConnection {
  /** Who it is, as its token says. */
  readonly id: string;
  /** What its token says that it is for. Absent: for sessions of anybody, in sandboxes. */
  readonly binding?: WorkerBinding | undefined;
  readonly hello: WorkerHello;
  /** As its last heartbeat has it. */
  readonly load: WorkerLoad;
  /** Milliseconds since 1970. */
  readonly registeredAt: number;
  readonly lastHeardAt: number;
  /** A stream is open now. */
  readonly isConnected: boolean;
  /** It takes no new sessions: it is shutting down, and finishes what it has. */
  readonly isDraining: boolean;
  /**
   * Resolves with how it ended; the deadline of the task counts here, too. Rejects with {@linkcode WorkerLostError} where
   * the worker went away for good, and with the reason of `signal`, by which the worker is told to stop it.
   */
  run(task: Task, options: RunTaskOptions): Promise<TaskOutcome>;
}

export interface RunTaskOptions {
  readonly signal: AbortSignal;
  readonly onEvent?: ((event: TaskEvent) => void) | undefined;
}

/** The worker went away for good. */
export class WorkerLostError extends Error {
  override readonly name = "WorkerLostError";
  /** @param mayHaveRun the worker may have begun it */
  constructor(readonly workerId: string, readonly mayHaveRun: boolean, message: string) {
    super(message);
  }
}

/** Whoever wants to know which workers there are; calls come one after the other, and must not throw. */
export interface WorkerListener {
  joined(worker: WorkerConnection): void;
  /** `load`, `isConnected` or `isDraining` are others now. */
  changed(worker: WorkerConnection): void;
  /**
   * For good, at this coordinator. `reason` is for people.
   * @param isOver its process said farewell, or another one has its name: others will not hear it, either
   */
  left(worker: WorkerConnection, reason: string, isOver: boolean): void;
}
