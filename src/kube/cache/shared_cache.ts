/** Every kind that this process watches, once. */
import { type KubeObject, resourceText, type ResourceType } from "../../api/object.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { type CacheMetrics, cacheMetrics } from "./cache_metrics.ts";
import type { KubeClient } from "../client.ts";
import { type Clock, systemClock } from "../clock.ts";
import { CRD_OPTIONS, CRD_TYPE, DynamicKinds } from "./dynamic_kinds.ts";
import type { Informer, KindOptions, SharedCache } from "../informer.ts";
import { KindInformer } from "./kind_informer.ts";
import type { ReflectorTimes } from "./reflector.ts";
import type { StepOptions } from "./reflector_state.ts";
import { StringPool } from "./string_pool.ts";

/** Options of {@linkcode createSharedCache}. */
export interface SharedCacheOptions {
  client: KubeClient;
  log?: Logger;
  metrics?: Metrics;
  clock?: Clock;
  /** Makes cached objects deeply read-only: a component that changes one fails loudly. For tests. @default {false} */
  freeze?: boolean;
  /** Objects a page of a list. @default {500} */
  pageSize?: number;
  /** Ask for the initial state through the watch where the server can. @default {true} */
  watchList?: boolean;
  /** Deadlines and stall checks. */
  times?: ReflectorTimes;
  /** Back-off after failures. */
  retry?: StepOptions;
}

/** A {@linkcode SharedCache} that can also say when it has stopped. */
export interface RunningCache extends SharedCache {
  /** Resolves when, after the abort of `start`'s signal, nothing of it runs any more. */
  whenStopped(): Promise<void>;
}

interface Declared {
  informer: KindInformer;
  options: KindOptions;
  /** Declared by the cache itself, for its own use: not waited for and not reported. */
  internal: boolean;
}

/** Makes a cache with nothing in it. Nothing is asked of the server before `start`. */
export function createSharedCache(options: SharedCacheOptions): RunningCache {
  return new WatchCache(options);
}

class WatchCache implements RunningCache {
  readonly #options: SharedCacheOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #pool = new StringPool();
  readonly #declared = new Map<string, Declared>();
  readonly #metrics: CacheMetrics;
  readonly #dynamicKinds: DynamicKinds;
  readonly #waiters = new Set<() => void>();
  readonly #runs = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(options: SharedCacheOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.#metrics = cacheMetrics(options.metrics ?? noMetrics, () => this.#informers());
    this.#dynamicKinds = new DynamicKinds({
      client: options.client,
      crds: () => this.#crds(),
      clock: this.#clock,
      ...(options.retry?.random === undefined ? {} : { random: options.retry.random }),
    });
  }

  informer<T extends KubeObject>(type: ResourceType<T>, options?: KindOptions<T>): Informer<T> {
    const resource = resourceText(type);
    const known = this.#declared.get(resource);
    if (known === undefined) return this.#declare(type, options ?? {}, false);
    const differences = [
      ...(known.informer.type.version === type.version ? [] : ["version"]),
      ...(options === undefined ? [] : differing(known.options, options as unknown as KindOptions)),
    ];
    if (differences.length > 0) {
      throw new Error(
        `${resource} is cached already, with other options (${
          differences.join(", ")
        }): a kind is watched once in the ` +
          "process, so every component must declare it in the same way, or without options after it was declared.",
      );
    }
    known.internal = false;
    return known.informer as unknown as Informer<T>;
  }

  start(signal: AbortSignal): void {
    if (this.#signal !== undefined) throw new Error("The cache was started already: it runs once.");
    this.#signal = signal;
    // A copy: an optional kind declares the one of its definitions as it starts, which then runs already.
    for (const { informer } of [...this.#declared.values()]) this.#run(informer);
  }

  async whenSynced(signal: AbortSignal): Promise<void> {
    const informers = [...this.#watched()];
    while (!informers.every(({ hasSynced }) => hasSynced)) {
      signal.throwIfAborted();
      await this.#nextChange(signal);
    }
  }

  async whenStopped(): Promise<void> {
    while (this.#runs.size > 0) await Promise.all(this.#runs);
  }

  get hasSynced(): boolean {
    return [...this.#watched()].every(({ hasSynced }) => hasSynced);
  }

  troubles(): readonly { resource: string; why: string }[] {
    return [...this.#watched()].map(({ resource, trouble }) => ({ resource, why: trouble }))
      .filter(({ why }) => why !== "");
  }

  #declare<T extends KubeObject>(
    type: ResourceType<T>,
    options: KindOptions<T>,
    internal: boolean,
  ): KindInformer<T> {
    const resource = resourceText(type);
    const informer = new KindInformer<T>({
      type,
      kind: options,
      client: this.#options.client,
      dynamicKinds: this.#dynamicKinds,
      pool: this.#pool,
      freeze: this.#options.freeze ?? false,
      clock: this.#clock,
      log: this.#log.child({ resource }),
      metrics: this.#metrics.kind(resource),
      reflector: {
        ...(this.#options.pageSize === undefined ? {} : { pageSize: this.#options.pageSize }),
        ...(this.#options.watchList === undefined ? {} : { watchList: this.#options.watchList }),
        ...(this.#options.times === undefined ? {} : { times: this.#options.times }),
        ...(this.#options.retry === undefined ? {} : { step: this.#options.retry }),
      },
      onChange: () => {
        for (const wake of [...this.#waiters]) wake();
      },
    });
    this.#declared.set(resource, {
      informer: informer as unknown as KindInformer,
      options: options as unknown as KindOptions,
      internal,
    });
    if (this.#signal !== undefined) this.#run(informer as unknown as KindInformer);
    return informer;
  }

  #crds(): Informer {
    return this.#declared.get(resourceText(CRD_TYPE))?.informer ?? this.#declare(CRD_TYPE, CRD_OPTIONS, true);
  }

  #run(informer: KindInformer): void {
    const signal = this.#signal;
    if (signal === undefined || signal.aborted) return;
    const run = informer.run(signal).finally(() => this.#runs.delete(run));
    this.#runs.add(run);
  }

  *#informers(): Generator<KindInformer> {
    for (const { informer } of this.#declared.values()) yield informer;
  }

  *#watched(): Generator<KindInformer> {
    for (const { informer, internal } of this.#declared.values()) if (!internal) yield informer;
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.#waiters.delete(done);
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = () => {
        this.#waiters.delete(done);
        reject(signal.reason);
      };
      this.#waiters.add(done);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}

/** The names of the options in which two declarations differ. */
function differing(known: KindOptions, wanted: KindOptions): string[] {
  const plain = (options: KindOptions): Record<string, unknown> => ({
    namespaces: [...new Set(options.namespaces ?? [])].sort().join(","),
    labelSelector: options.labelSelector ?? "",
    fieldSelector: options.fieldSelector ?? "",
    metadataOnly: options.metadataOnly ?? false,
    optional: options.optional ?? false,
    transform: options.transform,
    derive: options.derive,
  });
  const [left, right] = [plain(known), plain(wanted)];
  return Object.keys(left).filter((name) => left[name] !== right[name]);
}
