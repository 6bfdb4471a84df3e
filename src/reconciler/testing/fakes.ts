/** Stand-ins for the shared cache, and tools to watch what a controller does. For tests alone. */
import { keyOf, keyText, type KubeObject, type ObjectKey, type ResourceType } from "../../api/object.ts";
import type { Informer, InformerHandler, SharedCache } from "../../kube/informer.ts";
import type { LogFields, Logger } from "../../telemetry/logger.ts";

export const WIDGET: ResourceType = {
  group: "example.com",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  namespaced: true,
};

export const GADGET: ResourceType = {
  group: "apps",
  version: "v1",
  kind: "Gadget",
  plural: "gadgets",
  namespaced: true,
};

let uids = 0;

/** An object of a kind; `metadata` wins over what is made up. */
export function make(
  type: ResourceType,
  name: string,
  metadata: Partial<KubeObject["metadata"]> = {},
): KubeObject {
  return {
    apiVersion: type.group === "" ? type.version : `${type.group}/${type.version}`,
    kind: type.kind,
    metadata: {
      name,
      namespace: "ns",
      uid: `uid-${uids++}`,
      resourceVersion: "1",
      generation: 1,
      ...metadata,
    },
  };
}

/** The same object after a change of metadata, with a new resource version. */
export function changed<T extends KubeObject>(
  object: T,
  metadata: Partial<KubeObject["metadata"]>,
  more = {},
): T {
  const resourceVersion = `${Number(object.metadata.resourceVersion) + 1}`;
  return { ...object, ...more, metadata: { ...object.metadata, resourceVersion, ...metadata } };
}

/** A controller owner reference to `owner`. */
export function controlledBy(owner: KubeObject) {
  const { name = "", uid = "" } = owner.metadata;
  return [{ apiVersion: owner.apiVersion, kind: owner.kind, name, uid, controller: true }];
}

/** An informer that a test feeds by hand. */
export class FakeInformer implements Informer {
  readonly objects = new Map<string, KubeObject>();
  readonly handlers = new Set<InformerHandler<KubeObject>>();
  readonly #indexes = new Map<string, (object: KubeObject) => readonly string[]>();
  hasSynced = true;
  exists = true;
  trouble = "";

  constructor(readonly type: ResourceType = WIDGET) {}

  get(key: ObjectKey): KubeObject | undefined {
    return this.objects.get(keyText(key));
  }
  derived(): unknown {
    return undefined;
  }
  list(): KubeObject[] {
    return [...this.objects.values()];
  }
  /** Empty for an index that nobody declared. */
  byIndex(name = "", value = ""): KubeObject[] {
    const values = this.#indexes.get(name) ?? (() => []);
    return this.list().filter((object) => values(object).includes(value));
  }
  addIndex(name = "", values: (object: KubeObject) => readonly string[] = () => []): void {
    this.#indexes.set(name, values);
  }
  subscribe(handler: InformerHandler<KubeObject>): () => void {
    this.handlers.add(handler);
    for (const object of this.objects.values()) handler.added?.(object, true);
    return () => void this.handlers.delete(handler);
  }
  observe(object: KubeObject): void {
    this.put(object);
  }
  observeDeleted(object: KubeObject): void {
    this.remove(object);
  }

  /** What a watch would say: ADDED or MODIFIED. */
  put(object: KubeObject, initial = false): void {
    const id = keyText(keyOf(object));
    const before = this.objects.get(id);
    this.objects.set(id, object);
    for (const handler of this.handlers) {
      if (before === undefined) handler.added?.(object, initial);
      else handler.updated?.(before, object);
    }
  }
  /** The kind comes or goes. */
  setExists(exists: boolean): void {
    this.exists = exists;
    for (const handler of this.handlers) handler.presence?.(exists);
  }
  /** DELETED. */
  remove(object: KubeObject): void {
    this.objects.delete(keyText(keyOf(object)));
    for (const handler of this.handlers) handler.deleted?.(object);
  }
}

/** A cache whose sync a test decides. */
export class FakeCache implements SharedCache {
  readonly synced = Promise.withResolvers<void>();
  hasSynced = false;
  started = false;
  stopped = false;
  trouble: { resource: string; why: string }[] = [];

  constructor(options: { synced?: boolean } = {}) {
    if (options.synced !== false) this.sync();
  }
  sync(): void {
    this.hasSynced = true;
    this.synced.resolve();
  }
  informer(): never {
    throw new Error("not needed here");
  }
  start(signal: AbortSignal): void {
    this.started = true;
    signal.addEventListener("abort", () => this.stopped = true);
  }
  whenSynced(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      this.synced.promise.then(resolve, reject);
    });
  }
  troubles() {
    return this.trouble;
  }
}

/** Keeps every line. */
export class LineLog implements Logger {
  constructor(
    readonly lines: { level: string; message: string; fields: LogFields }[] = [],
    readonly bound: LogFields = {},
  ) {}
  #add(level: string, message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields: { ...this.bound, ...fields } });
  }
  debug(message: string, fields?: LogFields): void {
    this.#add("debug", message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#add("info", message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#add("warn", message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#add("error", message, fields);
  }
  child(fields: LogFields): Logger {
    return new LineLog(this.lines, { ...this.bound, ...fields });
  }
  /** The messages of one level. */
  at(level: string): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }
}

export const key = (name: string, namespace = "ns"): ObjectKey => ({ namespace, name });
