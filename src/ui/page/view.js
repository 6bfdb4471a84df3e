/**
 * The rows of a section in the order in which they are shown: filtered, searched, sorted. A change of some rows of ten
 * thousand moves those alone.
 *
 * @typedef {import("./state.js").Row} Row
 * @typedef {import("./state.js").Change} Change
 * @typedef {string | number} Key
 */

/** So many changes at once are taken by sorting anew. */
const MANY = 64;

/**
 * How a view reads rows.
 *
 * @typedef {object} Reading
 * @property {(row: Row) => string} facet what rows are counted and filtered by, such as a state
 * @property {(row: Row) => string} text what a search looks at
 * @property {(row: Row, column: string) => Key} key what a column sorts by; an empty text: not known
 */

/** @typedef {{ column: string, descending: boolean }} Sort */

class Entry {
  /** @type {string | undefined} */
  #text = undefined;

  /** @param {Row} row @param {string} facet @param {Key} key */
  constructor(row, facet, key) {
    this.row = row;
    this.facet = facet;
    this.key = key;
  }

  /** @param {Reading} reading @returns {string} */
  text(reading) {
    return this.#text ??= reading.text(this.row).toLowerCase();
  }
}

export class View {
  /** @type {Map<string, Entry>} */
  #entries = new Map();
  /** Those that match, in order. @type {Entry[]} */
  #shown = [];
  #isDirty = false;
  /** @type {Map<string, number>} */
  #facets = new Map();
  /** @type {string[]} */
  #words = [];
  #facet = "";
  /** @type {Sort} */
  #sort;
  #reading;

  /** @param {Reading} reading @param {Sort} sort */
  constructor(reading, sort) {
    this.#reading = reading;
    this.#sort = sort;
  }

  /** How many match. */
  get length() {
    this.#settle();
    return this.#shown.length;
  }

  /** How many there are. */
  get total() {
    return this.#entries.size;
  }

  get sort() {
    return this.#sort;
  }

  /** The facet that is asked for; empty: all. */
  get facet() {
    return this.#facet;
  }

  /** What is searched for, in lower case, blanks between. */
  get search() {
    return this.#words.join(" ");
  }

  /** How many rows each facet has, filters aside; the most first. @returns {[facet: string, count: number][]} */
  get facets() {
    return [...this.#facets].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  }

  /** @param {number} index @returns {Row | undefined} */
  at(index) {
    this.#settle();
    return this.#shown[index]?.row;
  }

  /** Where a row is; -1: it is not shown. @param {string} id @returns {number} */
  indexOf(id) {
    this.#settle();
    const entry = this.#entries.get(id);
    if (entry === undefined) return -1;
    const at = this.#place(entry);
    return this.#shown[at] === entry ? at : -1;
  }

  /** @returns {Iterable<Row>} those that match, in order */
  *rows() {
    this.#settle();
    for (const entry of this.#shown) yield entry.row;
  }

  /** @param {readonly Change[]} changes */
  apply(changes) {
    if (changes.length > MANY) this.#isDirty = true;
    for (const { id, after } of changes) {
      const old = this.#entries.get(id);
      if (old !== undefined) this.#take(id, old);
      if (after !== undefined) this.#put(id, after);
    }
  }

  /** @param {string} text words that must all be in a row */
  setSearch(text) {
    const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
    if (words.join(" ") === this.search) return;
    this.#words = words;
    this.#isDirty = true;
  }

  /** @param {string} facet empty: all */
  setFacet(facet) {
    if (facet === this.#facet) return;
    this.#facet = facet;
    this.#isDirty = true;
  }

  /** @param {Sort} sort */
  setSort(sort) {
    this.#sort = sort;
    for (const entry of this.#entries.values()) {
      entry.key = sortKey(this.#reading.key(entry.row, sort.column));
    }
    this.#shown = [];
    this.#isDirty = true;
  }

  /** @param {string} id @param {Entry} old */
  #take(id, old) {
    if (!this.#isDirty) {
      const at = this.#place(old);
      if (this.#shown[at] === old) this.#shown.splice(at, 1);
    }
    this.#entries.delete(id);
    const left = (this.#facets.get(old.facet) ?? 1) - 1;
    if (left > 0) this.#facets.set(old.facet, left);
    else this.#facets.delete(old.facet);
  }

  /** @param {string} id @param {Row} row */
  #put(id, row) {
    const facet = this.#reading.facet(row);
    const entry = new Entry(row, facet, sortKey(this.#reading.key(row, this.#sort.column)));
    this.#entries.set(id, entry);
    this.#facets.set(facet, (this.#facets.get(facet) ?? 0) + 1);
    if (!this.#isDirty && this.#matches(entry)) this.#shown.splice(this.#place(entry), 0, entry);
  }

  /** @param {Entry} entry */
  #matches(entry) {
    if (this.#facet !== "" && entry.facet !== this.#facet) return false;
    if (this.#words.length === 0) return true;
    const text = entry.text(this.#reading);
    return this.#words.every((word) => text.includes(word));
  }

  /** Where it is, or belongs. @param {Entry} entry */
  #place(entry) {
    let low = 0;
    let high = this.#shown.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#shown[middle];
      if (other !== undefined && this.#compare(other, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #settle() {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    this.#shown = [...this.#entries.values()].filter((entry) => this.#matches(entry))
      .sort((a, b) => this.#compare(a, b));
  }

  /** What is not known comes last either way; equals by id, so that there is one order. @param {Entry} a @param {Entry} b */
  #compare(a, b) {
    if (a.key !== b.key) {
      if (a.key === "") return 1;
      if (b.key === "") return -1;
      return (a.key < b.key ? -1 : 1) * (this.#sort.descending ? -1 : 1);
    }
    return a.row.id < b.row.id ? -1 : a.row.id > b.row.id ? 1 : 0;
  }
}

/** Texts without case, with numbers in them by their value: `dev-2` is before `dev-10`. @param {Key} key @returns {Key} */
function sortKey(key) {
  if (typeof key === "number") return Number.isFinite(key) ? key : "";
  return key.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, "0"));
}
