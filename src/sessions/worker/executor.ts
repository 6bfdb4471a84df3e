/**
 * Carries tasks out. Tasks of different sessions have nothing to do with each other. Within a session, short operations on
 * files are done in the order in which they came, one after the other and each as a whole; long ones (searches, archives,
 * deep lists) and processes go on beside them. While an archive is unpacked no process runs.
 */
import type { z } from "zod";
import type { Task, TaskEvent, TaskExecutor, TaskOutcome } from "../link.ts";
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { OPERATIONS } from "../operations.ts";
import type { SandboxHost } from "../sandbox/types.ts";
import { type Limits, SessionError, type WorkerLoad } from "../types.ts";
import { type HandlerContext, HANDLERS } from "./handlers.ts";
import { Housekeeping } from "./housekeeping.ts";
import { type PackageSettings, PLAIN_PACKAGES } from "./packages/settings.ts";
import { SessionTable } from "./session_table.ts";
import { stopError } from "./stopped.ts";
import { WorkerMetrics } from "./worker_metrics.ts";

export interface ExecutorOptions {
  readonly host: SandboxHost;
  /** Where the host has its sessions: whose disk is watched. Absent: nothing of them is on this machine. */
  readonly directory?: string | undefined;
  /** Sessions at once. */
  readonly capacity: number;
  /** The most that a session may have here, whatever it was made with. @default what it was made with */
  readonly limits?: Limits | undefined;
  /** Bytes of free disk below which no new session is taken. @default 512 MiB */
  readonly diskReserveBytes?: number | undefined;
  /** Other workers have the directory, too: what is there and not ours is left alone. @default false */
  readonly isShared?: boolean | undefined;
  readonly packages?: PackageSettings | undefined;
  readonly log?: Logger | undefined;
  readonly metrics?: Metrics | undefined;
  readonly clock?: Clock | undefined;
}

export interface Executor extends TaskExecutor {
  /** Takes no new sessions from now on. Those that it has go on. */
  drain(): void;
  /** Resolves when no task runs, or `signal` aborts. */
  settled(signal: AbortSignal): Promise<void>;
  /** Stops tasks and the watch over the machine. Sessions are ended by closing their host, and their files stay. */
  close(): Promise<void>;
}

/** What carries tasks out in sessions of `host`. It begins to remove what an earlier process has left. */
export function createExecutor(options: ExecutorOptions): Executor {
  return new SandboxExecutor(options);
}

const KNOWN = new Map(OPERATIONS.map((operation) => [operation.name, operation]));

/** Names of all operations that workers of this version can carry out. */
export const CAPABILITIES: readonly string[] = [...KNOWN.keys()];

class SandboxExecutor implements Executor {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #metrics: WorkerMetrics;
  readonly #sessions: SessionTable;
  readonly #housekeeping: Housekeeping;
  readonly #packages: PackageSettings;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  #isDraining = false;

