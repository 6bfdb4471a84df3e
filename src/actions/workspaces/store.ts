/** Where wishes are kept until they are fulfilled. */
import type { WishRecord } from "./types.ts";

/** A record with what tells whether it has changed since. */
export interface StoredWish {
  readonly key: string;
  readonly record: WishRecord;
  /** Opaque. */
  readonly version: string;
}

/** Shared by all replicas. Every method throws where it is not known what is stored. */
export interface WishStore {
  /** What is stored now, not what some cache has. */
  read(key: string, signal: AbortSignal): Promise<StoredWish | undefined>;
  /**
   * Stores where `version` is stored (undefined: where nothing is); undefined where somebody else was sooner. After
   * that, nobody reads anything older.
   */
  write(
    key: string,
    record: WishRecord,
    version: string | undefined,
    signal: AbortSignal,
  ): Promise<StoredWish | undefined>;
  /** As `write`: false where somebody else was sooner. */
  remove(key: string, version: string, signal: AbortSignal): Promise<boolean>;
  /** All of them. May be a little old. */
  list(signal: AbortSignal): Promise<readonly StoredWish[]>;
}

/** Wishes that live as long as this process. */
export class MemoryWishStore implements WishStore {
  readonly #stored = new Map<string, { text: string; version: string }>();
  #next = 1;

  read(key: string): Promise<StoredWish | undefined> {
    const one = this.#stored.get(key);
    return Promise.resolve(one && { key, record: JSON.parse(one.text), version: one.version });
  }

  write(key: string, record: WishRecord, version: string | undefined): Promise<StoredWish | undefined> {
    if (this.#stored.get(key)?.version !== version) return Promise.resolve(undefined);
    this.#stored.set(key, { text: JSON.stringify(record), version: String(this.#next++) });
    return this.read(key);
  }

  remove(key: string, version: string): Promise<boolean> {
    const isThis = this.#stored.get(key)?.version === version;
    if (isThis) this.#stored.delete(key);
    return Promise.resolve(isThis);
  }

  async list(): Promise<readonly StoredWish[]> {
    const all = await Promise.all([...this.#stored.keys()].map((key) => this.read(key)));
    return all.filter((one) => one !== undefined);
  }
}
