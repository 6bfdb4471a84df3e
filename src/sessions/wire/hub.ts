/** Which workers the coordinator has: registrations, streams, heartbeats and their ends, whatever carries them. */
import { randomUUID } from "node:crypto";
import type { WorkerBinding, WorkerListener } from "../link.ts";
import type { WorkerHello, WorkerLoad } from "../types.ts";
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type Counter, type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import type { Down, Registration, Resume, Up } from "./messages.ts";
import { RemoteWorker } from "./remote_worker.ts";
import { WireError } from "./wire_error.ts";

export interface HubOptions {
  readonly listener: WorkerListener;
  /** Milliseconds without a sign of life, after which a worker is gone for good. @default 5 minutes */
  readonly heartbeatTimeoutMs?: number | undefined;
  /** Milliseconds beyond a task's deadline before the coordinator gives up by itself. @default 5_000 */
  readonly deadlineGraceMs?: number | undefined;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly clock?: Clock | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/** Names of replaced processes that are remembered for each worker. */
const MAX_SUPERSEDED = 32;

export class WorkerHub {
  readonly #options: HubOptions;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #workers = new Map<string, { readonly worker: RemoteWorker; readonly cancelTimer: () => void }>();
  /** By worker: incarnations that another one has replaced. They must not come back and replace it in turn. */
  readonly #superseded = new Map<string, string[]>();
  readonly #news: (() => void)[] = [];
  #isTelling = false;
  readonly #breaks: Counter;
  readonly #resent: Counter;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.heartbeatTimeoutMs ?? 300_000;
    const metrics = options.metrics ?? noMetrics;
    this.#breaks = metrics.counter("coordinator_worker_stream_breaks_total", "Streams of workers that broke");
    this.#resent = metrics.counter(
      "coordinator_tasks_resent_total",
      "Tasks that were sent again, because the worker had not taken them from the stream before",
    );
    const counts = () => {
      const count = { connected: 0, disconnected: 0, draining: 0 };
      for (const { worker } of this.#workers.values()) {
        count[!worker.isConnected ? "disconnected" : worker.isDraining ? "draining" : "connected"]++;
      }
      return count;
    };
    metrics.gauge("coordinator_workers", "Registered workers", ["state"], (gauge) => {
      for (const [state, count] of Object.entries(counts())) gauge.set({ state }, count);
    });
  }

  /**
   * The same process gets its registration again; another one takes the place of the one before.
   * @param binding as its token says
   * @throws {WireError}
   */
  register(id: string, hello: WorkerHello, load: WorkerLoad, binding?: WorkerBinding): Registration {
    const known = this.#workers.get(id)?.worker;
    if (known?.hello.incarnation === hello.incarnation) {
      // Whose workspace it is does not change for a process. Where it does for the workspace, another one comes.
      if (!isSameBinding(known.binding, binding)) {
        throw new WireError(
          "permission_denied",
          `worker ${id} has registered for ${whose(known.binding)}, and this token is for ${
            whose(binding)
          }: start it anew`,
        );
      }
      known.heard(load);
      return { id: known.registration, heartbeatTimeoutMs: this.#timeoutMs };
    }
    if (this.#superseded.get(id)?.includes(hello.incarnation)) {
      throw superseded(id);
    }
    if (known !== undefined) {
      const gone = this.#superseded.get(id) ?? [];
      this.#superseded.set(id, [...gone, known.hello.incarnation].slice(-MAX_SUPERSEDED));
      this.#remove(known, "another process has registered in its name", superseded(id));
    }
    const worker = new RemoteWorker({
      id,
      binding,
      registration: randomUUID(),
      hello,
      load,
      clock: this.#clock,
      now: this.#options.now ?? Date.now,
      log: this.#options.log,
      graceMs: this.#options.deadlineGraceMs ?? 5_000,
      changed: (changed) => this.#tell((listener) => listener.changed(changed), changed),
      resent: (tasks) => this.#resent.inc({}, tasks),
    });
    const entry = { worker, cancelTimer: () => {} };
    this.#workers.set(id, entry);
    this.#watch(entry, this.#timeoutMs);
    this.#options.log.info("a worker has registered", {
      worker: id,
      incarnation: hello.incarnation,
      version: hello.version,
      isolation: hello.isolation,
      capacity: hello.capacity,
      ...(binding === undefined ? {} : { workspace_id: binding.workspaceId, owner_id: binding.ownerId }),
    });
    this.#tell((listener) => listener.joined(worker), worker);
    return { id: worker.registration, heartbeatTimeoutMs: this.#timeoutMs };
  }

  /** @throws {WireError} `unknown_registration`, `superseded` */
  heartbeat(id: string, registration: string, load: WorkerLoad, isDraining: boolean): void {
    this.#find(id, registration).heard(load, isDraining);
  }

  /** A farewell. One that is not known any more has none to say. */
  deregister(id: string, registration: string, lastTaken: number, reason: string): void {
    const worker = this.#workers.get(id)?.worker;
    if (worker?.registration === registration) this.#remove(worker, reason, undefined, lastTaken);
  }

  /**
   * A stream of a worker. The answer takes what arrives on it.
   * @throws {WireError} `unknown_registration`, `superseded`
   */
  open(id: string, { registration, lastTaken }: Resume, channel: Channel<Down>): ChannelEvents<Up> {
    const worker = this.#find(id, registration);
    worker.opened(channel, lastTaken);
    this.#options.log.debug("a worker has opened a stream", { worker: id, last_taken: lastTaken });
    return {
      opened() {},
      message: (message) => worker.received(channel, message),
      drained: () => worker.drained(channel),
      closed: (error) => {
        if (error !== undefined) this.#breaks.inc();
        this.#options.log.debug("a worker's stream has ended", { worker: id, error });
        worker.closed(channel);
      },
    };
  }

  /** All workers are gone, for this coordinator. */
  close(reason: string): void {
    const gone = new WireError("unavailable", `${reason}; try again`);
    for (const { worker } of [...this.#workers.values()]) this.#remove(worker, reason, gone);
  }

  #find(id: string, registration: string): RemoteWorker {
    const worker = this.#workers.get(id)?.worker;
    if (worker?.registration === registration) return worker;
    throw new WireError(
      "unknown_registration",
      `the coordinator does not know this registration of worker ${id}: register anew`,
    );
  }

  #watch(entry: { readonly worker: RemoteWorker; cancelTimer: () => void }, delayMs: number): void {
    entry.cancelTimer = this.#clock.setTimer(() => {
      const { silentMs } = entry.worker;
      if (silentMs < this.#timeoutMs) return this.#watch(entry, this.#timeoutMs - silentMs);
      const seconds = Math.round(this.#timeoutMs / 1_000);
      const reason = `nothing was heard of it for ${seconds} s`;
      this.#remove(entry.worker, reason, new WireError("unknown_registration", `${reason}: register anew`));
    }, delayMs);
  }

  #remove(
    worker: RemoteWorker,
    reason: string,
    because: WireError | undefined,
    lastTaken?: number,
  ): void {
    this.#workers.get(worker.id)?.cancelTimer();
    this.#workers.delete(worker.id);
    worker.end(reason, because, lastTaken);
    this.#options.log.info("a worker has left", { worker: worker.id, reason });
    const isOver = because === undefined || because.code === "superseded";
    this.#tell((listener) => listener.left(worker, reason, isOver));
  }

  /** One after the other, also where a listener's call brings the next news. `of`: only while it is registered. */
  #tell(news: (listener: WorkerListener) => void, of?: RemoteWorker): void {
    this.#news.push(() => {
      if (of === undefined || this.#workers.get(of.id)?.worker === of) news(this.#options.listener);
    });
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let next = this.#news.shift(); next !== undefined; next = this.#news.shift()) {
      try {
        next();
      } catch (error) {
        this.#options.log.error("news of a worker could not be told", { error });
      }
    }
    this.#isTelling = false;
  }
}

function superseded(id: string): WireError {
  return new WireError(
    "superseded",
    `another process has registered as worker ${id} since: only one may. Give each worker a name and a token of its own`,
  );
}

function isSameBinding(one: WorkerBinding | undefined, other: WorkerBinding | undefined): boolean {
  return one?.workspaceId === other?.workspaceId && one?.ownerId === other?.ownerId;
}

function whose(binding: WorkerBinding | undefined): string {
  return binding === undefined ? "anybody's sessions" : `a workspace of Coder user ${binding.ownerId}`;
}
