/** Runs a reconcile function for every object that changes: at most once at a time for each, several at a time in all. */
import { keyText, type ObjectKey } from "../api/object.ts";
import { type Clock, systemClock } from "../telemetry/clock.ts";
import { type Logger, silentLogger } from "../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../telemetry/metrics.ts";
import type { BackoffOptions } from "./backoff.ts";
import { type ControllerMetrics, controllerMetrics, type PassResult } from "./controller_metrics.ts";
import { classify } from "./failure.ts";
import { type Pass, type PassOutcome, startPass } from "./pass.ts";
import { type QueueMetrics, queueMetrics } from "./queue_metrics.ts";
import type { Reconcile } from "./reconcile.ts";
import type { Source } from "./source.ts";
import { type AddOptions, type WorkItem, WorkQueue } from "./work_queue.ts";

export interface ControllerOptions {
  /** In logs and metrics; unique in the process. */
  name: string;
  reconcile: Reconcile;
  /** See `primary`, `owned` and `watching`. */
  watches: readonly Source[];
  /** Passes at a time, besides those that are stuck or stand aside. @default {8} */
  concurrency?: number;
  /**
   * For passes that mostly wait for others, which may hang: one that has gone on for `afterMs` milliseconds holds no worker
   * any more, as long as there are fewer than `most` of those. @default a pass holds its worker until it ends
   */
  aside?: { readonly afterMs: number; readonly most: number };
  /** When a pass is told to stop. @default {60_000} */
  deadlineMs?: number;
  /** How long after that it is reported as stuck and its worker goes on with other objects. @default {5_000} */
  stuckGraceMs?: number;
  /** Every object of the primary kind is looked at again this often; 0 never. @default {36_000_000} */
  resyncMs?: number;
  backoff?: BackoffOptions;
  /** @default {silentLogger} */
  log?: Logger;
  /** @default {noMetrics} */
  metrics?: Metrics;
  clock?: Clock;
  /** In [0, 1). @default {Math.random} */
  random?: () => number;
}

/** When a run ends. */
export interface RunSignals {
  /** No new pass starts from here on; those in hand may finish. */
  readonly stop: AbortSignal;
  /** Those in hand are told to stop too. Implies `stop`. */
  readonly abort: AbortSignal;
}

/** A pass that has not ended. Times are in milliseconds. */
export interface PassInHand {
  readonly key: ObjectKey;
  readonly runningMs: number;
  /** How long it has gone on after its deadline; 0 before that. */
  readonly overdueMs: number;
}

export interface Controller {
  readonly name: string;
  /**
   * Reconciles until told to stop; resolves when the last pass has ended (a pass that ignores its signal keeps it
   * waiting: bound the wait). May be called again afterwards, not at the same time.
   */
  run(signals: RunSignals): Promise<void>;
  /** Asks for an object by hand. Without effect while the controller does not run: a run starts with every object. */
  enqueue(key: ObjectKey, options?: AddOptions): void;
  readonly running: boolean;
  /** Passes that have not ended, longest first. */
  inHand(): PassInHand[];
  /** For how long work has been due while a worker was free: 0 unless the controller itself has stopped. */
  idleWithWorkMs(): number;
}

/** Makes a controller; nothing happens before {@linkcode Controller.run}. */
export function createController(options: ControllerOptions): Controller {
  return new WorkerPool(options);
}

const id = keyText;

