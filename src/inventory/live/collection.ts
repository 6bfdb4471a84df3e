/** Objects of one kind with resource versions: what is listed, and what watchers are told. */
import { keyOf, keyText, type KubeObject, type ObjectKey } from "../../api/object.ts";
import { type Change, forLateWatchers, unsure } from "./change.ts";
import { contentHash } from "./content.ts";
import { DEFAULT_OVERLAP_MS, History, type HistoryOptions } from "./history.ts";
import { Shelf } from "./shelf.ts";
import { later, parseVersion, type VersionClock } from "./versions.ts";

export interface CollectionOptions extends HistoryOptions {
  readonly versions: VersionClock;
  /** Whether some of the objects may have changed long ago without our knowledge. @default {() => false} */
  readonly isStale?: () => boolean;
  /** A listener threw; it hears nothing more. */
  readonly onMistake?: (error: unknown) => void;
}

/** Objects at one moment. Nothing of it ever changes. */
export interface Listing<T> {
  /** By namespace, then by name, in the order of their UTF-16 code units. The same array for the same content. */
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** Told in order. */
export interface ChangeListener<T> {
  change(change: Change<T>): void;
  ended(): void;
}

/** An open watch. */
export interface Watch<T> {
  /** The state at the beginning, where the watch begins with it. */
  readonly state: readonly T[];
  /** What has happened since the version that it begins with. */
  readonly changes: readonly Change<T>[];
  /** The newest version up to which everything has been told. */
  currentVersion(): string;
  close(): void;
}

/** Where a watch begins: with all that is there, with what comes, or with the first change after a version. */
export type WatchBegin = "state" | "now" | { readonly version: string };

interface Entry<T> {
  readonly object: T;
  readonly hash: number;
}

interface Told<T> {
  readonly changes: readonly Change<T>[];
  readonly isUnsure: boolean;
}

const NOTHING: Told<never> = { changes: [], isUnsure: false };

export class Collection<T extends KubeObject> {
  readonly #options: CollectionOptions;
  readonly #history: History<T>;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #shelf = new Shelf<T>();
  /** By namespace; the empty one hears everything. */
  readonly #listeners = new Map<string, Set<ChangeListener<T>>>();
  #version: bigint;
  #text: string;

  constructor(options: CollectionOptions) {
    this.#options = options;
    this.#version = options.versions.next({ mark: 0, isStale: false });
    this.#text = String(this.#version);
    this.#history = new History(this.#version, options);
  }

  /** Newest version: of the last change, or of the last checkpoint. */
  get resourceVersion(): string {
    return this.#text;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: ObjectKey): T | undefined {
    return this.#entries.get(keyText(key))?.object;
  }

  /** Of a namespace, or of all. */
  list(namespace?: string): Listing<T> {
    return this.#shelf.listing(namespace, this.#text);
  }

  /** Sets what an object is. It has no resource version yet, and gets one if it is not as it was. Returns whether it did. */
  put(object: T): boolean {
    const hash = contentHash(JSON.stringify(object));
    const key = keyText(keyOf(object));
    const before = this.#entries.get(key);
    if (before?.hash === hash) return false;
    // Another object of the same name: who watches must not take it for the same.
    if (before !== undefined && before.object.metadata.uid !== object.metadata.uid) {
      this.remove(keyOf(object));
      return this.put(object);
    }
    const version = this.#next(hash);
    const versioned = withVersion(object, this.#text);
    this.#entries.set(key, { object: versioned, hash });
    this.#shelf.put(versioned);
    this.#tell(
      version,
      before === undefined
        ? { type: "ADDED", object: versioned }
        : { type: "MODIFIED", object: versioned, before: before.object },
    );
    return true;
  }

  /** Returns whether there was one. */
  remove(key: ObjectKey): boolean {
    const before = this.#entries.get(keyText(key));
    if (before === undefined) return false;
    const version = this.#next(before.hash);
    this.#entries.delete(keyText(key));
    this.#shelf.remove(key);
    this.#tell(version, {
      type: "DELETED",
      object: withVersion(before.object, this.#text),
      before: before.object,
    });
    return true;
  }

  /** All that has happened up to now is known: lists and bookmarks get a version that says so. */
  checkpoint(): void {
    this.#next(0);
    this.#history.checkpoint(this.#version);
  }

