/** Operations in sessions, carried out once: routed, tried again where that does no harm, and never where it might. */
import type { z } from "zod";
import { WorkerLostError } from "../link.ts";
import type { Operation } from "../operations.ts";
import { isOpen, SessionError, type SessionRecord } from "../types.ts";
import { sleep } from "../../telemetry/clock.ts";
import type { Core } from "./core.ts";
import { within } from "./deadline.ts";
import { type Loan, noWorkspaces, WorkspaceDeleted } from "../workspaces/types.ts";
import { endedError, outlivesWorker, type Records } from "./records.ts";
import type { Routes } from "./routes.ts";
import { AnswerNotUnderstood, readInput, runTask, type TaskAnswer, TaskFailed } from "./tasks.ts";
import type { Touches } from "./touches.ts";
import type { SessionCallOptions } from "./types.ts";

/** Beyond a task's deadline, which its worker and the link to it watch, too. */
const GRACE_MS = 10_000;
/** Of a task's deadline, that a wait for a process leaves to the rest. */
const WAIT_RESERVE_MS = 5_000;

export interface RunnerParts {
  readonly core: Core;
  readonly records: Records;
  readonly routes: Routes;
  readonly touches: Touches;
}

export interface RunAnswer<O extends z.ZodObject> extends TaskAnswer<O> {
  /** Where it was carried out. */
  readonly session: SessionRecord;
}

export class Runner {
  constructor(private readonly parts: RunnerParts) {}

