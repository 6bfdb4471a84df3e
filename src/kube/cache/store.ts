/** The objects of one kind in memory, found by key, namespace, label and index. */
import type { KubeObject, ObjectKey } from "../../api/object.ts";
import type { Entry } from "./cache_entry.ts";
import { StoreIndex } from "./store_index.ts";

/** Which objects `list` gives; all conditions must hold. */
export interface StoreFilter {
  namespace?: string;
  labels?: Readonly<Record<string, string>>;
}

/** Label keys that are indexed because somebody asked for them; further ones are found by looking at every object. */
const MAX_LABEL_INDEXES = 16;

/**
 * Entries by namespace and name: no text is built per object, and one namespace is listed without looking at others.
 *
 * Costs: `get`, `put`, `delete` constant (times the number of indexes); `list()` and `list({namespace})` the number of
 * objects returned; `list({labels})` the number of objects that carry the rarest of the asked pairs (each label key is
 * indexed when it is first asked for, which costs one pass over everything once); `byIndex` the number of objects
 * returned. Objects are handed out as they are, never copied.
 */
export class ObjectStore<T extends KubeObject = KubeObject> {
  readonly #namespaces = new Map<string, Map<string, Entry<T>>>();
  readonly #indexes = new Map<string, StoreIndex<T>>();
  readonly #labels = new Map<string, StoreIndex<T>>();
  #size = 0;

  constructor(
    /** Told when an index function throws; the object is then missing from that index. */
    private readonly onIndexError: (index: string, error: unknown) => void = () => {},
  ) {}

  get size(): number {
    return this.#size;
  }

  get(key: ObjectKey): Entry<T> | undefined {
    return this.#namespaces.get(key.namespace)?.get(key.name);
  }

  /** Adds or replaces; returns what was there before. */
  put(key: ObjectKey, entry: Entry<T>): Entry<T> | undefined {
    let names = this.#namespaces.get(key.namespace);
    if (names === undefined) this.#namespaces.set(key.namespace, names = new Map());
    const before = names.get(key.name);
    names.set(key.name, entry);
    if (before === undefined) this.#size++;
    for (const index of this.#everyIndex()) {
      if (before !== undefined) index.remove(before);
      index.add(entry);
    }
    return before;
  }

  delete(key: ObjectKey): Entry<T> | undefined {
    const names = this.#namespaces.get(key.namespace);
    const before = names?.get(key.name);
    if (names === undefined || before === undefined) return undefined;
    names.delete(key.name);
    if (names.size === 0) this.#namespaces.delete(key.namespace);
    this.#size--;
    for (const index of this.#everyIndex()) index.remove(before);
    return before;
  }

  /** Every entry, or those of one namespace. */
  *entries(namespace?: string): Generator<Entry<T>> {
    if (namespace !== undefined) {
      yield* this.#namespaces.get(namespace)?.values() ?? [];
    } else {
      for (const names of this.#namespaces.values()) yield* names.values();
    }
  }

  list(filter: StoreFilter = {}): T[] {
    const { namespace } = filter;
    const labels = Object.entries(filter.labels ?? {});
    if (labels.length > 0) return this.#byLabels(labels, namespace);
    const objects: T[] = [];
    const all = namespace === undefined
      ? this.#namespaces.values()
      : [this.#namespaces.get(namespace) ?? new Map<string, Entry<T>>()];
    // Plain loops: a generator costs several times as much, and lists are asked for thousands of times a second.
    for (const names of all) for (const { object } of names.values()) objects.push(object);
    return objects;
  }

  /** Objects for which the index function returned `value`. Throws where there is no such index. */
  byIndex(name: string, value: string): T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) {
      const known = [...this.#indexes.keys()].join(", ") || "none";
      throw new Error(`There is no index ${JSON.stringify(name)} (known: ${known}): call addIndex first.`);
    }
    return index.get(value);
  }

  /** Adds an index over what is there and what comes. Throws where the name is taken. */
  addIndex(name: string, values: (object: T) => readonly string[]): void {
    if (this.#indexes.has(name)) {
      throw new Error(
        `The index ${JSON.stringify(name)} exists already: two components may not share a name.`,
      );
    }
    this.#indexes.set(name, this.#build(name, values));
  }

  #build(name: string, values: (object: T) => readonly string[]): StoreIndex<T> {
    const index = new StoreIndex(values, (error) => this.onIndexError(name, error));
    for (const entry of this.entries()) index.add(entry);
    return index;
  }

  #byLabels(labels: [string, string][], namespace: string | undefined): T[] {
    let rarest: { index: StoreIndex<T>; value: string } | undefined;
    for (const [label, value] of labels) {
      const index = this.#labelIndex(label);
      if (index !== undefined && (!rarest || index.count(value) < rarest.index.count(rarest.value))) {
        rarest = { index, value };
      }
    }
    const candidates = rarest
      ? rarest.index.get(rarest.value)
      : this.list(namespace === undefined ? {} : { namespace });
    return candidates.filter(({ metadata }) =>
      (namespace === undefined || (metadata.namespace ?? "") === namespace) &&
      labels.every(([label, value]) => metadata.labels?.[label] === value)
    );
  }

  #labelIndex(label: string): StoreIndex<T> | undefined {
    const known = this.#labels.get(label);
    if (known !== undefined || this.#labels.size >= MAX_LABEL_INDEXES) return known;
    const index = this.#build(`label ${label}`, ({ metadata }) => {
      const value = metadata.labels?.[label];
      return value === undefined ? [] : [value];
    });
    this.#labels.set(label, index);
    return index;
  }

  *#everyIndex(): Generator<StoreIndex<T>> {
    yield* this.#indexes.values();
    yield* this.#labels.values();
  }
}
