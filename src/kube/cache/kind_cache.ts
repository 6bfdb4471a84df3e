/** What the cache shows of one kind: the watch's truth, and in front of it the results of our own writes. */
import { keyOf, keyText, type KubeObject, type ObjectKey } from "../../api/object.ts";
import type { Entry } from "./cache_entry.ts";
import { RecentVersions } from "./recent_versions.ts";
import type { ObjectStore } from "./store.ts";

/** A change of what is shown. */
export type Delta<T extends KubeObject> =
  | { type: "added"; object: T; initial: boolean }
  | { type: "updated"; before: T; after: T }
  | { type: "deleted"; object: T };

/** Our own write, shown until the watch has caught up with it. */
interface Overlay<T extends KubeObject> {
  readonly key: ObjectKey;
  readonly uid: string;
  /** The version that the write made; undefined for a delete. */
  readonly resourceVersion: string | undefined;
  /** A list whose mark is higher was asked for after the write had completed. */
  readonly mark: number;
  readonly expiresAt: number;
  /** What the watch says, which is older until proven otherwise. */
  beneath: Entry<T> | undefined;
}

/** What a {@linkcode KindCache} needs. */
export interface KindCacheOptions<T extends KubeObject> {
  store: ObjectStore<T>;
  /** Monotonic time in milliseconds. */
  now: () => number;
  onDelta: (delta: Delta<T>) => void;
  /**
   * How long a write stays in front of a watch that never delivers it, in milliseconds. Longer than it takes until a
   * frozen watch is noticed and opened again: whoever is shown the time before its own write once more undoes it.
   * @default {120_000}
   */
  overlayMs?: number;
}

/**
 * After a repeated list, objects that it changed may have skipped the version of a write whose answer is still on its
 * way: for so long (in milliseconds) such answers are not put in front, as nothing would ever take them away again.
 */
const RELIST_DOUBT_MS = 10_000;

/**
 * Puts lists, watch events and own writes together without ever comparing resource versions. A write's result goes in
 * front unless the watch has delivered that very version already. Events with other versions that come while it is
 * pending are older than it and are kept beneath, unseen. It goes when the watch delivers its version, when its object
 * is deleted, when a list that was asked for after the write completes, or when its time is over.
 */
export class KindCache<T extends KubeObject> {
  readonly #overlays = new Map<string, Overlay<T>>();
  readonly #recent: RecentVersions;
  /** Objects that we have deleted: what the watch still says of them is old. */
  readonly #deletedByUs: RecentVersions;
  /** Objects that a repeated list has changed, and until when that is remembered. */
  readonly #relisted = new Map<string, number>();
  /** Namespaces that were listed before; the empty string is all of them. */
  readonly #listed = new Set<string>();
  readonly #overlayMs: number;
  #marks = 0;

  constructor(private readonly options: KindCacheOptions<T>) {
    this.#recent = new RecentVersions(options.now);
    this.#deletedByUs = new RecentVersions(options.now);
    this.#overlayMs = options.overlayMs ?? 120_000;
  }

  /** A point in time, finer than any clock: `replace` takes the one from before its list was asked for. */
  mark(): number {
    return ++this.#marks;
  }

  /** An `ADDED` or `MODIFIED` event. */
  put(entry: Entry<T>): void {
    const key = keyOf(entry.object);
    this.#remember(key, entry);
    const overlay = this.#overlays.get(keyText(key));
    if (overlay === undefined) return this.#show(key, entry, false);
    if (this.#isOlder(overlay, entry)) {
      overlay.beneath = entry;
    } else {
      this.#overlays.delete(keyText(key));
      this.#show(key, entry, false);
    }
  }

  /** A `DELETED` event, with the object's last state. */
  remove(entry: Entry<T>): void {
    const key = keyOf(entry.object);
    this.#remember(key, entry);
    this.#recent.addGone(uidOf(entry));
    const overlay = this.#overlays.get(keyText(key));
    if (overlay !== undefined && overlay.uid !== uidOf(entry)) {
      overlay.beneath = undefined; // An earlier object of that name; ours is yet to come.
      return;
    }
    this.#overlays.delete(keyText(key));
    this.#hide(key, entry);
  }

