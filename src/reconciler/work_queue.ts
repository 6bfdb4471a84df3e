/** Which objects need work, in what order, each at most once at a time. */
import { type Clock, systemClock } from "../telemetry/clock.ts";
import { backoffMs, type BackoffOptions } from "./backoff.ts";
import { DeadlineHeap } from "./deadline_heap.ts";
import { noQueueMetrics, type QueueMetrics } from "./queue_metrics.ts";
import { ReadyLines } from "./ready_lines.ts";

export interface AddOptions {
  /** Higher goes first; merging keeps the highest. @default {0} */
  priority?: number;
  /** Not before this many milliseconds; merging keeps the soonest. @default {0} */
  afterMs?: number;
}

/** What a worker was given. Every item must be handed back with {@linkcode WorkQueue.done}. */
export interface WorkItem<K> {
  readonly key: K;
  /** The priority it had in the queue. */
  readonly priority: number;
}

export interface WorkQueueOptions<K> {
  /** Keys with the same text are the same key. */
  id: (key: K) => string;
  backoff?: BackoffOptions;
  clock?: Clock;
  metrics?: QueueMetrics;
  /** In [0, 1); for the jitter. @default {Math.random} */
  random?: () => number;
}

/** Where a key is: `held` is due while its worker is still at it. */
type Place = "none" | "delayed" | "ready" | "held";

interface Entry<K> {
  readonly id: string;
  readonly key: K;
  place: Place;
  priority: number;
  due: number;
  /** When it became due. */
  readySince: number;
  /** When its worker took it; undefined while no worker has it. */
  takenAt: number | undefined;
}

interface Waiter<K> {
  give(item: WorkItem<K> | undefined): void;
}

/**
 * A queue of keys with these promises:
 * - a key that is added is handed out at least once afterwards (unless the queue shuts down), however often it is added;
 * - a key is with one worker at a time; added meanwhile, it is handed out again once that worker is done;
 * - among keys that are due the highest priority goes first, and first come first served within one;
 * - a key that waits for a later time is never handed out before it; merging takes the soonest time and the highest
 *   priority.
 */
