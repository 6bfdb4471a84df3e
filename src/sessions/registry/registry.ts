/** The workers that are there, what they have, and which of them gets the next session. */
import type { WorkerConnection, WorkerListener } from "../link.ts";
import type { WorkerLoad } from "../types.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { WORKSPACES_WORKER } from "../wire/worker_ids.ts";
import { Places } from "./places.ts";
import { type Candidate, type Selection, selectWorker, type Wanted } from "./select.ts";

export interface RegistryOptions {
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  /** See `SelectOptions`. */
  readonly takesWorkers?: boolean | undefined;
}

/** Whoever keeps the sessions. Calls come one after the other, and must not throw. */
export interface RegistryObserver {
  joined(worker: WorkerConnection): void;
  /** It has said anew what it has. */
  loaded(worker: WorkerConnection): void;
  /** See `WorkerListener.left`. */
  left(worker: WorkerConnection, reason: string, isOver: boolean): void;
}

interface Entry {
  readonly worker: WorkerConnection;
  readonly places: Places;
  load: WorkerLoad;
}

const MAX_GONE = 10_000;

/** A worker with how many sessions take a place there. */
export interface RegisteredWorker {
  readonly worker: WorkerConnection;
  readonly sessions: number;
}

interface Choice extends Candidate {
  readonly entry: Entry;
}

/** Listens to the workers' link. Several `Sessions` may use one. */
export class WorkerRegistry implements WorkerListener {
  readonly #log: Logger;
  readonly #takesWorkers: boolean | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #observers = new Set<RegistryObserver>();
  readonly #waiting = new Set<() => void>();
  /** Incarnations that have left, the last of them, and whether they are over. */
  readonly #gone = new Map<string, boolean>();

