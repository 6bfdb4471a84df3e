/** One kind in the shared cache: its reflectors, its objects and its subscribers. */
import { keyOf, type KubeObject, type ObjectKey, resourceText, type ResourceType } from "../../api/object.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type EntryMaker, entryMaker } from "./cache_entry.ts";
import type { KindMetrics, MeasuredKind } from "./cache_metrics.ts";
import type { KubeClient, Selection } from "../client.ts";
import type { Clock } from "../clock.ts";
import type { DynamicKinds } from "./dynamic_kinds.ts";
import { EventDispatcher } from "./event_dispatcher.ts";
import type { Informer, InformerHandler, KindOptions } from "../informer.ts";
import { KindCache } from "./kind_cache.ts";
import { labelMatcher } from "./label_selector.ts";
import { Reflector, type ReflectorOptions } from "./reflector.ts";
import { missingText } from "./reflector_failure.ts";
import { ObjectStore, type StoreFilter } from "./store.ts";
import type { StringPool } from "./string_pool.ts";

/** What the shared cache gives to each of its kinds. */
export interface KindInformerOptions<T extends KubeObject> {
  type: ResourceType<T>;
  kind: KindOptions<T>;
  client: KubeClient;
  dynamicKinds: DynamicKinds;
  pool: StringPool;
  freeze: boolean;
  clock: Clock;
  log: Logger;
  metrics: KindMetrics;
  reflector: Pick<ReflectorOptions<T>, "pageSize" | "watchList" | "times" | "step">;
  /** Called whenever `hasSynced` or `trouble` may have changed. */
  onChange: () => void;
}

/** Implements {@linkcode Informer}; `run` is for the shared cache alone. */
export class KindInformer<T extends KubeObject = KubeObject> implements Informer<T>, MeasuredKind {
  readonly type: ResourceType<T>;
  readonly resource: string;
  readonly #options: KindInformerOptions<T>;
  readonly #store: ObjectStore<T>;
  readonly #cache: KindCache<T>;
  readonly #dispatcher: EventDispatcher<T>;
  readonly #make: EntryMaker<T>;
  readonly #matches: (labels: Readonly<Record<string, string>>) => boolean;
  /** One for each namespace that is not the empty string; the empty string alone means everything. */
  readonly #namespaces: readonly string[];
  #reflectors: Reflector<T>[] = [];
  #hasSynced = false;
  #exists: boolean;
  #trouble = "not started";
  #lastSign: number | undefined;
  #signal: AbortSignal | undefined;
  #expiring = false;

