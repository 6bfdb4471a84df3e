/** An API server in memory, as far as lists, watches and discovery go, that fails on command. For tests alone. */
import {
  apiVersionOf,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectKey,
  resourceText,
  type ResourceType,
} from "../../api/object.ts";
import type { KubeClient, ListOptions, ObjectList, Selection, WatchEvent, WatchOptions } from "../client.ts";
import { KubeApiError } from "../errors.ts";
import { labelMatcher } from "../cache/label_selector.ts";
import { FakeWatch } from "./fake_watch.ts";

/** One change, in the order in which it happened. */
interface Change {
  resource: string;
  resourceVersion: string;
  type: "ADDED" | "MODIFIED" | "DELETED";
  object: KubeObject;
  before: KubeObject | undefined;
}

/** The options of a list or of a watch. */
type FakeOptions = Omit<ListOptions, "resourceVersionMatch"> & Omit<WatchOptions, "resourceVersionMatch">;

/** One call, as it came in. */
export interface FakeCall {
  verb: "list" | "watch" | "raw";
  resource: string;
  options: FakeOptions;
}

type Verb = FakeCall["verb"];

/** `true` for every object that the selection covers. */
type Covers = (object: KubeObject) => boolean;

const call = { method: "GET", path: "/fake" };

/** An error as the real server would send it. */
export function refusal(code: number, reason: string, retryAfterMs?: number): KubeApiError {
  return new KubeApiError(code, reason, `${reason} (${code}) says the fake server`, call, retryAfterMs);
}

/** Implements the reading half of {@linkcode KubeClient}; every object that goes out is a copy. */
export class FakeApi {
  readonly calls: FakeCall[] = [];
  /** What the server makes of `sendInitialEvents`: `ignored` is a server that never marks the end. */
  watchList: "supported" | "refused" | "ignored" = "supported";
  /** While true, open watches hear nothing; afterwards they hear everything. */
  #held = false;
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #versions = new Map<string, number>();
  #history: Change[] = [];
  #compacted = 0;
  #counter = 0;
  readonly #failures: { verb: Verb; error: unknown; left: number }[] = [];
  readonly #pages = new Map<string, { items: KubeObject[]; resourceVersion: string }>();
  readonly #watches = new Set<{ watch: FakeWatch; resource: string; covers: Covers; sent: number }>();
  readonly #absent = new Set<string>();

  /** This server as a client. */
  get client(): KubeClient {
    const refuse = () => Promise.reject(new Error("the fake server only reads"));
    return {
      get: refuse,
      create: refuse,
      update: refuse,
      patch: refuse,
      delete: refuse,
      list: (type, options) => this.#list(type, options ?? {}),
      watch: (type, options) => this.#watch(type, options ?? {}),
      raw: (_method, path) => this.#discover(path),
    };
  }

  /** Creates or replaces; returns the object as the server has it now. */
  put<T extends KubeObject>(type: ResourceType<T>, object: Partial<T> & { metadata: T["metadata"] }): T {
    const objects = this.#of(type);
    const key = keyText(keyOf(object));
    const before = objects.get(key);
    const whole = structuredClone({ ...object, apiVersion: apiVersionOf(type), kind: type.kind }) as T;
    whole.metadata.uid = before?.metadata.uid ?? `uid-${crypto.randomUUID()}`;
    whole.metadata.resourceVersion = this.#nextVersion();
    objects.set(key, whole);
    this.#record(type, before === undefined ? "ADDED" : "MODIFIED", whole, before);
    return structuredClone(whole);
  }

  /** Deletes; returns the object's last state, with the version of the deletion. */
  delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T {
    const objects = this.#of(type);
    const before = objects.get(keyText(key));
    if (before === undefined) throw new Error(`the fake server has no ${keyText(key)}`);
    objects.delete(keyText(key));
    const last = structuredClone(before) as T;
    last.metadata.resourceVersion = this.#nextVersion();
    this.#record(type, "DELETED", last, before);
    return structuredClone(last);
  }