  constructor({ log, metrics = noMetrics, takesWorkers }: RegistryOptions) {
    this.#log = log;
    this.#takesWorkers = takesWorkers;
    metrics.gauge(
      "coordinator_worker_capacity",
      "Sessions that workers can have at once",
      ["worker"],
      (gauge) => {
        for (const id of this.#shown) if (!this.#entries.has(id)) gauge.remove({ worker: id });
        this.#shown = new Set(this.#entries.keys());
        for (const [id, { worker }] of this.#entries) gauge.set({ worker: id }, worker.hello.capacity);
      },
    );
  }
  #shown = new Set<string>();

  joined(worker: WorkerConnection): void {
    const entry = { worker, places: new Places(), load: worker.load };
    entry.places.loaded(worker.load.sessions);
    this.#entries.set(worker.id, entry);
    this.#tell((observer) => observer.joined(worker));
  }

  changed(worker: WorkerConnection): void {
    const entry = this.#entries.get(worker.id);
    if (entry?.worker !== worker) return;
    if (entry.load !== worker.load) {
      entry.load = worker.load;
      entry.places.loaded(worker.load.sessions);
      this.#tell((observer) => observer.loaded(worker));
    } else {
      this.#wake();
    }
  }

  left(worker: WorkerConnection, reason: string, isOver: boolean): void {
    if (this.#entries.get(worker.id)?.worker !== worker) return;
    this.#entries.delete(worker.id);
    this.#gone.set(worker.hello.incarnation, isOver);
    for (const first of this.#gone.keys()) if (this.#gone.size > MAX_GONE) this.#gone.delete(first);
    this.#tell((observer) => observer.left(worker, reason, isOver));
  }

  /** @returns what ends it */
  observe(observer: RegistryObserver): () => void {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  /** The worker of that name, as this process of it; any process without `incarnation`. */
  find(id: string, incarnation?: string): WorkerConnection | undefined {
    const worker = this.#entries.get(id)?.worker;
    return incarnation === undefined || worker?.hello.incarnation === incarnation ? worker : undefined;
  }

  /** That process of the worker has left, or another one has taken its place. Others may be on their way. */
  isGone(id: string, incarnation: string): boolean {
    const now = this.#entries.get(id)?.worker.hello.incarnation;
    return now === undefined ? this.#gone.has(incarnation) : now !== incarnation;
  }

  /** That process of a worker has said farewell here, or was replaced: it comes nowhere back. */
  isOver(incarnation: string): boolean {
    return this.#gone.get(incarnation) ?? false;
  }

  /** By id. */
  list(): readonly RegisteredWorker[] {
    return [...this.#entries.values()]
      .map(({ worker, places }) => ({ worker, sessions: places.size }))
      .sort((a, b) => a.worker.id < b.worker.id ? -1 : 1);
  }

  /**
   * Chooses a worker and takes a place there, in one: creations side by side never fill one beyond its capacity. The place
   * is kept until {@linkcode WorkerRegistry.opened}, whoever closes the session meanwhile.
   */
  reserve(session: string, wanted: Wanted): Selection<Candidate> & { readonly worker?: WorkerConnection } {
    const choices = [...this.#entries.values()].map((entry): Choice => ({
      id: entry.worker.id,
      labels: entry.worker.hello.labels,
      isolation: entry.worker.hello.isolation,
      capabilities: entry.worker.hello.capabilities,
      sharedStorage: entry.worker.hello.sharedStorage,
      capacity: entry.worker.hello.capacity,
      sessions: entry.places.size,
      isClosingIt: entry.places.isClosing(session),
      isConnected: entry.worker.isConnected,
      isDraining: entry.worker.isDraining,
      binding: entry.worker.binding,
      isForWorkspaces: entry.worker.id === WORKSPACES_WORKER,
      entry,
    }));
    const selection = selectWorker(choices, wanted, { takesWorkers: this.#takesWorkers });
    if (selection.chosen === undefined) return selection;
    const { entry } = selection.chosen;
    entry.places.open(session);
    return { chosen: selection.chosen, worker: entry.worker };
  }

  /** The worker has opened what was reserved, or has not: from now on it can be closed, released. */
  opened(session: string, worker: WorkerConnection): void {
    this.#of(worker)?.places.opened(session);
  }

  /** The worker is being told to close it. @returns what says how that ended */
  closing(session: string, worker: WorkerConnection): (isGone: boolean) => void {
    this.#of(worker)?.places.closing(session);
    return (isGone) => {
      this.#of(worker)?.places.closed(session, isGone);
      this.#wake();
    };
  }

  /** A session that is there already takes its place. */
  hold(session: string, worker: WorkerConnection): void {
    this.#of(worker)?.places.take(session);
  }

  /** Sessions that this registry has put there, and that nobody here is opening or closing. */
  settled(worker: WorkerConnection): readonly string[] {
    return this.#of(worker)?.places.settled ?? [];
  }

  /** Sessions of {@linkcode WorkerRegistry.settled} that another coordinator has ended, or moved: they have no place there. */
  over(sessions: readonly string[], worker: WorkerConnection): void {
    if (sessions.length === 0) return;
    this.#of(worker)?.places.over(sessions);
    this.#wake();
  }

  /** It never came to be there. */
  release(session: string, worker: WorkerConnection): void {
    this.#of(worker)?.places.release(session);
    this.#wake();
  }

  /** Sessions that the worker says it has, and that nobody has put there by this registry. */
  strangers(worker: WorkerConnection): readonly string[] {
    return [...this.#of(worker)?.places.others ?? []];
  }

  /** Whether a session is one of {@linkcode WorkerRegistry.strangers}, which may be many. */
  isStranger(session: string, worker: WorkerConnection): boolean {
    return this.#of(worker)?.places.others.has(session) ?? false;
  }

  /** Resolves with the next change of workers; or when `signal` aborts. Never rejects. */
  changes(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = () => {
        this.#waiting.delete(end);
        signal.removeEventListener("abort", end);
        resolve();
      };
      this.#waiting.add(end);
      signal.addEventListener("abort", end, { once: true });
    });
  }

  #of(worker: WorkerConnection): Entry | undefined {
    const entry = this.#entries.get(worker.id);
    return entry?.worker === worker ? entry : undefined;
  }

  #tell(news: (observer: RegistryObserver) => void): void {
    for (const observer of [...this.#observers]) {
      try {
        news(observer);
      } catch (error) {
        this.#log.error("news of a worker could not be told", { error });
      }
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