  constructor(options: KindInformerOptions<T>) {
    this.#options = options;
    this.type = options.type;
    this.resource = resourceText(options.type);
    const { kind, log, metrics } = options;
    this.#exists = !kind.optional;
    this.#namespaces = selectedNamespaces(options.type, kind.namespaces);
    this.#matches = labelMatcher(kind.labelSelector);
    const onObjectError = (what: string, error: unknown) => {
      metrics.objectRefused();
      log.error(`In the cache: ${what}`, error === undefined ? {} : { error });
    };
    this.#store = new ObjectStore((index, error) => onObjectError(`index ${index} threw`, error));
    this.#dispatcher = new EventDispatcher((error, event) => {
      metrics.handlerFailed();
      log.error("A subscriber of the cache threw", { event, error });
    });
    this.#cache = new KindCache({
      store: this.#store,
      now: () => options.clock.now(),
      onDelta: (delta) => this.#dispatcher.dispatch(delta),
    });
    this.#make = entryMaker({ ...options, onError: onObjectError });
  }

  /** Stays true once it was: a list that is repeated keeps the old objects served meanwhile. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get exists(): boolean {
    return this.#exists;
  }

  get trouble(): string {
    return this.#trouble ||
      this.#reflectors.map(({ trouble }) => trouble).filter((text) => text !== "").join("; ") ||
      (this.#hasSynced ? "" : "the first list is not complete yet");
  }

  get size(): number {
    return this.#store.size;
  }

  get silentMs(): number | undefined {
    return this.#lastSign === undefined ? undefined : this.#options.clock.now() - this.#lastSign;
  }

  get(key: ObjectKey): T | undefined {
    return this.#store.get(key)?.object;
  }

  derived(key: ObjectKey): unknown {
    return this.#store.get(key)?.derived;
  }

  list(filter?: StoreFilter): T[] {
    return this.#store.list(filter);
  }

  byIndex(index: string, value: string): T[] {
    return this.#store.byIndex(index, value);
  }

  addIndex(name: string, values: (object: T) => readonly string[]): void {
    this.#store.addIndex(name, values);
  }

  subscribe(handler: InformerHandler<T>): () => void {
    return this.#dispatcher.subscribe(handler, () => this.#store.list());
  }

  observe(object: T): void {
    if (!this.#covers(object)) return;
    // A copy: the cache takes its objects apart and shares them, and the caller's stays the caller's.
    const entry = this.#make(structuredClone(object));
    if (entry === undefined) return;
    if (this.#matches(object.metadata.labels ?? {})) this.#cache.observe(entry);
    else this.#cache.observeDeleted(keyOf(object), object.metadata.uid ?? "");
    this.#expireLater();
  }

  observeDeleted(object: T): void {
    this.#cache.observeDeleted(keyOf(object), object.metadata.uid ?? "");
    this.#expireLater();
  }

  /** Keeps the kind up to date until `signal` aborts. Does not throw. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#setTrouble("");
    this.#expireLater();
    let mustAsk = this.#options.kind.optional ?? false;
    while (!signal.aborted) {
      try {
        if (mustAsk) await this.#awaitKind(signal);
        this.#setExists(true);
        this.#setTrouble("");
        if (await this.#reflect(signal) === "missing") mustAsk = await this.#onMissing(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#setTrouble(`Cannot watch ${this.resource}: ${text(error)}`);
        this.#options.log.error("The informer failed and starts again", { error });
        await this.#options.clock.sleep(1_000, signal).catch(() => {});
      }
    }
  }

  async #awaitKind(signal: AbortSignal): Promise<void> {
    const { dynamicKinds, kind, type } = this.#options;
    await dynamicKinds.whenServed(type, signal, {
      urgent: !kind.optional,
      onAnswer: (error) =>
        error === null
          ? this.#setAbsent()
          : this.#setTrouble(`Cannot tell whether ${this.resource} is served: ${text(error)}`),
    });
  }

  #setAbsent(): void {
    const { kind, log, type } = this.#options;
    const why = missingText(type);
    this.#setExists(false);
    if (kind.optional) this.#hasSynced = true;
    else if (this.#trouble !== why) log.warn(why);
    this.#setTrouble(kind.optional ? "" : why);
  }

  #setExists(exists: boolean): void {
    if (this.#exists === exists) return;
    this.#exists = exists;
    this.#dispatcher.dispatch({ type: "presence", exists });
  }

  /** The server said 404. Returns whether discovery must say otherwise before the next try. */
  async #onMissing(signal: AbortSignal): Promise<boolean> {
    const { clock, dynamicKinds, type } = this.#options;
    if (this.#hasSynced && !await dynamicKinds.isGone(type, signal)) {
      await clock.sleep(1_000, signal).catch(() => {});
      return false;
    }
    if (signal.aborted) return true;
    this.#setAbsent();
    this.#cache.clear();
    return true;
  }

  /** Runs every reflector until all are stopped or the kind is missing. */
  async #reflect(signal: AbortSignal): Promise<"stopped" | "missing"> {
    const round = new AbortController();
    const abort = () => round.abort(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    const { dynamicKinds, kind, type } = this.#options;
    // A kind that may go is watched for its going: some servers keep its watches open for a while.
    const unwatch = kind.optional
      ? dynamicKinds.onCrdChange(type, () => this.#checkStillThere(round))
      : () => {};
    this.#reflectors = this.#namespaces.map((namespace) => this.#reflector(namespace));
    try {
      const results = this.#reflectors.map(async (reflector) => {
        const result = await reflector.run(round.signal);
        if (result === "missing") round.abort(KIND_MISSING);
        return result;
      });
      await Promise.all(results);
      return round.signal.reason === KIND_MISSING ? "missing" : "stopped";
    } finally {
      unwatch();
      round.abort();
      signal.removeEventListener("abort", abort);
      this.#reflectors = [];
    }
  }

  #checkStillThere(round: AbortController): void {
    this.#options.dynamicKinds.hasGoneWithCrd(this.type, round.signal).then((gone) => {
      if (gone) round.abort(KIND_MISSING);
    });
  }

  #reflector(namespace: string): Reflector<T> {
    const { client, clock, kind, log, metrics, reflector, type } = this.#options;
    const scope = namespace === "" ? undefined : namespace;
    const selection: Selection = {
      ...(scope === undefined ? {} : { namespace: scope }),
      ...(kind.labelSelector ? { labelSelector: kind.labelSelector } : {}),
      ...(kind.fieldSelector ? { fieldSelector: kind.fieldSelector } : {}),
    };
    return new Reflector<T>({
      ...reflector,
      client,
      type,
      selection,
      metadataOnly: kind.metadataOnly ?? false,
      clock,
      log: scope === undefined ? log : log.child({ namespace: scope }),
      sink: {
        make: this.#make,
        mark: () => this.#cache.mark(),
        replace: (entries, mark) => this.#cache.replace(entries, mark, scope),
        put: (entry) => this.#cache.put(entry),
        remove: (entry) => this.#cache.remove(entry),
      },
      observer: {
        listed: (mode, result) => metrics.listed(mode, result),
        watchOpened: () => {
          this.#lastSign = clock.now();
          metrics.watchOpened();
        },
        restarted: (reason) => metrics.restarted(reason),
        event: (event) => {
          this.#lastSign = clock.now();
          metrics.event(event);
        },
      },
      onChange: () => {
        if (!this.#hasSynced && this.#reflectors.length > 0) {
          this.#hasSynced = this.#reflectors.every(({ synced }) => synced);
        }
        this.#options.onChange();
      },
    });
  }

  /** Could the watch deliver this object, as far as its namespace and name go? */
  #covers(object: T): boolean {
    const { namespace } = keyOf(object);
    return this.#namespaces[0] === "" || this.#namespaces.includes(namespace);
  }

  /** Lets own writes expire in the background, while there are any and the cache runs. */
  #expireLater(): void {
    const signal = this.#signal;
    if (this.#expiring || signal === undefined || signal.aborted || this.#cache.pending === 0) return;
    this.#expiring = true;
    const { clock } = this.#options;
    (async () => {
      for (let next = this.#cache.expire(); next !== undefined; next = this.#cache.expire()) {
        await clock.sleep(next - clock.now(), signal);
      }
    })().catch(() => {}).finally(() => this.#expiring = false);
  }

  #setTrouble(trouble: string): void {
    this.#trouble = trouble;
    this.#options.onChange();
  }
}

const KIND_MISSING = new DOMException("The API server does not serve the kind any more.", "NotFoundError");

function selectedNamespaces(
  type: ResourceType,
  namespaces: readonly string[] | undefined,
): readonly string[] {
  const wanted = [...new Set(namespaces ?? [])].sort();
  return !type.namespaced || wanted.length === 0 ? [""] : wanted;
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
