/** The coordinator's side of one registration: its worker, the tasks that it has, and the stream where there is one. */
import {
  type RunTaskOptions,
  type Task,
  type TaskEvent,
  type TaskOutcome,
  type WorkerBinding,
  type WorkerConnection,
  WorkerLostError,
} from "../link.ts";
import type { WorkerHello, WorkerLoad } from "../types.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Channel } from "./channel.ts";
import { Delivery } from "./delivery.ts";
import type { Down, Up } from "./messages.ts";
import { WireError } from "./wire_error.ts";

export interface RemoteWorkerOptions {
  readonly id: string;
  readonly binding?: WorkerBinding | undefined;
  readonly registration: string;
  readonly hello: WorkerHello;
  readonly load: WorkerLoad;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
  /** Milliseconds beyond a task's deadline before the coordinator gives up by itself. */
  readonly graceMs: number;
  readonly changed: (worker: RemoteWorker) => void;
  readonly resent: (tasks: number) => void;
}

interface Waiting {
  readonly onEvent: ((event: TaskEvent) => void) | undefined;
  readonly resolve: (outcome: TaskOutcome) => void;
  readonly reject: (reason: unknown) => void;
  /** Ends the timer and the subscription. */
  readonly release: () => void;
}

export class RemoteWorker implements WorkerConnection {
  readonly #options: RemoteWorkerOptions;
  readonly #delivery = new Delivery();
  readonly #waiting = new Map<number, Waiting>();
  #channel: Channel<Down> | undefined;
  #isFull = false;
  #load: WorkerLoad;
  #isDraining = false;
  #lostBecause: string | undefined;
  #lastHeardAt: number;
  /** Of the clock, for who looks whether it is stale. */
  #lastHeard: number;
  readonly registeredAt: number;

  constructor(options: RemoteWorkerOptions) {
    this.#options = options;
    this.#load = options.load;
    this.registeredAt = this.#lastHeardAt = options.now();
    this.#lastHeard = options.clock.now();
  }

  get id(): string {
    return this.#options.id;
  }
  get binding(): WorkerBinding | undefined {
    return this.#options.binding;
  }
  get registration(): string {
    return this.#options.registration;
  }
  get hello(): WorkerHello {
    return this.#options.hello;
  }
  get load(): WorkerLoad {
    return this.#load;
  }
  get lastHeardAt(): number {
    return this.#lastHeardAt;
  }
  get isConnected(): boolean {
    return this.#channel !== undefined;
  }
  get isDraining(): boolean {
    return this.#isDraining;
  }
  /** Milliseconds since it gave a sign of life. */
  get silentMs(): number {
    return this.#options.clock.now() - this.#lastHeard;
  }