export class WorkQueue<K> {
  readonly #id: (key: K) => string;
  readonly #clock: Clock;
  readonly #metrics: QueueMetrics;
  readonly #backoff: BackoffOptions;
  readonly #random: () => number;
  readonly #entries = new Map<string, Entry<K>>();
  readonly #failures = new Map<string, number>();
  readonly #ready = new ReadyLines<Entry<K>>();
  readonly #delayed = new DeadlineHeap<Entry<K>>((entry, due) =>
    entry.place === "delayed" && entry.due === due
  );
  readonly #waiters = new Set<Waiter<K>>();
  #timer: { due: number; cancel: () => void } | undefined;
  #taken = 0;
  #serving = false;
  #closed = false;
  readonly #drained = Promise.withResolvers<void>();

  constructor(options: WorkQueueOptions<K>) {
    this.#id = options.id;
    this.#clock = options.clock ?? systemClock;
    this.#metrics = options.metrics ?? noQueueMetrics;
    this.#backoff = options.backoff ?? {};
    this.#random = options.random ?? Math.random;
  }

  /** Keys that are due, those whose worker is still at them included. */
  get depth(): number {
    let held = 0;
    if (this.#taken > 0) { for (const entry of this.#entries.values()) if (entry.place === "held") held++; }
    return this.#ready.size + held;
  }

  /** Keys that are with a worker. */
  get inHand(): number {
    return this.#taken;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Adds a key, or merges with what is queued for it. After shut-down nothing is added. */
  add(key: K, options: AddOptions = {}): void {
    if (this.#closed) return;
    const { priority = 0, afterMs = 0 } = options;
    const now = this.#clock.now();
    const due = afterMs > 0 ? now + afterMs : now;
    const entry = this.#entry(key);
    if (entry.place === "none") {
      entry.priority = priority;
      this.#place(entry, due, now);
      this.#metrics.added();
      return;
    }
    if (priority > entry.priority) {
      if (entry.place === "ready") this.#ready.move(entry, entry.priority, priority);
      entry.priority = priority;
    }
    if (entry.place === "delayed" && due < entry.due) this.#place(entry, due, now);
  }

  /**
   * Adds a key after the back-off for one more failure of it, or after `atLeastMs` where that is longer (a server said
   * when to come back). Returns the wait in milliseconds.
   */
  addRateLimited(key: K, options: { priority?: number; atLeastMs?: number } = {}): number {
    const id = this.#id(key);
    const failures = (this.#failures.get(id) ?? 0) + 1;
    this.#failures.set(id, failures);
    const afterMs = Math.max(backoffMs(failures, this.#backoff, this.#random), options.atLeastMs ?? 0);
    this.add(key, { priority: options.priority ?? 0, afterMs });
    this.#metrics.retried();
    return afterMs;
  }

  /** How often in a row a key has failed. */
  failures(key: K): number {
    return this.#failures.get(this.#id(key)) ?? 0;
  }

  /** Starts the back-off of a key anew. What is queued for it stays queued. */
  forget(key: K): void {
    this.#failures.delete(this.#id(key));
  }

  /** The next key that is due, waiting for one; undefined once the queue is shut down or `signal` aborts. */
  get(signal?: AbortSignal): Promise<WorkItem<K> | undefined> {
    if (this.#closed || signal?.aborted) return Promise.resolve(undefined);
    const entry = this.#ready.take();
    if (entry !== undefined) return Promise.resolve(this.#take(entry));
    return new Promise((resolve) => {
      const waiter: Waiter<K> = {
        give: (item) => {
          this.#waiters.delete(waiter);
          signal?.removeEventListener("abort", aborted);
          resolve(item);
        },
      };
      const aborted = () => waiter.give(undefined);
      signal?.addEventListener("abort", aborted, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /** Hands a key back. What was added for it meanwhile is due from now on. */
  done(key: K): void {
    const entry = this.#entries.get(this.#id(key));
    if (entry?.takenAt === undefined) return;
    this.#metrics.worked(this.#clock.now() - entry.takenAt);
    entry.takenAt = undefined;
    this.#taken--;
    if (entry.place === "held") {
      this.#enterLine(entry);
    } else if (entry.place === "none") {
      this.#entries.delete(entry.id);
    }
    if (this.#closed && this.#taken === 0) this.#drained.resolve();
  }

  /**
   * Hands out nothing any more and takes nothing in. Resolves when every key in hand has been handed back; may be
   * called again for the same promise.
   */
  shutDown(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#delayed.clear();
      this.#ready.clear();
      this.#failures.clear();
      for (const [id, entry] of this.#entries) {
        entry.place = "none";
        if (entry.takenAt === undefined) this.#entries.delete(id);
      }
      for (const waiter of [...this.#waiters]) waiter.give(undefined);
      if (this.#taken === 0) this.#drained.resolve();
    }
    return this.#drained.promise;
  }

  /** Keys that are due, by priority: for the depth metric. */
  depths(): ReadonlyMap<number, number> {
    const depths = new Map(this.#ready.depths());
    for (const entry of this.#entries.values()) {
      if (entry.place === "held") depths.set(entry.priority, (depths.get(entry.priority) ?? 0) + 1);
    }
    return depths;
  }

  /** How long each key in hand has been with its worker, in milliseconds. */
  *workingFor(): Generator<number> {
    const now = this.#clock.now();
    for (const { takenAt } of this.#entries.values()) if (takenAt !== undefined) yield now - takenAt;
  }

  /** How long the key that is next has been due, in milliseconds; 0 where none is. */
  waitingFor(): number {
    const first = this.#ready.peek();
    return first === undefined ? 0 : this.#clock.now() - first.readySince;
  }

  #entry(key: K): Entry<K> {
    const id = this.#id(key);
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      entry = { id, key, place: "none", priority: 0, due: 0, readySince: 0, takenAt: undefined };
      this.#entries.set(id, entry);
    }
    return entry;
  }

  #place(entry: Entry<K>, due: number, now: number): void {
    entry.due = due;
    if (due > now) {
      entry.place = "delayed";
      this.#delayed.push(entry, due);
      this.#arm();
      return;
    }
    entry.readySince = now;
    if (entry.takenAt === undefined) this.#enterLine(entry);
    else entry.place = "held";
  }

  #enterLine(entry: Entry<K>): void {
    entry.place = "ready";
    this.#ready.add(entry, entry.priority);
    if (this.#waiters.size === 0 || this.#serving) return;
    // Not at once: what is added in the same breath is merged, and goes by priority.
    this.#serving = true;
    queueMicrotask(() => this.#serve());
  }

  #serve(): void {
    this.#serving = false;
    for (const waiter of this.#waiters) {
      const next = this.#ready.take();
      if (next === undefined) return;
      waiter.give(this.#take(next));
    }
  }

  #take(entry: Entry<K>): WorkItem<K> {
    const now = this.#clock.now();
    entry.place = "none";
    entry.takenAt = now;
    this.#taken++;
    this.#metrics.waited(now - entry.readySince);
    return { key: entry.key, priority: entry.priority };
  }

  /** One timer for the next key that falls due. */
  #arm(): void {
    const due = this.#delayed.nextDue();
    if (due === undefined || this.#timer !== undefined && this.#timer.due <= due) return;
    this.#timer?.cancel();
    const cancel = this.#clock.setTimer(() => this.#wake(), due - this.#clock.now());
    this.#timer = { due, cancel };
  }

  #wake(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (let entry = this.#delayed.takeDue(now); entry !== undefined; entry = this.#delayed.takeDue(now)) {
      this.#place(entry, entry.due, now);
    }
    this.#arm();
  }
}