  constructor(options: ExecutorOptions) {
    this.#log = options.log ?? silentLogger;
    this.#clock = options.clock ?? systemClock;
    this.#packages = options.packages ?? PLAIN_PACKAGES;
    this.#sessions = new SessionTable({
      host: options.host,
      capacity: options.capacity,
      limits: options.limits,
      admit: () => this.#admit(),
      onOutput: (stream, bytes) => this.#metrics.output(stream, bytes),
      onEnd: (process) => this.#metrics.ended(process),
    });
    this.#housekeeping = new Housekeeping({ ...options, log: this.#log, clock: this.#clock }, this.#sessions);
    this.#metrics = new WorkerMetrics(options.metrics ?? noMetrics, () => this.load());
    this.#housekeeping.begin(this.#stop.signal);
  }

  load(): WorkerLoad {
    const sessions = this.#sessions.list();
    return {
      sessions: sessions.map(({ id }) => id),
      runningTasks: this.#running.size,
      processes: sessions.reduce((sum, { processes }) => sum + processes.running, 0),
      memoryBytes: this.#housekeeping.memoryBytes,
      freeDiskBytes: this.#housekeeping.freeDiskBytes,
    };
  }

  drain(): void {
    this.#isDraining = true;
  }

  async settled(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>();
    const abort = () => aborted.resolve();
    signal.addEventListener("abort", abort, { once: true });
    while (this.#running.size > 0 && !signal.aborted) {
      await Promise.race([Promise.all(this.#running), aborted.promise]);
    }
    signal.removeEventListener("abort", abort);
  }

  async close(): Promise<void> {
    this.#isDraining = true;
    this.#stop.abort(new SessionError("unavailable", "this worker is shutting down"));
    await Promise.all([...this.#running, this.#housekeeping.ended]);
  }

  async execute(task: Task, tell: (event: TaskEvent) => void, signal: AbortSignal): Promise<TaskOutcome> {
    const began = this.#clock.now();
    const running = this.#outcome(task, tell, signal);
    this.#running.add(running);
    const outcome = await running;
    this.#running.delete(running);
    this.#report(task, outcome, this.#clock.now() - began);
    return outcome;
  }

  async #outcome(task: Task, tell: (event: TaskEvent) => void, signal: AbortSignal): Promise<TaskOutcome> {
    const stop = AbortSignal.any([signal, this.#stop.signal]);
    try {
      return { ok: true, ...await this.#carryOut(task, tell, stop) };
    } catch (cause) {
      const error = stop.aborted && (cause === stop.reason || !(cause instanceof SessionError))
        ? stopError(stop)
        : cause;
      if (error instanceof SessionError) return { ok: false, code: error.code, message: error.message };
      this.#log.error("a task failed in a way that is not foreseen", {
        session_id: task.sessionId,
        tool_name: task.operation,
        error,
      });
      return {
        ok: false,
        code: "internal",
        message: `${task.operation} failed at the worker in a way that is not foreseen: its log says more`,
      };
    }
  }

  async #carryOut(task: Task, tell: (event: TaskEvent) => void, signal: AbortSignal) {
    signal.throwIfAborted();
    const operation = KNOWN.get(task.operation);
    const handler = HANDLERS.get(task.operation);
    if (operation === undefined || handler === undefined) {
      throw new SessionError(
        "invalid",
        `this worker knows no operation ${task.operation}: update the worker`,
      );
    }
    const input = operation.input.safeParse(task.input);
    if (!input.success) {
      throw new SessionError("invalid", `${task.operation} was asked wrongly: ${issuesOf(input.error)}`);
    }
    const context: HandlerContext = {
      sessionId: task.sessionId,
      sessions: this.#sessions,
      packages: this.#packages,
      body: task.body,
      traceparent: task.traceparent,
      tell,
      signal,
    };
    return await handler(context, input.data);
  }

  #admit(): void {
    if (this.#isDraining) {
      throw new SessionError(
        "no_capacity",
        "this worker is shutting down, and takes no new sessions: ask another",
      );
    }
    this.#housekeeping.admit();
  }

  #report({ sessionId, operation, traceparent }: Task, outcome: TaskOutcome, milliseconds: number): void {
    // Names come from another process: what is none of ours is no label.
    const name = KNOWN.has(operation) ? operation : "unknown";
    this.#metrics.task(name, outcome.ok ? "ok" : outcome.code, milliseconds);
    this.#log.debug(outcome.ok ? "task done" : "task failed", {
      session_id: sessionId,
      workspace_id: sessionId,
      tool_name: name,
      duration_ms: Math.round(milliseconds),
      success: outcome.ok,
      ...(outcome.ok ? {} : { code: outcome.code }),
      trace_id: traceparent.split("-")[1] ?? "",
    });
  }
}

function issuesOf(error: z.ZodError): string {
  return error.issues.slice(0, 3).map(({ path, message }) =>
    `${path.map(String).join(".") || "it"}: ${message}`
  )
    .join("; ");
}
