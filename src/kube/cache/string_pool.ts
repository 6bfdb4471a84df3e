/** One copy of equal strings. Objects of one kind repeat most of their text; `JSON.parse` makes a new string each time. */

/** Shorter strings are shared by the runtime's JSON parser already. */
const SHORTEST = 11;
/** Longer strings are hardly ever equal. */
const LONGEST = 256;

/**
 * Remembers recently seen strings, in two generations: where the young one is full it becomes the old one, and the old
 * one is forgotten. Whatever repeats is found again in time and moves to the young one, so that memory stays bounded
 * without any bookkeeping per string.
 */
export class StringPool {
  #young = new Map<string, string>();
  #old = new Map<string, string>();
  readonly #limit: number;

  constructor(
    /** Strings in a generation. @default {4096} */
    limit = 4096,
  ) {
    this.#limit = limit;
  }

  /** How many strings are held now; at most twice the limit. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** An equal string: an earlier one where there is one. */
  intern(value: string): string {
    if (value.length < SHORTEST || value.length > LONGEST) return value;
    const known = this.#young.get(value);
    if (known !== undefined) return known;
    const kept = this.#old.get(value) ?? value;
    if (this.#young.size >= this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(kept, kept);
    return kept;
  }

  /**
   * Replaces, in place, every string inside parsed JSON. Keys are left alone: the runtime shares those itself. What is
   * frozen stays as it is.
   */
  internAll(value: object): void {
    if (Object.isFrozen(value)) return;
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) {
        const item: unknown = value[index];
        if (typeof item === "string") value[index] = this.intern(item);
        else if (typeof item === "object" && item !== null) this.internAll(item);
      }
      return;
    }
    const record = value as Record<string, unknown>;
    for (const key of Object.keys(record)) {
      const item = record[key];
      if (typeof item === "string") record[key] = this.intern(item);
      else if (typeof item === "object" && item !== null) this.internAll(item);
    }
  }
}
