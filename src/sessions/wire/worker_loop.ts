/** A worker's life at its coordinator: registers, keeps a stream open, gives signs of life, and says farewell. */
import type { TaskExecutor } from "../link.ts";
import type { WorkerHello } from "../types.ts";
import { type Clock, sleep, systemClock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type Gauge, type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import type { Channel } from "./channel.ts";
import type { CoordinatorDoor, OpenStream } from "./door.ts";
import type { Registration, Up } from "./messages.ts";
import { TaskHost } from "./task_host.ts";
import { WireError } from "./wire_error.ts";

/** What every worker's link is made with, whatever carries it. */
export interface WorkerLoopOptions {
  readonly hello: WorkerHello;
  readonly executor: TaskExecutor;
  /** Milliseconds between signs of life. @default 30_000 */
  readonly heartbeatMs?: number | undefined;
  /** Milliseconds that tasks may take to finish once `drain` was called. @default 30_000 */
  readonly drainMs?: number | undefined;
  /** Of events that wait for the coordinator, bytes. @default 4 MiB */
  readonly maxEventBytes?: number | undefined;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  /** 1 while there is a stream. @default {`worker_connected`} */
  readonly connected?: Gauge | undefined;
  /**
   * Called while it drains, each time when nothing runs that this coordinator asked for: resolves when it may say farewell,
   * or `signal` aborts.
   */
  readonly mayLeave?: ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly clock?: Clock | undefined;
  /** In [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** A worker's link to its coordinator. */
export interface WorkerClient {
  /** A stream is open now. */
  readonly isConnected: boolean;
  /**
   * Registers, and carries tasks out, over as many connections as it takes. Resolves after `drain`, and when `signal` aborts:
   * then tasks are stopped. The coordinator was told in both cases, where it could be reached.
   * Rejects with `WireError` where trying again is of no use: `superseded`, `invalid`; and `unauthenticated`,
   * `permission_denied`, `unsupported`: at once at the start, later after five minutes of nothing else.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Tells the coordinator to give it no new sessions, finishes the tasks that it has, and those that come meanwhile. */
  drain(): void;
}

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 10_000;
/** A stream that was open for this long was a good one: the next attempt is the first again. */
const GOOD_STREAM_MS = 5_000;
const CALL_MS = 10_000;
const FAREWELL_MS = 3_000;
/** How long a worker that was good goes on where it is refused: its token may be about to be replaced. */
const REFUSED_MS = 300_000;

export class WorkerLoop implements WorkerClient {
  readonly #door: CoordinatorDoor;
  readonly #options: WorkerLoopOptions;
  readonly #clock: Clock;
  readonly #host: TaskHost;
  readonly #log: Logger;
  readonly #connected: Gauge;
  /** Aborts when there is nothing more to do. */
  readonly #stop = new AbortController();
  #registration: Registration | undefined;
  #wasRegistered = "";
  #channel: Channel<Up> | undefined;
  #isConnected = false;
  #isDraining = false;
  #refusedSince: number | undefined;

  constructor(door: CoordinatorDoor, options: WorkerLoopOptions) {
    this.#door = door;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log;
    this.#host = new TaskHost(options);
    this.#connected = options.connected ?? connectedGauge(options.metrics);
    this.#connected.set({}, 0);
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#log.info("the worker takes no new sessions, and finishes what it has", {
      tasks: this.#host.runningTasks,
    });
    void this.#drain();
  }

  async #drain(): Promise<void> {
    const limit = new AbortController();
    const cancelTimer = this.#clock.setTimer(() => limit.abort(), this.#options.drainMs ?? 30_000);
    const ends = AbortSignal.any([limit.signal, this.#stop.signal]);
    if (this.#registration !== undefined) await this.#beat(this.#registration, ends);
    do {
      await this.#host.settled(ends);
      await this.#options.mayLeave?.(ends);
    } while (this.#host.runningTasks > 0 && !ends.aborted);
    this.#host.shut();
    cancelTimer();
    this.#stop.abort();
  }

  async run(signal: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([signal, this.#stop.signal]);
    try {
      for (let attempt = 0; !stop.aborted;) {
        const began = this.#clock.now();
        const error = await this.#connection(stop);
        if (stop.aborted) break;
        this.#judge(error);
        attempt = this.#clock.now() - began >= GOOD_STREAM_MS ? 0 : attempt + 1;
        const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) *
          (this.#options.random ?? Math.random)();
        this.#log.warn("the worker is not connected to its coordinator; it tries again", {
          coordinator: this.#door.address,
          delay_ms: Math.round(delayMs),
          error,
        });
        await sleep(delayMs, stop, this.#clock);
      }
    } finally {
      this.#stop.abort();
      await this.#farewell(signal.aborted);
      this.#door.close();
    }
  }

  /** One stream, from its beginning to its end. Never rejects. */
  async #connection(stop: AbortSignal): Promise<WireError | undefined> {
    let open: OpenStream;
    try {
      this.#registration ??= await this.#register(stop);
      open = await this.#within(CALL_MS, stop, (limit) => this.#door.dial(limit));
    } catch (error) {
      return wireError(error);
    }
    const registration = this.#registration;
    const ended = new AbortController();
    let hangUp = () => {};
    const error = await new Promise<WireError | undefined>((resolve) => {
      if (stop.aborted) return resolve(undefined);
      const resume = { registration: registration.id, lastTaken: this.#host.lastTaken };
      const channel = open(resume, {
        opened: () => {
          this.#refusedSince = undefined;
          this.#setConnected(true);
          void this.#heart(registration, ended.signal);
          this.#log.info("the worker is connected to its coordinator", { coordinator: this.#door.address });
        },
        message: (message) => this.#host.received(channel, message),
        drained: () => this.#host.drained(channel),
        closed: (reason) => {
          this.#host.detach(channel);
          resolve(reason ?? new WireError("unavailable", "the coordinator ended the stream"));
        },
      });
      this.#channel = channel;
      this.#host.attach(channel);
      // What is queued as outcomes until then goes out with the farewell or not at all: tasks are stopped.
      hangUp = () => channel.close();
      stop.addEventListener("abort", hangUp, { once: true });
    });
    stop.removeEventListener("abort", hangUp);
    ended.abort();
    this.#channel = undefined;
    this.#setConnected(false);
    if (error?.code === "unknown_registration") this.#registration = undefined;
    return error;
  }

  async #register(stop: AbortSignal): Promise<Registration> {
    const { hello, executor } = this.#options;
    const load = executor.load();
    const registration = await this.#within(
      CALL_MS,
      stop,
      (limit) => this.#door.register(hello, load, limit),
    );
    if (registration.id !== this.#wasRegistered && this.#wasRegistered !== "") {
      this.#host.restart("the coordinator has forgotten what it had asked for");
    }
    this.#wasRegistered = registration.id;
    return registration;
  }

  /** @throws where trying again is of no use */
  #judge(error: WireError | undefined): void {
    if (error === undefined) return;
    switch (error.code) {
      case "superseded":
      case "invalid":
        throw error;
      case "unsupported":
      case "unauthenticated":
      case "permission_denied":
        if (this.#wasRegistered === "") throw error;
        this.#refusedSince ??= this.#clock.now();
        if (this.#clock.now() - this.#refusedSince >= REFUSED_MS) throw error;
        return;
      default:
        this.#refusedSince = undefined;
    }
  }

  /** Signs of life, while there is a stream. Never rejects. */
  async #heart(registration: Registration, ended: AbortSignal): Promise<void> {
    const everyMs = Math.min(this.#options.heartbeatMs ?? 30_000, registration.heartbeatTimeoutMs / 3);
    while (!ended.aborted) {
      await sleep(everyMs, ended, this.#clock);
      if (!ended.aborted) await this.#beat(registration, ended);
    }
  }

  async #beat({ id }: Registration, ended: AbortSignal): Promise<void> {
    try {
      const load = this.#options.executor.load();
      await this.#within(CALL_MS, ended, (limit) => this.#door.heartbeat(id, load, this.#isDraining, limit));
    } catch (error) {
      if (ended.aborted) return;
      this.#log.warn("the coordinator did not take a heartbeat", { coordinator: this.#door.address, error });
      // The stream is of the same connection and the same token: the next attempt finds out.
      this.#channel?.close(wireError(error));
    }
  }

  async #farewell(isHasty: boolean): Promise<void> {
    const lastTaken = this.#host.shut();
    this.#host.restart("the worker is shutting down");
    if (this.#registration === undefined) return;
    const reason = isHasty ? "it was stopped" : "it has finished, and was stopped";
    const { id } = this.#registration;
    try {
      await this.#within(
        FAREWELL_MS,
        new AbortController().signal,
        (limit) => this.#door.deregister(id, lastTaken, reason, limit),
      );
    } catch (error) {
      this.#log.debug("the coordinator was not told that the worker ends", { error });
    }
  }

  #setConnected(isConnected: boolean): void {
    this.#isConnected = isConnected;
    this.#connected.set({}, isConnected ? 1 : 0);
  }

  /** Rejects with the reason of `signal`, or that there was no answer in time. */
  async #within<T>(ms: number, signal: AbortSignal, call: (limit: AbortSignal) => Promise<T>): Promise<T> {
    const late = new AbortController();
    const message = `coordinator ${this.#door.address} did not answer within ${ms} ms: is it running, and ` +
      "reachable from here?";
    const cancelTimer = this.#clock.setTimer(() => late.abort(new WireError("unavailable", message)), ms);
    try {
      return await call(AbortSignal.any([signal, late.signal]));
    } finally {
      cancelTimer();
    }
  }
}

/** What shows whether a worker is connected, to one coordinator at least. */
export function connectedGauge(metrics: Metrics = noMetrics): Gauge {
  return metrics.gauge("worker_connected", "1 while this worker has a stream to a coordinator");
}

function wireError(error: unknown): WireError {
  if (error instanceof WireError) return error;
  return new WireError("unavailable", error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
