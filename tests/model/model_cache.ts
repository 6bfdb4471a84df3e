/** The product's cache of objects, whose watches say what has happened when they are told to, kind by kind. */
import {
  keyOf,
  keyText,
  type KubeObject,
  type ObjectKey,
  resourceText,
  type ResourceType,
} from "../../src/api/object.ts";
import type { Entry } from "../../src/kube/cache/cache_entry.ts";
import { EventDispatcher } from "../../src/kube/cache/event_dispatcher.ts";
import { KindCache } from "../../src/kube/cache/kind_cache.ts";
import { labelMatcher } from "../../src/kube/cache/label_selector.ts";
import { ObjectStore, type StoreFilter } from "../../src/kube/cache/store.ts";
import type { Informer, InformerHandler, KindOptions, SharedCache } from "../../src/kube/informer.ts";
import type { Change, ModelApi } from "./model_api.ts";
import type { ProcessClock } from "./virtual_clock.ts";

/** No watch is behind for longer, in milliseconds: the reflector opens it again from where it stood. */
const STALL_MS = 90_000;

/** One kind: the parts of the real cache, behind a watch that lags. */
class ModelInformer<T extends KubeObject> implements Informer<T> {
  readonly hasSynced = true;
  readonly exists = true;
  readonly trouble = "";
  readonly #matches: (labels: Readonly<Record<string, string>>) => boolean;
  readonly #store = new ObjectStore<T>((index, error) => this.onError(`index ${index}: ${error}`));
  readonly #dispatcher = new EventDispatcher<T>((error) => this.onError(`a subscriber: ${error}`));
  readonly #cache: KindCache<T>;
  readonly #queue: { kind: Change["kind"]; object: T; at: number }[] = [];
  #isStallTimed = false;
  #isExpiryTimed = false;

  constructor(
    readonly type: ResourceType<T>,
    readonly kind: KindOptions<T>,
    readonly api: ModelApi,
    readonly clock: ProcessClock,
    readonly onError: (what: string) => void,
  ) {
    this.#matches = labelMatcher(kind.labelSelector);
    this.#cache = new KindCache<T>({
      store: this.#store,
      now: () => clock.now(),
      onDelta: (delta) => this.#dispatcher.dispatch(delta),
    });
    this.relist();
  }

  get lag(): number {
    return this.#queue.length;
  }

  happened({ kind, object, before }: Change): void {
    const is = this.#matches(object.metadata.labels ?? {});
    const was = before !== undefined && this.#matches(before.metadata.labels ?? {});
    if (!is && !was) return;
    const left = kind !== "DELETED" && !is;
    this.#queue.push({
      kind: left ? "DELETED" : was || kind === "DELETED" ? kind : "ADDED",
      object: object as T,
      at: this.clock.now(),
    });
    this.#catchUpLater();
  }

  /** The watch delivers its next event. */
  deliver(): void {
    const event = this.#queue.shift();
    if (event === undefined) return;
    if (event.kind === "DELETED") this.#cache.remove(this.#entry(event.object));
    else this.#cache.put(this.#entry(event.object));
  }

  /** The watch broke: everything is listed anew. */
  relist(): void {
    const mark = this.#cache.mark();
    this.#queue.length = 0;
    const objects = this.api.list(this.type).filter(({ metadata }) => this.#matches(metadata.labels ?? {}));
    this.#cache.replace(new Map(objects.map((each) => [keyText(keyOf(each)), this.#entry(each)])), mark);
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
    if (this.#matches(object.metadata.labels ?? {})) this.#cache.observe(this.#entry(object));
    else this.#cache.observeDeleted(keyOf(object), object.metadata.uid ?? "");
    this.#expireLater();
  }

  observeDeleted(object: T): void {
    this.#cache.observeDeleted(keyOf(object), object.metadata.uid ?? "");
    this.#expireLater();
  }

  #catchUpLater(): void {
    const [oldest] = this.#queue;
    if (this.#isStallTimed || oldest === undefined) return;
    this.#isStallTimed = true;
    this.clock.setTimer(() => {
      this.#isStallTimed = false;
      const isStalled = (this.#queue[0]?.at ?? Infinity) + STALL_MS <= this.clock.now();
      while (isStalled && this.#queue.length > 0) this.deliver();
      this.#catchUpLater();
    }, oldest.at + STALL_MS - this.clock.now());
  }

  /** Own writes whose events never come do not stay for ever. */
  #expireLater(): void {
    const next = this.#cache.expire();
    if (this.#isExpiryTimed || next === undefined) return;
    this.#isExpiryTimed = true;
    this.clock.setTimer(() => {
      this.#isExpiryTimed = false;
      this.#expireLater();
    }, next - this.clock.now());
  }

  #entry(object: T): Entry<T> {
    const { apiVersion, kind, metadata } = object;
    const derived = this.kind.derive?.(object);
    const whole = this.kind.metadataOnly === true ? { apiVersion, kind, metadata } as T : object;
    const transformed = this.kind.transform?.(whole) ?? whole;
    const { managedFields: _, ...rest } = transformed.metadata;
    return { object: { ...transformed, metadata: rest }, derived };
  }
}

/** See the file's head. */
export class ModelCache implements SharedCache {
  readonly hasSynced = true;
  readonly #kinds = new Map<string, ModelInformer<KubeObject>>();
  readonly #end: () => void;

  constructor(
    readonly api: ModelApi,
    readonly clock: ProcessClock,
    /** Told of subscribers and index functions that throw. */
    readonly onError: (what: string) => void,
  ) {
    this.#end = api.onChange((change) => this.#kinds.get(resourceText(change.type))?.happened(change));
  }

  informer<T extends KubeObject>(type: ResourceType<T>, options: KindOptions<T> = {}): Informer<T> {
    const name = resourceText(type);
    let informer = this.#kinds.get(name) as unknown as ModelInformer<T> | undefined;
    if (informer === undefined) {
      informer = new ModelInformer(type, options, this.api, this.clock, this.onError);
      this.#kinds.set(name, informer as unknown as ModelInformer<KubeObject>);
    }
    return informer;
  }

  start(): void {}

  whenSynced(): Promise<void> {
    return Promise.resolve();
  }

  troubles() {
    return [];
  }

  /** Kinds whose watches have something to say. */
  get lagging(): string[] {
    return [...this.#kinds].filter(([, informer]) => informer.lag > 0).map(([name]) => name);
  }

  deliver(kind: string): void {
    this.#kinds.get(kind)?.deliver();
  }

  relist(kind: string): void {
    this.#kinds.get(kind)?.relist();
  }

  /** The process has died. */
  stop(): void {
    this.#end();
  }
}