  /** What the server has of a kind, by `keyText`. */
  truth(type: ResourceType): Record<string, string> {
    return Object.fromEntries(
      [...this.#of(type)].map(([key, object]) => [key, object.metadata.resourceVersion!]),
    );
  }

  /** Where a version stands in the server's history. The cache must do without knowing. */
  order(resourceVersion: string): number {
    return this.#versions.get(resourceVersion) ?? -1;
  }

  /** The next `times` calls of a verb fail. */
  fail(verb: Verb, error: unknown, times = 1): void {
    this.#failures.push({ verb, error, left: times });
  }

  /** Forgets the failures that are still to come. */
  heal(): void {
    this.#failures.length = 0;
  }

  /** Forgets all history: whoever resumes from before gets 410, and so does a watch that has not heard all of it. */
  compact(): void {
    for (const { watch, resource, sent } of [...this.#watches]) {
      const missed = this.#history.some((change) =>
        change.resource === resource && (this.#versions.get(change.resourceVersion) ?? 0) > sent
      );
      if (missed) watch.error({ kind: "Status", code: 410, reason: "Expired", message: "too old" });
    }
    this.#history = [];
    this.#compacted = this.#counter;
    this.#nextVersion();
  }

  /** Continue tokens given out so far are no longer known. */
  expirePages(): void {
    this.#pages.clear();
  }

  /** The kind is not served (any more), or is served again. Its objects go with it. */
  serve(type: ResourceType, served: boolean): void {
    const objects = this.#of(type);
    if (served) this.#absent.delete(resourceText(type));
    else {
      this.#absent.add(resourceText(type));
      for (const object of [...objects.values()]) this.delete(type, keyOf(object));
    }
  }

  /** Open watches of a kind, oldest first. */
  watches(type?: ResourceType): FakeWatch[] {
    return [...this.#watches].filter(({ resource }) => type === undefined || resource === resourceText(type))
      .map(({ watch }) => watch);
  }

  /** Holds back the events of all watches, or lets them go. */
  hold(held: boolean): void {
    this.#held = held;
    if (!held) this.#flush();
  }

  /** Sends a bookmark with the present version to every watch; never ahead of events that are held back. */
  bookmark(): void {
    if (this.#held) return;
    const resourceVersion = this.#nextVersion();
    for (const { watch } of this.#watches) watch.send(bookmarkOf(resourceVersion));
  }

  /** How often a verb was called. */
  count(verb: Verb, type?: ResourceType): number {
    return this.calls.filter((c) =>
      c.verb === verb && (type === undefined || c.resource === resourceText(type))
    )
      .length;
  }

  // deno-lint-ignore require-await -- what is thrown must be a rejection
  async #list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions): Promise<ObjectList<T>> {
    this.#enter("list", type, options);
    const covers = coverage(options);
    const page = options.continue === undefined
      ? { items: [...this.#of(type).values()].filter(covers), resourceVersion: this.#nextVersion() }
      : this.#pages.get(options.continue);
    if (page === undefined) throw refusal(410, "Expired");
    const limit = options.limit ?? Infinity;
    const items = page.items.slice(0, limit).map((object) => this.#onTheWire<T>(object, true, options));
    if (page.items.length <= limit) return { items, resourceVersion: page.resourceVersion };
    const token = `page-${crypto.randomUUID()}`;
    this.#pages.set(token, { ...page, items: page.items.slice(limit) });
    return { items, resourceVersion: page.resourceVersion, continue: token };
  }

  // deno-lint-ignore require-await -- what is thrown must be a rejection
  async #watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions,
  ): Promise<AsyncIterable<WatchEvent<T>>> {
    this.#enter("watch", type, options);
    const { resourceVersion, sendInitialEvents } = options;
    if (sendInitialEvents && this.watchList === "refused") throw refusal(422, "Invalid");
    const covers = coverage(options);
    const watch = new FakeWatch(
      options.signal,
      () => this.#watches.delete(entry),
      (object) => this.#onTheWire(object, false, options),
    );
    const entry = { watch, resource: resourceText(type), covers, sent: this.#counter };
    if (resourceVersion === undefined) {
      const now = this.#nextVersion();
      for (const object of this.#of(type).values()) if (covers(object)) watch.send({ type: "ADDED", object });
      if (sendInitialEvents && this.watchList === "supported") watch.send(bookmarkOf(now, true));
      entry.sent = this.#counter;
    } else {
      const from = this.#versions.get(resourceVersion) ?? -1;
      if (from < this.#compacted) throw refusal(410, "Expired");
      entry.sent = from;
    }
    this.#watches.add(entry);
    this.#flush();
    return watch as AsyncIterable<WatchEvent<KubeObject>> as AsyncIterable<WatchEvent<T>>;
  }

  // deno-lint-ignore require-await -- what is thrown must be a rejection
  async #discover(path: string): Promise<unknown> {
    this.calls.push({ verb: "raw", resource: path, options: {} });
    this.#throwScripted("raw");
    const group = path.split("/").at(-2) ?? "";
    const served = [...this.#objects.keys()].filter((resource) =>
      resource.endsWith(`.${group}`) && !this.#absent.has(resource)
    );
    if (served.length === 0) throw refusal(404, "NotFound");
    return {
      kind: "APIResourceList",
      resources: served.map((resource) => ({ name: resource.split(".", 1)[0] })),
    };
  }

  #enter(verb: Verb, type: ResourceType, options: FakeOptions): void {
    this.calls.push({ verb, resource: resourceText(type), options });
    options.signal?.throwIfAborted();
    this.#throwScripted(verb);
    if (this.#absent.has(resourceText(type))) throw refusal(404, "NotFound");
  }

  #throwScripted(verb: Verb): void {
    const failure = this.#failures.find((candidate) => candidate.verb === verb && candidate.left > 0);
    if (failure === undefined) return;
    failure.left--;
    throw failure.error;
  }

  #of(type: ResourceType): Map<string, KubeObject> {
    const resource = resourceText(type);
    let objects = this.#objects.get(resource);
    if (objects === undefined) this.#objects.set(resource, objects = new Map());
    return objects;
  }

  /** Versions are text without any order, so that comparing them cannot work by accident. */
  #nextVersion(): string {
    const version = `${crypto.randomUUID().slice(0, 8)}`;
    this.#versions.set(version, ++this.#counter);
    return version;
  }

  #record(
    type: ResourceType,
    kind: Change["type"],
    object: KubeObject,
    before: KubeObject | undefined,
  ): void {
    const resourceVersion = object.metadata.resourceVersion ?? "";
    this.#history.push({ resource: resourceText(type), resourceVersion, type: kind, object, before });
    this.#flush();
  }

  #flush(): void {
    if (this.#held) return;
    for (const entry of [...this.#watches]) {
      for (const change of this.#history) {
        const number = this.#versions.get(change.resourceVersion) ?? 0;
        if (number <= entry.sent || change.resource !== entry.resource) continue;
        entry.sent = number;
        const event = seenThrough(change, entry.covers);
        if (event !== undefined) entry.watch.send(event);
      }
    }
  }

  /** What leaves the server: a copy, cut to metadata where that was asked for, without a kind inside lists. */
  #onTheWire<T extends KubeObject>(
    object: KubeObject,
    inList: boolean,
    options: FakeOptions,
  ): T {
    const { apiVersion, kind, ...rest } = structuredClone(object);
    if (options.metadataOnly) {
      return { apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadata", metadata: rest.metadata } as T;
    }
    return (inList ? rest : { apiVersion, kind, ...rest }) as T;
  }
}

/** An object that comes into a selection is added to it, one that leaves it is deleted. */
function seenThrough(change: Change, covers: Covers): WatchEvent<KubeObject> | undefined {
  const { object, before } = change;
  const was = before !== undefined && covers(before);
  if (change.type === "DELETED") return was ? { type: "DELETED", object } : undefined;
  if (covers(object)) return { type: was ? "MODIFIED" : "ADDED", object };
  return was ? { type: "DELETED", object } : undefined;
}

function bookmarkOf(resourceVersion: string, initialEnd = false): WatchEvent<KubeObject> {
  const annotations = initialEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
  return {
    type: "BOOKMARK",
    object: { apiVersion: "v1", kind: "Any", metadata: { resourceVersion, ...annotations } },
  };
}

function coverage({ namespace, labelSelector }: Selection): Covers {
  const matches = labelMatcher(labelSelector);
  return ({ metadata }) =>
    (namespace === undefined || metadata.namespace === namespace) && matches(metadata.labels ?? {});
}