  /**
   * Carries an operation out in an open session.
   * @throws {SessionError} and the reason of the signal
   */
  async run<I extends z.ZodObject, O extends z.ZodObject>(
    session: SessionRecord,
    operation: Operation<I, O>,
    given: z.input<I>,
    body: Uint8Array | undefined,
    options: SessionCallOptions,
  ): Promise<RunAnswer<O>> {
    const { core: { clock, settings }, touches } = this.parts;
    const input = readInput(operation, given);
    const late = () =>
      new SessionError(
        operation.idempotent ? "deadline" : "unknown_outcome",
        `${operation.name} in session ${session.id} was given up after ${settings.taskTimeoutMs} ms` +
          (operation.idempotent ? "" : `: it is not known whether it was done; ${LOOK}`),
      );
    const used = touches.begin(session);
    try {
      const ms = settings.taskTimeoutMs + GRACE_MS;
      return await within(clock, ms, options.signal, late, async (signal) => {
        const loan = await this.#lent(session, { ...options, signal });
        const either = loan === undefined ? signal : AbortSignal.any([signal, loan.signal]);
        try {
          return await this.#tries({
            session,
            operation,
            input,
            body,
            options: { ...options, signal: either },
          });
        } catch (error) {
          if (!loan?.signal.aborted || signal.aborted) throw error;
          const { reason } = loan.signal;
          throw reason instanceof WorkspaceDeleted
            ? await this.#deleted(session, reason, signal)
            : revoked(loan, session, operation);
        } finally {
          loan?.end();
        }
      });
    } finally {
      used();
    }
  }

  /** The caller's access to the session's workspace. @throws {SessionError} where they may not, and nothing was done */
  async #lent(session: SessionRecord, options: SessionCallOptions): Promise<Loan | undefined> {
    const { workspaces } = this.parts.core;
    const { workspace } = session;
    if (workspace === undefined) return undefined;
    if (workspaces === undefined) {
      throw noWorkspaces(`session ${session.id} is in workspace ${workspace.workspace}`);
    }
    try {
      return await workspaces.lend({ ...session, workspace }, options);
    } catch (error) {
      throw error instanceof WorkspaceDeleted ? await this.#deleted(session, error, options.signal) : error;
    }
  }

  /** Nothing is left of it. */
  async #deleted(
    session: SessionRecord,
    { message }: WorkspaceDeleted,
    signal: AbortSignal,
  ): Promise<SessionError> {
    const ending = { state: "failed", cause: "worker_lost", reason: `${message}: create a new one` } as const;
    return endedError((await this.parts.records.end(session, ending, signal)).record);
  }

  async #tries<I extends z.ZodObject, O extends z.ZodObject>(run: Run<I, O>): Promise<RunAnswer<O>> {
    const { core: { clock, log, meters, random, settings } } = this.parts;
    const { operation, options: { signal } } = run;
    const until = clock.now() + settings.taskTimeoutMs;
    const id = crypto.randomUUID();
    let { session } = run;
    for (let tries = 0;; tries++) {
      try {
        const route = await this.parts.routes.find(session, signal);
        session = route.record;
        const { traceparent, onEvent } = run.options;
        const deadlineMs = until - clock.now();
        const answer = await runTask(route.worker, {
          id,
          sessionId: session.id,
          operation,
          input: fitting(run.input, deadlineMs),
          body: run.body,
          deadlineMs,
          traceparent,
        }, { signal, onEvent });
        return { ...answer, session };
      } catch (error) {
        signal.throwIfAborted();
        const failure = await this.#judge(error, session, operation, signal);
        const delayMs = Math.min(settings.retryDelayMs * 2 ** tries, 10_000) * (0.5 + random() / 2);
        if (!failure.mayRetry || tries >= settings.maxRetries || clock.now() + delayMs >= until) {
          throw failure.error;
        }
        meters.retries.inc({ tool: operation.name });
        log.info("a task is tried again", {
          session_id: session.id,
          tool_name: operation.name,
          tries: tries + 1,
          error: failure.error,
        });
        await sleep(delayMs, signal, clock);
        signal.throwIfAborted();
        session = await this.#again(session, failure.error, signal);
      }
    }
  }

  /** As it is kept now. @throws `failure`, where it is not kept any more */
  async #again(session: SessionRecord, failure: SessionError, signal: AbortSignal): Promise<SessionRecord> {
    const kept = await this.parts.core.store.get(session.id, signal);
    if (kept === undefined) throw failure;
    return kept;
  }

  /** What the caller is told, and whether another try can do no harm. */
  async #judge(
    error: unknown,
    session: SessionRecord,
    operation: Operation,
    signal: AbortSignal,
  ): Promise<{ readonly error: SessionError; readonly mayRetry: boolean }> {
    const { core } = this.parts;
    if (error instanceof WorkerLostError) {
      core.meters.workerErrors.inc({ reason: "lost" });
      return await this.#lost(error, session, operation, signal);
    }
    if (error instanceof AnswerNotUnderstood) {
      core.meters.workerErrors.inc({ reason: "answer" });
      return { error, mayRetry: false };
    }
    if (error instanceof TaskFailed) {
      if (OF_WORKERS.has(error.code)) core.meters.workerErrors.inc({ reason: error.code });
      if (error.code === "session_ended") {
        return await this.#notThere(error, session, signal);
      }
      if (error.code === "deadline" && !operation.idempotent) {
        const message = `${error.message}; it may have been done in part: ${LOOK}`;
        return { error: new SessionError("deadline", message, { cause: error }), mayRetry: false };
      }
      // Nothing was done, or it does no harm to do it again.
      const mayRetry = error.code === "unavailable" ||
        (error.code === "unknown_outcome" && operation.idempotent);
      return { error, mayRetry };
    }
    if (error instanceof SessionError) {
      // Of the way to it, which has waited already: nothing was done.
      return { error, mayRetry: false };
    }
    core.log.error("a call failed in a way that the coordinator does not know", {
      session_id: session.id,
      tool_name: operation.name,
      error,
    });
    return {
      error: new SessionError("internal", `${operation.name} failed at the coordinator: its log says why`, {
        cause: error,
      }),
      mayRetry: false,
    };
  }

  async #lost(
    error: WorkerLostError,
    session: SessionRecord,
    operation: Operation,
    signal: AbortSignal,
  ): Promise<{ readonly error: SessionError; readonly mayRetry: boolean }> {
    const { core, routes } = this.parts;
    const isHarmless = operation.idempotent || !error.mayHaveRun;
    if (core.background.signal.aborted) {
      const what = isHarmless
        ? "nothing is lost"
        : `it is not known whether ${operation.name} was done; ${LOOK}`;
      return {
        error: new SessionError(
          isHarmless ? "unavailable" : "unknown_outcome",
          `the coordinator is shutting down: ${what}`,
        ),
        mayRetry: false,
      };
    }
    // Where the store is away, too, what is known of the task is still to be told.
    const kept = await routes.lost(session, signal).catch((failure: unknown) => {
      signal.throwIfAborted();
      if (failure instanceof SessionError) return undefined;
      throw failure;
    });
    const isOver = kept !== undefined && !isOpen(kept);
    if (isHarmless) {
      return isOver
        ? { error: endedError(kept), mayRetry: false }
        : { error: new SessionError("unavailable", `${error.message}: try again`), mayRetry: true };
    }
    const next = isOver
      ? `The session is over (${kept.reason}).`
      : kept !== undefined && !outlivesWorker(kept)
      ? `The session is open still, where another coordinator reaches it: ${LOOK}.`
      : kept === undefined
      ? `It is not known now what becomes of the session: later, ${LOOK}.`
      : `The session goes on at another worker, its processes are gone and its files are there: ${LOOK}.`;
    return {
      error: new SessionError(
        "unknown_outcome",
        `it is not known whether ${operation.name} in session ${session.id} was done: ${error.message}. ${next}`,
      ),
      mayRetry: false,
    };
  }

  /** Its worker says that it does not have the session: it moved, it was closed, or something is wrong. */
  async #notThere(
    error: TaskFailed,
    session: SessionRecord,
    signal: AbortSignal,
  ): Promise<{ readonly error: SessionError; readonly mayRetry: boolean }> {
    const { core: { store }, records } = this.parts;
    const kept = await store.get(session.id, signal);
    if (kept === undefined) return { error, mayRetry: false };
    if (kept.state !== "ready") return { error: endedError(kept), mayRetry: false };
    const { workerId, incarnation } = session;
    const isThere = (record: SessionRecord) =>
      record.state === "ready" && record.workerId === workerId && record.incarnation === incarnation;
    if (!isThere(kept)) return { error, mayRetry: true };
    if (outlivesWorker(kept)) {
      // Another coordinator may have closed it there while it was on its way there: its files are where they were.
      const at = (record: SessionRecord) => isThere(record) ? { ...record, incarnation: "" } : undefined;
      await records.change(session.id, at, signal);
      return { error, mayRetry: true };
    }
    const ended = await records.end(kept, {
      state: "failed",
      cause: "worker_lost",
      reason: `worker ${workerId} does not have it any more (${error.message}): create a new session`,
      onlyIf: isThere,
    }, signal);
    return { error: endedError(ended.record), mayRetry: false };
  }
}

