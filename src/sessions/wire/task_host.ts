/** The worker's side of a stream: takes tasks, each once, carries them out, and tells what becomes of them. */
import type { Task, TaskEvent, TaskExecutor, TaskOutcome } from "../link.ts";
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type Counter, type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import type { Channel } from "./channel.ts";
import { Ledger } from "./ledger.ts";
import type { Down, Up } from "./messages.ts";
import { Outbox, type Outgoing } from "./outbox.ts";

export interface TaskHostOptions {
  readonly executor: TaskExecutor;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly clock?: Clock | undefined;
  /** Of events that wait for the coordinator, bytes. @default 4 MiB */
  readonly maxEventBytes?: number | undefined;
  /** Milliseconds that an executor has to end a task whose time is over, before its deadline is told without it. @default 2_000 */
  readonly graceMs?: number | undefined;
}

/** Why a task must stop: the reason of the signal that its executor has. */
export class TaskStopped extends Error {
  override readonly name = "TaskStopped";
  constructor(readonly code: "canceled" | "deadline", message: string) {
    super(message);
  }
}

export class TaskHost {
  readonly #options: TaskHostOptions;
  readonly #clock: Clock;
  readonly #dropped: Counter;
  readonly #outbox: Outbox;
  readonly #running = new Map<number, AbortController>();
  readonly #whenSettled = new Set<() => void>();
  #ledger = new Ledger();
  #channel: Channel<Up> | undefined;
  #isFull = false;
  #isShut = false;

  constructor(options: TaskHostOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#outbox = new Outbox(options.maxEventBytes ?? 4 * 2 ** 20);
    this.#dropped = (options.metrics ?? noMetrics).counter(
      "worker_events_dropped_total",
      "Events of tasks that were not told, because the coordinator did not take them in time",
      ["kind"],
    );
  }

  get lastTaken(): number {
    return this.#ledger.last;
  }

  get runningTasks(): number {
    return this.#ledger.running;
  }

  /** Another registration: what ran for the one before is stopped, and its numbers mean nothing any more. */
  restart(reason: string): void {
    this.#detach();
    for (const controller of this.#running.values()) controller.abort(new TaskStopped("canceled", reason));
    this.#running.clear();
    this.#ledger = new Ledger();
    this.#outbox.clear();
    this.#tellSettled();
  }

  /** A stream: what the coordinator may not have got is told anew. */
  attach(channel: Channel<Up>): void {
    this.#channel = channel;
    this.#isFull = false;
    this.#outbox.requeue(this.#ledger.unacknowledged());
    this.#pump();
  }

  /** The stream broke. Tasks go on. */
  detach(channel: Channel<Up>): void {
    if (this.#channel === channel) this.#detach();
  }

  drained(channel: Channel<Up>): void {
    if (this.#channel !== channel) return;
    this.#isFull = false;
    this.#pump();
  }

  /** Takes nothing more. @returns the highest number that was taken */
  shut(): number {
    this.#isShut = true;
    return this.#ledger.last;
  }

  /** Resolves when nothing runs and the coordinator has all outcomes, or `signal` aborts. */
  settled(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.#whenSettled.delete(end);
        signal.removeEventListener("abort", end);
        resolve();
      };
      if (this.#ledger.isSettled || signal.aborted) return resolve();
      this.#whenSettled.add(end);
      signal.addEventListener("abort", end, { once: true });
    });
  }

  /** A message of `channel`; those of an earlier one count for nothing. */
  received(channel: Channel<Up>, message: Down): void {
    if (this.#channel !== channel) return;
    switch (message.kind) {
      case "task":
        if (!this.#isShut && this.#ledger.take(message.number)) this.#run(message.number, message.task);
        return;
      case "cancel":
        this.#running.get(message.number)?.abort(new TaskStopped("canceled", message.reason));
        return;
      case "ack":
        this.#ledger.acknowledged(message.number);
        this.#tellSettled();
    }
  }

  #run(number: number, task: Task): void {
    const ledger = this.#ledger;
    const controller = new AbortController();
    this.#running.set(number, controller);
    let isOver = false;
    let cancelTimer = () => {};
    const finish = (outcome: TaskOutcome) => {
      cancelTimer();
      isOver = true;
      if (this.#running.get(number) === controller) this.#running.delete(number);
      // Another registration has begun: nobody waits for it.
      if (ledger !== this.#ledger || !ledger.finish(number, outcome)) return;
      this.#outbox.outcome(number);
      this.#pump();
    };
    const tell = (event: TaskEvent) => {
      if (isOver || ledger !== this.#ledger) return;
      const before = this.#outbox.dropped;
      this.#outbox.event(number, event);
      const { progress, output } = this.#outbox.dropped;
      if (progress > before.progress) this.#dropped.inc({ kind: "progress" }, progress - before.progress);
      if (output > before.output) this.#dropped.inc({ kind: "output" }, output - before.output);
      this.#pump();
    };
    const stop = new TaskStopped(
      "deadline",
      `${task.operation} was stopped at the worker: it took longer than its ${task.deadlineMs} ms`,
    );
    cancelTimer = this.#clock.setTimer(() => {
      controller.abort(stop);
      cancelTimer = this.#clock.setTimer(
        () => finish({ ok: false, code: "deadline", message: stop.message }),
        this.#options.graceMs ?? 2_000,
      );
    }, task.deadlineMs);
    this.#execute(task, tell, controller.signal).then(finish);
  }

  async #execute(
    task: Task,
    tell: (event: TaskEvent) => void,
    signal: AbortSignal,
  ): Promise<TaskOutcome> {
    try {
      return await this.#options.executor.execute(task, tell, signal);
    } catch (error) {
      if (signal.aborted && signal.reason instanceof TaskStopped) {
        return { ok: false, code: signal.reason.code, message: signal.reason.message };
      }
      const { operation, sessionId, id } = task;
      this.#options.log.error("a task failed in a way that its executor does not know", {
        operation,
        session_id: sessionId,
        task: id,
        error,
      });
      return {
        ok: false,
        code: "internal",
        message: `${operation} failed at the worker in a way that it does not know. Its log says more.`,
      };
    }
  }

  #pump(): void {
    while (this.#channel !== undefined && !this.#isFull) {
      const next = this.#outbox.shift();
      if (next === undefined) return;
      this.#send(this.#channel, next);
    }
  }

  #send(channel: Channel<Up>, next: Outgoing): void {
    const { number } = next;
    if (next.kind === "event") return this.#sent(channel.send({ kind: "event", number, event: next.event }));
    const outcome = this.#ledger.outcome(number);
    if (outcome === undefined) return;
    let result = channel.send({ kind: "outcome", number, outcome });
    if (result === "too_large") {
      const smaller: TaskOutcome = {
        ok: false,
        code: "limit",
        message: "The answer is larger than a message between worker and coordinator may be. It was done; " +
          "ask for less at once.",
      };
      this.#ledger.replace(number, smaller);
      result = channel.send({ kind: "outcome", number, outcome: smaller });
    }
    this.#sent(result);
  }

  #sent(result: ReturnType<Channel<Up>["send"]>): void {
    if (result === "full") this.#isFull = true;
    // Told soon, by `closed`: what is not acknowledged is sent on the next stream.
    else if (result === "closed") this.#detach();
  }

  #detach(): void {
    this.#channel = undefined;
    this.#isFull = false;
  }

  #tellSettled(): void {
    if (this.#ledger.isSettled) { for (const tell of [...this.#whenSettled]) tell(); }
  }
}