  /** A complete list of one namespace, or of everything: what is not in it is gone. `mark` is from before it began. */
  replace(entries: ReadonlyMap<string, Entry<T>>, mark: number, namespace?: string): void {
    for (const [text, overlay] of this.#overlays) {
      if (namespace !== undefined && overlay.key.namespace !== namespace) continue;
      const truth = entries.get(text);
      const seen = truth !== undefined && versionOf(truth) === overlay.resourceVersion;
      if (seen || mark > overlay.mark) this.#overlays.delete(text);
      else overlay.beneath = truth;
    }
    for (const entry of [...this.options.store.entries(namespace)]) {
      const key = keyOf(entry.object);
      const text = keyText(key);
      if (entries.has(text) || this.#overlays.has(text)) continue;
      this.#recent.addGone(uidOf(entry));
      this.#hide(key);
    }
    this.#doubtAnswers(entries, namespace);
    for (const [text, entry] of entries) {
      if (!this.#overlays.has(text)) this.#show(keyOf(entry.object), entry, true);
    }
  }

  #doubtAnswers(entries: ReadonlyMap<string, Entry<T>>, namespace = ""): void {
    const now = this.options.now();
    for (const [text, until] of this.#relisted) if (until <= now) this.#relisted.delete(text);
    if (this.#listed.has(namespace)) {
      for (const [text, entry] of entries) {
        const before = this.options.store.get(keyOf(entry.object));
        if (before === undefined || versionOf(before) !== versionOf(entry)) {
          this.#relisted.set(text, now + RELIST_DOUBT_MS);
        }
      }
    }
    this.#listed.add(namespace);
  }

  /** The result of a write. Shown at once unless the watch is past it. */
  observe(entry: Entry<T>): void {
    const key = keyOf(entry.object);
    const resourceVersion = versionOf(entry);
    const uid = uidOf(entry);
    const overlay = this.#overlays.get(keyText(key));
    const truth = overlay === undefined ? this.options.store.get(key) : overlay.beneath;
    if (resourceVersion === "" || this.#recent.has(key, resourceVersion) || this.#recent.isGone(uid)) return;
    if (truth !== undefined && versionOf(truth) === resourceVersion) return;
    if ((this.#relisted.get(keyText(key)) ?? -Infinity) > this.options.now()) return;
    // A second write of ours hides the first for good.
    if (overlay?.resourceVersion !== undefined) this.#recent.add(key, overlay.resourceVersion);
    if (overlay?.uid === uid && overlay.resourceVersion === undefined) return; // Deleted after that write.
    this.#cover(key, { uid, resourceVersion, beneath: truth });
    this.#show(key, entry, false);
  }

  /** A delete that the server has carried out. Hides the object with that UID and no other. */
  observeDeleted(key: ObjectKey, uid: string): void {
    const overlay = this.#overlays.get(keyText(key));
    const shown = this.options.store.get(key);
    if (this.#recent.isGone(uid) || (shown !== undefined && uidOf(shown) !== uid)) return;
    this.#deletedByUs.addGone(uid);
    this.#cover(key, {
      uid,
      resourceVersion: undefined,
      beneath: overlay === undefined ? shown : overlay.beneath,
    });
    this.#hide(key);
  }

  /** Lets go of writes whose time is over. Returns when the next one is due, in the time of `now`. */
  expire(): number | undefined {
    const now = this.options.now();
    let next: number | undefined;
    for (const [text, overlay] of this.#overlays) {
      if (overlay.expiresAt > now) {
        next = Math.min(next ?? Infinity, overlay.expiresAt);
        continue;
      }
      this.#overlays.delete(text);
      if (overlay.beneath === undefined) this.#hide(overlay.key);
      else this.#show(overlay.key, overlay.beneath, false);
    }
    return next;
  }

  /** Own writes that the watch has not delivered yet. */
  get pending(): number {
    return this.#overlays.size;
  }

  /** The kind is gone: so is everything of it. */
  clear(): void {
    this.#overlays.clear();
    this.replace(new Map(), this.mark());
  }

  #cover(key: ObjectKey, facts: Pick<Overlay<T>, "uid" | "resourceVersion" | "beneath">): void {
    const expiresAt = this.options.now() + this.#overlayMs;
    this.#overlays.set(keyText(key), { key, mark: this.mark(), expiresAt, ...facts });
  }

  #isOlder(overlay: Overlay<T>, entry: Entry<T>): boolean {
    if (overlay.resourceVersion !== undefined) return versionOf(entry) !== overlay.resourceVersion;
    // After a delete: news of the deleted object, or of one before it that the watch still stands at.
    return this.#deletedByUs.isGone(uidOf(entry)) || uidOf(entry) === overlay.uid ||
      (overlay.beneath !== undefined && uidOf(entry) === uidOf(overlay.beneath));
  }

  #remember(key: ObjectKey, entry: Entry<T>): void {
    const before = this.options.store.get(key);
    if (before !== undefined && !this.#overlays.has(keyText(key))) this.#recent.add(key, versionOf(before));
    this.#recent.add(key, versionOf(entry));
  }

  #show(key: ObjectKey, entry: Entry<T>, initial: boolean): void {
    const { store, onDelta } = this.options;
    const before = store.get(key);
    if (before === undefined) {
      store.put(key, entry);
      onDelta({ type: "added", object: entry.object, initial });
    } else if (uidOf(before) !== uidOf(entry)) {
      store.delete(key);
      onDelta({ type: "deleted", object: before.object });
      store.put(key, entry);
      onDelta({ type: "added", object: entry.object, initial });
    } else if (versionOf(before) === "" || versionOf(before) !== versionOf(entry)) {
      store.put(key, entry);
      onDelta({ type: "updated", before: before.object, after: entry.object });
    }
  }

  /** `last` is the final state where the server told it; otherwise the last known one is reported. */
  #hide(key: ObjectKey, last?: Entry<T>): void {
    const before = this.options.store.delete(key);
    if (before === undefined) return;
    const told = last !== undefined && uidOf(last) === uidOf(before) ? last : before;
    this.options.onDelta({ type: "deleted", object: told.object });
  }
}

function uidOf(entry: Entry): string {
  return entry.object.metadata.uid ?? "";
}

function versionOf(entry: Entry): string {
  return entry.object.metadata.resourceVersion ?? "";
}