interface Run<I extends z.ZodObject, O extends z.ZodObject> {
  readonly session: SessionRecord;
  readonly operation: Operation<I, O>;
  readonly input: z.output<I>;
  readonly body: Uint8Array | undefined;
  readonly options: SessionCallOptions;
}

const LOOK = "look at the session's files (fs.list, fs.read) before you do it again";

/** The caller may not work in the workspace any more. */
function revoked(
  { signal: { reason } }: Loan,
  { id }: SessionRecord,
  { name, idempotent }: Operation,
): unknown {
  if (!(reason instanceof SessionError)) return reason;
  const how = idempotent ? "" : ", and it is not known how far it was";
  const message = `${name} in session ${id} was given up${how}: ${reason.message}`;
  return new SessionError(reason.code, message, { cause: reason });
}

/** Codes that say something of the worker, rather than of what was asked. */
const OF_WORKERS: ReadonlySet<string> = new Set([
  "unavailable",
  "unknown_outcome",
  "deadline",
  "internal",
  "session_ended",
  "no_capacity",
]);

/** What waits for a process waits no longer than the task may take: then there is a handle, rather than a deadline. */
function fitting<T extends Readonly<Record<string, unknown>>>(input: T, deadlineMs: number): T {
  const { waitMs } = input;
  if (typeof waitMs !== "number") return input;
  const most = Math.max(0, Math.floor(deadlineMs - Math.min(WAIT_RESERVE_MS, deadlineMs / 4)));
  return waitMs <= most ? input : { ...input, waitMs: most };
}