  heard(load?: WorkerLoad, isDraining = this.#isDraining): void {
    this.#lastHeard = this.#options.clock.now();
    this.#lastHeardAt = this.#options.now();
    if (load === undefined && isDraining === this.#isDraining) return;
    if (load !== undefined) this.#load = load;
    this.#isDraining = isDraining;
    this.#options.changed(this);
  }

  /** A stream, in place of one before. */
  opened(channel: Channel<Down>, lastTaken: number): void {
    const before = this.#channel;
    this.#channel = channel;
    this.#isFull = false;
    before?.close(new WireError("unavailable", `worker ${this.id} has opened another stream`));
    this.heard();
    const again = this.#delivery.resumed(lastTaken);
    if (again > 0) this.#options.resent(again);
    this.#pump();
    if (before === undefined) this.#options.changed(this);
  }

  drained(channel: Channel<Down>): void {
    if (this.#channel !== channel) return;
    this.#isFull = false;
    this.#pump();
  }

  closed(channel: Channel<Down>): void {
    if (this.#channel === channel) this.#disconnect();
  }

  received(channel: Channel<Down>, message: Up): void {
    if (this.#channel !== channel) return;
    this.heard();
    const waiting = this.#waiting.get(message.number);
    if (message.kind === "event") {
      if (waiting !== undefined) this.#tell(waiting, message.event);
      return;
    }
    if (this.#delivery.settled(message.number) && waiting !== undefined) {
      this.#forget(message.number, waiting);
      waiting.resolve(message.outcome);
    }
    this.#pump();
  }

  run(task: Task, { signal, onEvent }: RunTaskOptions): Promise<TaskOutcome> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#lostBecause !== undefined) {
      return Promise.reject(this.#lost(task, false, this.#lostBecause));
    }
    const number = this.#delivery.add(task);
    const done = new Promise<TaskOutcome>((resolve, reject) => {
      const { clock, graceMs } = this.#options;
      const abort = () => this.#giveUp(number, "the caller has canceled it", () => reject(signal.reason));
      const cancelTimer = clock.setTimer(() => this.#late(number, task), task.deadlineMs + graceMs);
      signal.addEventListener("abort", abort, { once: true });
      const release = () => {
        cancelTimer();
        signal.removeEventListener("abort", abort);
      };
      this.#waiting.set(number, { onEvent, resolve, reject, release });
    });
    this.#pump();
    return done;
  }

  /** For good. `lastTaken` is as the worker said with its farewell; without one, whatever was sent may have been begun. */
  end(reason: string, because: WireError | undefined, lastTaken = Infinity): void {
    if (this.#lostBecause !== undefined) return;
    this.#lostBecause = reason;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [number, { release, reject }] of waiting) {
      release();
      const mayHaveRun = this.#delivery.maybeTaken(number) && number <= lastTaken;
      reject(this.#lost(this.#delivery.task(number), mayHaveRun, reason));
    }
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.close(because);
  }

  #lost(task: Task | undefined, mayHaveRun: boolean, reason: string): WorkerLostError {
    const what = task === undefined ? "a task" : `${task.operation} for session ${task.sessionId}`;
    return new WorkerLostError(
      this.id,
      mayHaveRun,
      `worker ${this.id} went away (${reason}) ${
        mayHaveRun ? `while it may have been at ${what}` : `before it had ${what}`
      }`,
    );
  }

  #late(number: number, { operation, deadlineMs }: Task): void {
    const waiting = this.#waiting.get(number);
    const wasSent = this.#delivery.maybeTaken(number);
    this.#giveUp(number, "its time is over", () =>
      waiting?.resolve(
        wasSent
          ? {
            ok: false,
            code: "deadline",
            message:
              `${operation} took longer than its ${deadlineMs} ms at worker ${this.id}, which was told to stop it`,
          }
          : {
            ok: false,
            code: "unavailable",
            message:
              `${operation} was not begun: worker ${this.id} was not to be reached for ${deadlineMs} ms. Try again.`,
          },
      ));
  }

  #giveUp(number: number, reason: string, settle: () => void): void {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) return;
    this.#forget(number, waiting);
    this.#delivery.cancel(number, reason);
    settle();
    this.#pump();
  }

  #forget(number: number, { release }: Waiting): void {
    release();
    this.#waiting.delete(number);
  }

  #tell({ onEvent }: Waiting, event: TaskEvent): void {
    try {
      onEvent?.(event);
    } catch (error) {
      this.#options.log.error("an event of a task could not be told", { worker: this.id, error });
    }
  }

  #pump(): void {
    while (this.#channel !== undefined && !this.#isFull) {
      const message = this.#delivery.next();
      if (message === undefined) return;
      const result = this.#channel.send(message);
      if (result === "full") this.#isFull = true;
      // The next stream says what has arrived.
      else if (result === "closed") this.#disconnect();
      else if (result === "too_large" && message.kind === "task") this.#refuse(message.number, message.task);
    }
  }

  #refuse(number: number, { operation }: Task): void {
    this.#delivery.refuse(number);
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) return;
    this.#forget(number, waiting);
    const message =
      `${operation} was not begun: what it was called with is larger than a message to a worker ` +
      "may be. Send it in smaller pieces.";
    waiting.resolve({ ok: false, code: "limit", message });
  }

  #disconnect(): void {
    this.#channel = undefined;
    this.#isFull = false;
    this.#options.changed(this);
  }
}