  /** Objects whose past is not known here have come: see {@linkcode History.beginAnew}. */
  beginAnew(): void {
    this.checkpoint();
    this.#history.beginAnew(this.#version);
  }

  /**
   * Makes what is listed from now on no older than a version, which may be another replica's. False where the version is
   * of a time that is not near.
   */
  reach(text: string): boolean {
    const version = parseVersion(text);
    if (version === undefined) return false;
    if (version <= this.#version) return true;
    this.#options.versions.heard(version);
    this.checkpoint();
    return version <= this.#version;
  }

  /** Whether all that has happened in a namespace, or anywhere, since a version can be told. */
  canTell(text: string, namespace?: string): boolean {
    return this.#since(text, namespace) !== undefined;
  }

  /** Opens a watch. Undefined where the version is too old, or none of ours. Synchronous, so that nothing is lost. */
  watch(
    { namespace, begin }: { namespace?: string | undefined; begin: WatchBegin },
    listener: ChangeListener<T>,
  ): Watch<T> | undefined {
    const since = typeof begin === "string" ? NOTHING : this.#since(begin.version, namespace);
    if (since === undefined) return undefined;
    const own = since.isUnsure ? this.#doubting(listener, since.changes) : listener;
    const group = namespace ?? "";
    const listeners = this.#listeners.get(group) ?? new Set();
    this.#listeners.set(group, listeners.add(own));
    return {
      state: begin === "state" ? this.list(namespace).items : [],
      changes: since.changes,
      currentVersion: () => this.#text,
      close: () => {
        listeners.delete(own);
        if (listeners.size === 0 && this.#listeners.get(group) === listeners) this.#listeners.delete(group);
      },
    };
  }

  /** Who watches now. */
  get watchers(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Ends all watches. */
  close(): void {
    const groups = [...this.#listeners.values()];
    this.#listeners.clear();
    for (const listeners of groups) for (const listener of listeners) listener.ended();
  }

  #next(hash: number): bigint {
    const { versions, isStale } = this.#options;
    this.#version = versions.next({ mark: hash, isStale: isStale?.() ?? false });
    this.#text = String(this.#version);
    return this.#version;
  }

  /** A listener who may know states that were never seen here: the first change of each object says so, for a while. */
  #doubting(listener: ChangeListener<T>, told: readonly Change<T>[]): ChangeListener<T> {
    const { overlapMs = DEFAULT_OVERLAP_MS } = this.#options;
    const end = later(this.#version, overlapMs);
    const known = new Set(told.map(({ object }) => keyText(keyOf(object))));
    return {
      change: (change) => {
        const key = keyText(keyOf(change.object));
        const isUnsure = this.#version < end && !known.has(key);
        known.add(key);
        listener.change(isUnsure ? unsure(change) : change);
      },
      ended: () => listener.ended(),
    };
  }

  #since(text: string, namespace: string | undefined): Told<T> | undefined {
    const version = parseVersion(text);
    if (version === undefined || !this.reach(text)) return undefined;
    const since = this.#history.since(version, this.#options.isStale?.() ?? false);
    if (since.kind === "expired") return undefined;
    const changes = since.changes.map(({ change }) => change).filter(({ object }) =>
      namespace === undefined || object.metadata.namespace === namespace
    );
    if (since.kind === "exact") return { changes, isUnsure: false };
    return { changes: forLateWatchers(changes, (object) => keyText(keyOf(object))), isUnsure: true };
  }

  #tell(version: bigint, change: Change<T>): void {
    this.#history.add({ version, change });
    for (const group of ["", change.object.metadata.namespace ?? ""]) {
      const listeners = this.#listeners.get(group);
      if (listeners === undefined) continue;
      for (const listener of listeners) {
        try {
          listener.change(change);
        } catch (error) {
          listeners.delete(listener);
          this.#options.onMistake?.(error);
        }
      }
    }
  }
}

/** A copy with the version where the API server's objects have it. */
function withVersion<T extends KubeObject>(object: T, resourceVersion: string): T {
  const { name, namespace, uid, resourceVersion: _, ...rest } = object.metadata;
  const metadata = { name, namespace, uid, resourceVersion, ...rest } as T["metadata"];
  return { ...object, metadata };
}
