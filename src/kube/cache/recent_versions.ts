/** Which versions of which objects a watch has lately delivered. */
import type { ObjectKey } from "../../api/object.ts";

/** Options of {@linkcode RecentVersions}. */
export interface RecentVersionsOptions {
  /** Versions remembered for each object. @default {32} */
  perKey?: number;
  /** For how long at least, in milliseconds: longer than any write's answer can be late. @default {60_000} */
  windowMs?: number;
}

/** What happened in one window. */
interface Generation {
  versions: Map<string, string[]>;
  gone: Set<string>;
}

const empty = (): Generation => ({ versions: new Map(), gone: new Set() });

/**
 * Answers "has this version passed already?" without comparing versions. Only objects that changed within the last two
 * windows cost anything.
 */
export class RecentVersions {
  #young = empty();
  #old = empty();
  #since: number;
  readonly #perKey: number;
  readonly #windowMs: number;

  constructor(
    /** Monotonic time in milliseconds. */
    private readonly now: () => number,
    options: RecentVersionsOptions = {},
  ) {
    this.#perKey = options.perKey ?? 32;
    this.#windowMs = options.windowMs ?? 60_000;
    this.#since = now();
  }

  /** Notes a version that was delivered or replaced. */
  add(key: ObjectKey, resourceVersion: string): void {
    this.#rotate();
    const text = keyOfMap(key);
    const versions = this.#young.versions.get(text);
    if (versions === undefined) this.#young.versions.set(text, [resourceVersion]);
    else if (versions.at(-1) !== resourceVersion) {
      versions.push(resourceVersion);
      if (versions.length > this.#perKey) versions.shift();
    }
  }

  has(key: ObjectKey, resourceVersion: string): boolean {
    const text = keyOfMap(key);
    return [this.#young, this.#old].some(({ versions }) =>
      versions.get(text)?.includes(resourceVersion) ?? false
    );
  }

  /** Notes that the object with this UID is gone for good. */
  addGone(uid: string): void {
    this.#rotate();
    if (uid !== "") this.#young.gone.add(uid);
  }

  isGone(uid: string): boolean {
    return this.#young.gone.has(uid) || this.#old.gone.has(uid);
  }

  /** Objects that something is remembered of. */
  get size(): number {
    return this.#young.versions.size + this.#old.versions.size + this.#young.gone.size + this.#old.gone.size;
  }

  #rotate(): void {
    const age = this.now() - this.#since;
    if (age < this.#windowMs) return;
    this.#old = age < 2 * this.#windowMs ? this.#young : empty();
    this.#young = empty();
    this.#since = this.now();
  }
}

function keyOfMap(key: ObjectKey): string {
  return `${key.namespace}/${key.name}`;
}
