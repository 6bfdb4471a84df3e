/** One index of an object store. */
import type { KubeObject } from "../../api/object.ts";
import type { Entry } from "./cache_entry.ts";

/** From a value to the entries that have it. A value with one entry (the common case: owners, names) costs no set. */
export class StoreIndex<T extends KubeObject> {
  readonly #slots = new Map<string, Entry<T> | Set<Entry<T>>>();
  /** Values of the entries that have any: to ask the function again when an object leaves would cost as much as to add it. */
  readonly #values = new Map<Entry<T>, readonly string[]>();

  constructor(
    private readonly values: (object: T) => readonly string[],
    private readonly onError: (error: unknown) => void,
  ) {}

  /** How many different values there are. */
  get size(): number {
    return this.#slots.size;
  }

  add(entry: Entry<T>): void {
    const values = this.#valuesOf(entry);
    if (values.length > 0) this.#values.set(entry, values);
    for (const value of values) {
      const slot = this.#slots.get(value);
      if (slot === undefined) this.#slots.set(value, entry);
      else if (slot instanceof Set) slot.add(entry);
      else if (slot !== entry) this.#slots.set(value, new Set([slot, entry]));
    }
  }

  remove(entry: Entry<T>): void {
    const values = this.#values.get(entry) ?? [];
    this.#values.delete(entry);
    for (const value of values) {
      const slot = this.#slots.get(value);
      if (slot === entry) this.#slots.delete(value);
      else if (slot instanceof Set && slot.delete(entry) && slot.size === 0) this.#slots.delete(value);
    }
  }

  count(value: string): number {
    const slot = this.#slots.get(value);
    return slot === undefined ? 0 : slot instanceof Set ? slot.size : 1;
  }

  /** The objects that have `value`, as a new array. Cost: their number. */
  get(value: string): T[] {
    const slot = this.#slots.get(value);
    if (slot === undefined) return [];
    return slot instanceof Set ? Array.from(slot, (entry) => entry.object) : [slot.object];
  }

  #valuesOf(entry: Entry<T>): readonly string[] {
    try {
      return this.values(entry.object);
    } catch (error) {
      this.onError(error);
      return [];
    }
  }
}
