/** Objects of one kind with resource versions: what is listed, and what watchers are told. */
import { encoded } from "../../api/encoded.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey } from "../../api/object.ts";
import { type Change, forLateWatchers, unsure } from "./change.ts";
import { contentHash } from "./content.ts";
import { Doubts } from "./doubts.ts";
import { History, type HistoryOptions, type Recorded } from "./history.ts";
import { Shelf } from "./shelf.ts";
import { later, MARK_LIMIT, parseVersion, type VersionClock, versionFacts } from "./versions.ts";

export interface CollectionOptions extends HistoryOptions {
  readonly versions: VersionClock;
  /** Whether some of the objects may have changed long ago without our knowledge. @default {() => false} */
  readonly isStale?: () => boolean;
  /** Whether that was so lately: what stale replicas have told is gone on with. @default as `isStale` */
  readonly wasStale?: () => boolean;
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
  /** The version up to which whoever is told may know states that were never seen here. */
  readonly unsureUntil?: bigint | undefined;
}

/** What watchers were told who came late. */
interface Replay<T> {
  /** Versions of the first and the last change that it was made of. */
  readonly of: readonly [first: bigint, last: bigint];
  /** Every version in it is above this one. */
  readonly above: bigint;
  readonly changes: readonly Change<T>[];
}

const NOTHING: Told<never> = { changes: [] };

export class Collection<T extends KubeObject> {
  readonly #options: CollectionOptions;
  readonly #history: History<T>;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #shelf = new Shelf<T>();
  readonly #doubts = new Doubts();
  /** By namespace; the empty one hears everything. */
  readonly #listeners = new Map<string, Set<ChangeListener<T>>>();
  #version: bigint;
  #text: string;
  #replay: Replay<T> | undefined;

  constructor(options: CollectionOptions) {
    this.#options = options;
    this.#version = options.versions.next({ mark: 0, isStale: false });
    this.#text = String(this.#version);
    this.#history = new History(this.#version, options);
  }

  /** Newest version: of the last change, or of the last checkpoint. Clients get that of a list or a bookmark instead. */
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
    this.#sign();
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
    // Replicas with nothing else to say in the same moment must not give the same version: neither has told what the
    // other one has.
    this.#next(Math.floor(Math.random() * MARK_LIMIT));
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
    const { changes, unsureUntil } = since;
    const own = unsureUntil === undefined ? listener : this.#doubting(listener, changes, unsureUntil);
    const group = namespace ?? "";
    const listeners = this.#listeners.get(group) ?? new Set();
    this.#listeners.set(group, listeners.add(own));
    return {
      state: begin === "state" ? this.list(namespace).items : [],
      changes,
      currentVersion: () => {
        this.#sign();
        return this.#text;
      },
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

  /** Makes the newest version one that no other replica gives: who comes back with it has been told all up to it. */
  #sign(): void {
    if (!this.#history.isCheckpoint(this.#version)) this.checkpoint();
  }

  #next(hash: number): bigint {
    const { versions, isStale } = this.#options;
    this.#version = versions.next({ mark: hash, isStale: isStale?.() ?? false });
    this.#text = String(this.#version);
    return this.#version;
  }

  /** A listener who may know states that were never seen here: the first change of each object says so, for a while. */
  #doubting(
    listener: ChangeListener<T>,
    told: readonly Change<T>[],
    until: bigint,
  ): ChangeListener<T> {
    const known = new Set(told.map(({ object }) => keyText(keyOf(object))));
    return {
      change: (change) => {
        if (this.#version >= until) return listener.change(change);
        const key = keyText(keyOf(change.object));
        listener.change(known.has(key) ? change : unsure(change));
        known.add(key);
      },
      ended: () => listener.ended(),
    };
  }

  #since(text: string, namespace: string | undefined): Told<T> | undefined {
    const version = parseVersion(text);
    if (version === undefined || !this.reach(text)) return undefined;
    const { isStale, wasStale } = this.#options;
    const since = this.#history.since(version, (isStale?.() || wasStale?.()) ?? false);
    if (since.kind === "expired") return undefined;
    const { changes, unsureUntil } = since.kind === "overlap"
      ? this.#arrived(since.changes, version)
      : this.#returned(since.changes, version);
    const own = namespace === undefined
      ? changes
      : changes.filter(({ object }) => object.metadata.namespace === namespace);
    return { changes: own, unsureUntil };
  }

  #arrived(recorded: readonly Recorded<T>[], asked: bigint): Told<T> {
    const { overlapMs } = this.#history;
    this.#doubts.arrived(this.#version, overlapMs);
    return { changes: this.#replayed(recorded, asked), unsureUntil: later(this.#version, overlapMs) };
  }

  /** Of whoever goes on from a version of ours: who came from another replica and was cut off is as little sure as before. */
  #returned(recorded: readonly Recorded<T>[], asked: bigint): Told<T> {
    const unsureUntil = this.#doubts.until(asked, this.#version);
    const changes = recorded.map(({ change }) => change);
    return unsureUntil === undefined ? { changes } : { changes: changes.map(unsure), unsureUntil };
  }

  /** When a replica goes, all its watchers come at once: who comes next is told the same, unless something has happened. */
  #replayed(recorded: readonly Recorded<T>[], asked: bigint): readonly Change<T>[] {
    const [first, last] = [recorded[0]?.version, recorded.at(-1)?.version];
    if (first === undefined || last === undefined) return [];
    const known = this.#replay;
    if (known?.of[0] === first && known.of[1] === last && known.above >= asked) return known.changes;
    const above = this.#version;
    const changes = forLateWatchers(recorded.map(({ change }) => change), (object) => this.#again(object));
    // The last of them is no sign of this replica: another one may have told the same at the same time.
    this.checkpoint();
    this.#replay = { of: [first, last], above, changes };
    return changes;
  }

  /** The same with a version of now: a watch never tells one that is below what it began with. */
  #again(object: T): T {
    const version = parseVersion(object.metadata.resourceVersion ?? "") ?? 0n;
    this.#next(versionFacts(version).mark);
    return withVersion(object, this.#text);
  }

  #tell(version: bigint, change: Change<T>): void {
    this.#replay = undefined;
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

/** A copy with the version where the API server's objects have it, as small as can be. */
function withVersion<T extends KubeObject>(object: T, resourceVersion: string): T {
  const { name, namespace, uid, resourceVersion: _, ...rest } = object.metadata;
  const metadata = { name, namespace, uid, resourceVersion, ...rest } as T["metadata"];
  return encoded({ ...object, metadata });
}
