/** A storage in memory, with a history like that of a real one. For tests alone. */
import { compareKeys, keyOf, keyText, type KubeObject, type ObjectKey } from "../../../api/object.ts";
import { expired, notFound, type StatusError, tooLargeResourceVersion } from "../status_errors.ts";
import type {
  Change,
  ChangeListener,
  Listing,
  ListQuery,
  RequestContext,
  ResourceDefinition,
  ResourceStorage,
  Subresource,
  WatchHandle,
  WatchQuery,
  WatchSource,
  WriteAnswer,
  WriteRequest,
} from "../storage.ts";

interface Watcher<T> {
  readonly namespace: string | undefined;
  readonly listener: ChangeListener<T>;
}

/** Called before a request is answered; may throw, or wait. */
export type Hook = (what: string, context: RequestContext) => void | Promise<void>;

export class MemoryStorage<T extends KubeObject> implements ResourceStorage<T> {
  readonly #objects = new Map<string, T>();
  #history: { readonly version: bigint; readonly change: Change<T> }[] = [];
  readonly #watchers = new Set<Watcher<T>>();
  readonly #listings = new Map<string, readonly T[]>();
  #version: bigint;
  #oldest: bigint;
  /** @default nothing */
  hook: Hook = () => {};
  subresources: Readonly<Record<string, Subresource<T>>> = {};
  write?: (request: WriteRequest, context: RequestContext) => Promise<WriteAnswer>;

  constructor(readonly definition: ResourceDefinition<T>, startVersion = 1_000_000n) {
    this.#version = this.#oldest = startVersion;
  }

  get version(): string {
    return String(this.#version);
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Creates or replaces. */
  put(object: T): T {
    const version = ++this.#version;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    const key = keyText(keyOf(stored));
    const before = this.#objects.get(key);
    this.#objects.set(key, stored);
    this.#tell(
      version,
      before === undefined ? { type: "ADDED", object: stored } : { type: "MODIFIED", object: stored, before },
    );
    return stored;
  }

  /** What is there at this moment. */
  peek(key: ObjectKey): T | undefined {
    return this.#objects.get(keyText(key));
  }

  remove(key: ObjectKey): void {
    const before = this.#objects.get(keyText(key));
    if (before === undefined) throw new Error(`there is no ${keyText(key)}`);
    const version = ++this.#version;
    this.#objects.delete(keyText(key));
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } };
    this.#tell(version, { type: "DELETED", object, before });
  }

  /** Forgets the history up to now. */
  compact(): void {
    this.#history = [];
    this.#oldest = this.#version;
  }

  /** Ends all watches. */
  end(error?: StatusError): void {
    for (const { listener } of [...this.#watchers]) listener.ended(error);
  }

  async get(key: ObjectKey, context: RequestContext, notOlderThan?: string): Promise<T> {
    await this.hook("get", context);
    if (notOlderThan !== undefined) this.#requireReached(notOlderThan);
    const object = this.#objects.get(keyText(key));
    if (object === undefined) throw notFound(this.definition.type, key.name);
    return object;
  }

  async list({ namespace, version }: ListQuery, context: RequestContext): Promise<Listing<T>> {
    await this.hook("list", context);
    switch (version.match) {
      case "exact":
        this.#requireReached(version.resourceVersion);
        if (version.resourceVersion !== this.version) throw expired();
        break;
      case "continued":
        if (BigInt(version.resourceVersion) < this.#oldest) throw expired("the continue token is too old");
        break;
      case "notOlderThan":
        this.#requireReached(version.resourceVersion);
        break;
      default:
    }
    return { items: this.#itemsOf(namespace), resourceVersion: this.version };
  }

  async watch({ namespace, start }: WatchQuery, context: RequestContext): Promise<WatchSource<T>> {
    await this.hook("watch", context);
    return {
      open: (listener): WatchHandle<T> => {
        if (start.from === "state" && start.notOlderThan !== undefined) {
          this.#requireReached(start.notOlderThan);
        }
        const since = start.from === "version" ? BigInt(start.resourceVersion) : this.#version;
        if (since < this.#oldest) throw expired();
        const watcher = { namespace, listener };
        this.#watchers.add(watcher);
        return {
          state: start.from === "state" ? this.#itemsOf(namespace) : [],
          changes: this.#history.filter(({ version }) => version > since).map(({ change }) => change)
            .filter(({ object }) => isOf(object, namespace)),
          currentVersion: () => this.version,
          close: () => void this.#watchers.delete(watcher),
        };
      },
    };
  }

  #requireReached(version: string): void {
    if (BigInt(version) > this.#version) throw tooLargeResourceVersion(version, this.version);
  }

  #itemsOf(namespace: string | undefined): readonly T[] {
    const key = namespace ?? "";
    let items = this.#listings.get(key);
    if (items === undefined) {
      items = [...this.#objects.values()].filter((object) => isOf(object, namespace))
        .sort((left, right) => compareKeys(keyOf(left), keyOf(right)));
      this.#listings.set(key, items);
    }
    return items;
  }

  #tell(version: bigint, change: Change<T>): void {
    this.#listings.clear();
    this.#history.push({ version, change });
    for (const { namespace, listener } of [...this.#watchers]) {
      if (isOf(change.object, namespace)) listener.change(change);
    }
  }
}

function isOf(object: KubeObject, namespace: string | undefined): boolean {
  return namespace === undefined || object.metadata.namespace === namespace;
}
