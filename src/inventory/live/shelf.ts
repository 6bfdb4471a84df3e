/** Objects in the order of listings, with lists that are made once for each state. */
import { compareKeys, keyOf, type KubeObject, type ObjectKey } from "../../api/object.ts";

interface Listed<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** Objects of one namespace. */
interface Row<T> {
  /** Sorted by name; changed in place. */
  readonly objects: T[];
  /** What was given away; undefined where it is not true any more. */
  items: readonly T[] | undefined;
}

export class Shelf<T extends KubeObject> {
  readonly #rows = new Map<string, Row<T>>();
  #all: readonly T[] | undefined = [];
  #listings = new Map<string | undefined, Listed<T>>();

  put(object: T): void {
    const { namespace, name } = keyOf(object);
    let row = this.#rows.get(namespace);
    if (row === undefined) this.#rows.set(namespace, row = { objects: [], items: undefined });
    const index = indexOf(row.objects, name);
    const isThere = row.objects[index]?.metadata.name === name;
    row.objects.splice(index, isThere ? 1 : 0, object);
    this.#changed(row);
  }

  remove({ namespace, name }: ObjectKey): void {
    const row = this.#rows.get(namespace);
    if (row === undefined) return;
    const index = indexOf(row.objects, name);
    if (row.objects[index]?.metadata.name !== name) return;
    row.objects.splice(index, 1);
    if (row.objects.length === 0) this.#rows.delete(namespace);
    this.#changed(row);
  }

  /** Of a namespace, or of all where it is undefined. */
  listing(namespace: string | undefined, resourceVersion: string): Listed<T> {
    const items = namespace === undefined ? this.#everything() : this.#ofNamespace(namespace);
    const known = this.#listings.get(namespace);
    if (known?.items === items && known.resourceVersion === resourceVersion) return known;
    const listing = { items, resourceVersion };
    // Namespaces that are asked for need not exist.
    if (namespace !== undefined && !this.#rows.has(namespace)) return listing;
    this.#listings.set(namespace, listing);
    return listing;
  }

  #ofNamespace(namespace: string): readonly T[] {
    const row = this.#rows.get(namespace);
    return row === undefined ? NOTHING : row.items ??= [...row.objects];
  }

  #everything(): readonly T[] {
    this.#all ??= [...this.#rows.keys()].map((namespace) => ({ namespace, name: "" })).sort(compareKeys)
      .flatMap(({ namespace }) => this.#ofNamespace(namespace));
    return this.#all;
  }

  #changed(row: Row<T>): void {
    row.items = undefined;
    this.#all = undefined;
    this.#listings = new Map();
  }
}

const NOTHING: readonly never[] = [];

/** Where `name` is or belongs. Plain comparison: by UTF-16 code units, whatever the language. */
function indexOf(objects: readonly KubeObject[], name: string): number {
  let low = 0;
  let high = objects.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((objects[middle]!.metadata.name ?? "") < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