class WorkerPool implements Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #concurrency: number;
  readonly #deadlineMs: number;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: ControllerMetrics;
  readonly #queueMetrics: QueueMetrics;
  readonly #passes = new Set<Pass>();
  readonly #stuck = new Set<Pass>();
  readonly #aside = new Set<Pass>();
  #queue: WorkQueue<ObjectKey> | undefined;

  constructor(options: ControllerOptions) {
    const metrics = options.metrics ?? noMetrics;
    this.name = options.name;
    this.#options = options;
    this.#concurrency = options.concurrency ?? 8;
    this.#deadlineMs = options.deadlineMs ?? 60_000;
    this.#clock = options.clock ?? systemClock;
    this.#log = (options.log ?? silentLogger).child({ controller: options.name });
    this.#metrics = controllerMetrics(metrics, options.name, this.#concurrency, () => this.#stuck.size);
    this.#queueMetrics = queueMetrics(metrics, options.name, () => this.#queue);
  }

  get running(): boolean {
    return this.#queue !== undefined;
  }

  enqueue(key: ObjectKey, options?: AddOptions): void {
    this.#queue?.add(key, options);
  }

  inHand(): PassInHand[] {
    const now = this.#clock.now();
    return [...this.#passes]
      .map(({ key, startedAt }) => {
        const runningMs = now - startedAt;
        return { key, runningMs, overdueMs: Math.max(0, runningMs - this.#deadlineMs) };
      })
      .sort((a, b) => b.runningMs - a.runningMs);
  }

  idleWithWorkMs(): number {
    const busy = [...this.#passes].filter((pass) => !this.#stuck.has(pass) && !this.#aside.has(pass)).length;
    return this.#queue !== undefined && busy < this.#concurrency ? this.#queue.waitingFor() : 0;
  }

  async run({ stop, abort }: RunSignals): Promise<void> {
    if (this.#queue !== undefined) throw new Error(`Controller ${this.name} runs already.`);
    const { backoff, random, watches } = this.#options;
    const queue = this.#queue = new WorkQueue<ObjectKey>({
      id,
      clock: this.#clock,
      metrics: this.#queueMetrics,
      ...(backoff === undefined ? {} : { backoff }),
      ...(random === undefined ? {} : { random }),
    });
    const ending = AbortSignal.any([stop, abort]);
    const abortPasses = () => {
      for (const pass of this.#passes) pass.abort(abort.reason);
    };
    abort.addEventListener("abort", abortPasses, { once: true });
    const close = () => void queue.shutDown();
    ending.addEventListener("abort", close, { once: true });
    if (ending.aborted) close();
    const cancelResync = this.#resync(queue);
    const unsubscribe: (() => void)[] = [];
    try {
      const enqueue = (key: ObjectKey, priority: number) => queue.add(key, { priority });
      if (!ending.aborted) { for (const source of watches) unsubscribe.push(source.start(enqueue)); }
      this.#log.info("controller started", { workers: this.#concurrency });
      await Promise.all(Array.from({ length: this.#concurrency }, () => this.#work(queue, abort)));
    } finally {
      cancelResync();
      for (const end of unsubscribe) end();
      // Passes that were left behind as stuck still hold their keys.
      await queue.shutDown();
      abort.removeEventListener("abort", abortPasses);
      ending.removeEventListener("abort", close);
      this.#queue = undefined;
    }
    this.#log.info("controller stopped");
  }

  /** One worker: takes keys until the queue is shut down. */
  async #work(queue: WorkQueue<ObjectKey>, abort: AbortSignal): Promise<void> {
    for (let item = await queue.get(); item !== undefined; item = await queue.get()) {
      // Handed out just before the queue was shut down.
      if (queue.closed) queue.done(item.key);
      else await this.#process(queue, item, abort);
    }
  }

  /** Returns when the pass has ended, is stuck or stands aside: then it goes on alone and keeps its key. */
  async #process(queue: WorkQueue<ObjectKey>, item: WorkItem<ObjectKey>, abort: AbortSignal): Promise<void> {
    const { key } = item;
    const log = this.#log.child({
      namespace: key.namespace,
      name: key.name,
      reconcileId: crypto.randomUUID().slice(0, 8),
    });
    this.#metrics.started();
    const pass = startPass({
      key,
      reconcile: this.#options.reconcile,
      log,
      clock: this.#clock,
      deadlineMs: this.#deadlineMs,
      graceMs: this.#options.stuckGraceMs ?? 5_000,
      onDeadline: () => this.#metrics.timedOut(),
    });
    this.#passes.add(pass);
    const settled = pass.outcome.then((outcome) => {
      this.#settle(queue, item, pass, outcome, log, abort.aborted);
    });
    const over = async () => {
      if (await pass.endedOrStuck) return await settled;
      this.#stuck.add(pass);
      log.error("reconcile is stuck: it goes on after its deadline; other objects are not held up", {
        deadlineMs: this.#deadlineMs,
      });
    };
    await Promise.race([over(), ...this.#standsAside(pass)]);
  }

  /** Resolves once a pass that goes on for long holds no worker any more. Empty where none ever does. */
  #standsAside(pass: Pass): Promise<void>[] {
    const { aside } = this.#options;
    if (aside === undefined) return [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.setTimer(() => {
      if (this.#aside.size >= aside.most) return;
      this.#aside.add(pass);
      resolve();
    }, aside.afterMs);
    pass.outcome.then(() => {
      cancel();
      this.#aside.delete(pass);
    });
    return [promise];
  }

  #settle(
    queue: WorkQueue<ObjectKey>,
    item: WorkItem<ObjectKey>,
    pass: Pass,
    outcome: PassOutcome,
    log: Logger,
    aborted: boolean,
  ): void {
    const ms = this.#clock.now() - pass.startedAt;
    this.#passes.delete(pass);
    if (this.#stuck.delete(pass)) log.warn("a stuck reconcile has ended after all", { ms: Math.round(ms) });
    const result = outcome.kind === "done"
      ? this.#succeeded(queue, item, outcome.result.requeueAfterMs ?? 0, ms, log)
      : this.#failed(queue, item, outcome.error, log, aborted);
    this.#metrics.ended(result, ms);
    queue.done(item.key);
  }

  #succeeded(
    queue: WorkQueue<ObjectKey>,
    { key, priority }: WorkItem<ObjectKey>,
    requeueAfterMs: number,
    ms: number,
    log: Logger,
  ): PassResult {
    queue.forget(key);
    const again = requeueAfterMs > 0 && Number.isFinite(requeueAfterMs);
    if (again) queue.add(key, { priority, afterMs: requeueAfterMs });
    log.debug("reconciled", {
      ms: Math.round(ms),
      ...(again ? { againInMs: Math.round(requeueAfterMs) } : {}),
    });
    return again ? "requeue_after" : "success";
  }

  #failed(
    queue: WorkQueue<ObjectKey>,
    { key, priority }: WorkItem<ObjectKey>,
    error: unknown,
    log: Logger,
    aborted: boolean,
  ): PassResult {
    if (aborted) {
      // Leadership is lost or the drain time is over: the next run, here or elsewhere, looks at every object again.
      log.debug("reconcile was cut short", { error });
      return "error";
    }
    const failure = classify(error);
    if (failure.kind === "conflict") {
      const againInMs = queue.addRateLimited(key, { priority });
      log.debug("reconcile met another writer, trying again", { error, againInMs: Math.round(againInMs) });
      return "requeue";
    }
    if (failure.kind === "terminal") {
      queue.forget(key);
      this.#metrics.failed({ terminal: true, bug: false });
      log.error("reconcile failed; it is not tried again before the object changes", { error });
      return "error";
    }
    const againInMs = queue.addRateLimited(key, { priority, atLeastMs: failure.atLeastMs });
    this.#metrics.failed({ terminal: false, bug: failure.bug });
    log.error("reconcile failed, trying again", {
      error,
      failures: queue.failures(key),
      againInMs: Math.round(againInMs),
    });
    return "error";
  }

  /** Asks for every object again and again, not for all replicas at the same moment. */
  #resync(queue: WorkQueue<ObjectKey>): () => void {
    const { resyncMs = 36_000_000, random = Math.random, watches } = this.#options;
    if (resyncMs <= 0) return () => {};
    let cancel = () => {};
    const arm = () => {
      cancel = this.#clock.setTimer(() => {
        for (const source of watches) source.resync?.((key, priority) => queue.add(key, { priority }));
        arm();
      }, resyncMs * (0.9 + random() / 5));
    };
    arm();
    return () => cancel();
  }
}
