/** Where changes are kept as long as they are under way. */
import type { ChangeRecord } from "./types.ts";

/** A record with what tells whether it has changed since. */
export interface StoredChange {
  readonly record: ChangeRecord;
  /** Opaque. */
  readonly version: string;
}

/** Shared by all replicas; one record for each template. Methods throw where it is not known what is stored. */
export interface ChangeStore {
  /** What is stored now, not what some cache has. */
  read(template: string, signal: AbortSignal): Promise<StoredChange | undefined>;
  /** Stores where `version` is stored (undefined: where nothing is); undefined where somebody else was sooner. */
  write(
    record: ChangeRecord,
    version: string | undefined,
    signal: AbortSignal,
  ): Promise<StoredChange | undefined>;
  /** As `write`: false where somebody else was sooner. */
  remove(template: string, version: string, signal: AbortSignal): Promise<boolean>;
  /** All of them. May be a little old. */
  list(signal: AbortSignal): Promise<readonly StoredChange[]>;
}

/** Changes that live as long as this process. */
export class MemoryChangeStore implements ChangeStore {
  readonly #stored = new Map<string, { text: string; version: string }>();
  #next = 1;

  read(template: string): Promise<StoredChange | undefined> {
    const one = this.#stored.get(template);
    return Promise.resolve(one && { record: JSON.parse(one.text), version: one.version });
  }

  write(record: ChangeRecord, version: string | undefined): Promise<StoredChange | undefined> {
    if (this.#stored.get(record.template)?.version !== version) return Promise.resolve(undefined);
    this.#stored.set(record.template, { text: JSON.stringify(record), version: String(this.#next++) });
    return this.read(record.template);
  }

  remove(template: string, version: string): Promise<boolean> {
    const isThis = this.#stored.get(template)?.version === version;
    if (isThis) this.#stored.delete(template);
    return Promise.resolve(isThis);
  }

  async list(): Promise<readonly StoredChange[]> {
    const all = await Promise.all([...this.#stored.keys()].map((template) => this.read(template)));
    return all.filter((one) => one !== undefined);
  }
}
