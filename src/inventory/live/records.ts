/** What Coder has told of its objects of one kind, by id: the newest word on each, whatever order the answers come in. */
import { contentHash, sameContent } from "./content.ts";
import { Packer } from "./pack.ts";

/** What a record became. `before` is the same as `record` where nothing changed but who has its name: see `told`. */
export type RecordChange<R> =
  | { readonly type: "told"; readonly record: R; readonly before: R | undefined }
  | { readonly type: "gone"; readonly record: R };

/** Where a word came from, for metrics. */
export type Origin = "list" | "look" | "stream" | "ask" | "write";

export interface RecordsOptions<R> {
  /** The name that a record is asked for by. */
  nameOf(record: R): string;
  /** Milliseconds since some fixed moment. */
  now(): number;
  onChange(change: RecordChange<R>, origin: Origin): void;
}

interface Known {
  /** The record, packed. */
  readonly text: string;
  readonly name: string;
  /** When the answer came that told it, by the clock: only requests sent after that are sure to know more. */
  at: number;
  /** Hash of what a list said of it in Coder's own words. */
  listed: number | undefined;
}

/** A list that arrives in pages. */
export interface Scan<R> {
  /**
   * Whether an item of the list, as Coder wrote it, says what an earlier one said of a record that is the same to this
   * day. It is taken then, and need not be read.
   */
  isKnown(item: string): boolean;
  /** @param items as Coder wrote them, one for each record, where that is known */
  page(records: readonly R[], items?: readonly string[]): void;
  /** Ids of what should have been in it and was not. */
  missing(): string[];
}

export class Records<R extends { readonly id: string }> {
  readonly #options: RecordsOptions<R>;
  readonly #packer = new Packer();
  readonly #known = new Map<string, Known>();
  /** Ids by {@linkcode Known.listed}. */
  readonly #listed = new Map<number, string>();
  /** Whom a name means: of several that have it, the one that changed last. */
  readonly #names = new Map<string, string>();
  /** All that have a name, in the order of their changes, where there are several. */
  readonly #rivals = new Map<string, Set<string>>();
  /** When it was learnt what is gone: the answer to a request that was sent before must not bring it back. */
  readonly #gone = new Map<string, number>();

  constructor(options: RecordsOptions<R>) {
    this.#options = options;
  }

  get size(): number {
    return this.#known.size;
  }

  get(id: string): R | undefined {
    const known = this.#known.get(id);
    return known === undefined ? undefined : this.#recordOf(known);
  }

  byName(name: string): R | undefined {
    return this.get(this.#names.get(name) ?? "");
  }

  *values(): IterableIterator<R> {
    for (const known of this.#known.values()) yield this.#recordOf(known);
  }

  /**
   * Takes a record from the answer to a request that was sent at `sentAt`. Returns whether it said something new.
   *
   * Two records have one name for a while where the answer about the one is older than that about the other. Who shows
   * them by name shows one of both: when either leaves the name, whoever has it then is told again.
   */
  told(record: R, sentAt: number, origin: Origin): boolean {
    const { nameOf, now, onChange } = this.#options;
    const known = this.#known.get(record.id);
    if (known === undefined && sentAt < (this.#gone.get(record.id) ?? -Infinity)) return false;
    const text = this.#packer.pack(record);
    let before: R | undefined;
    if (known !== undefined) {
      if (sentAt < known.at) return false;
      known.at = now();
      if (text === known.text) return false;
      before = this.#recordOf(known);
      if (sameContent(record, before)) return false;
      if (known.listed !== undefined) this.#listed.delete(known.listed);
    }
    const name = nameOf(record);
    this.#known.set(record.id, { text, name, at: now(), listed: undefined });
    const heir = known === undefined || known.name === name ? undefined : this.#leave(known.name, record.id);
    this.#take(name, record.id);
    onChange({ type: "told", record, before }, origin);
    this.#tellAgain(heir, origin);
    return true;
  }

  /** Coder says that there is no such record. Returns whether there was one. */
  gone(id: string, sentAt: number, origin: Origin): boolean {
    const known = this.#known.get(id);
    if (known === undefined || sentAt < known.at) return false;
    this.#known.delete(id);
    if (known.listed !== undefined) this.#listed.delete(known.listed);
    const heir = this.#leave(known.name, id);
    this.#gone.set(id, this.#options.now());
    for (const [other] of this.#gone) {
      if (this.#gone.size <= MOST_GONE) break;
      this.#gone.delete(other);
    }
    this.#options.onChange({ type: "gone", record: this.#recordOf(known) }, origin);
    this.#tellAgain(heir, origin);
    return true;
  }

  /** Begins to take a list that was asked for at `sentAt`. `expects`: what belongs into it. */
  scan(sentAt: number, expects: (record: R) => boolean = () => true): Scan<R> {
    const seen = new Set<string>();
    return {
      isKnown: (item) => {
        const id = this.#listed.get(contentHash(item));
        const known = id === undefined ? undefined : this.#known.get(id);
        if (id === undefined || known === undefined) return false;
        seen.add(id);
        if (sentAt >= known.at) known.at = this.#options.now();
        return true;
      },
      page: (records, items) => {
        for (const [index, record] of records.entries()) {
          seen.add(record.id);
          // What came before this list was asked for says less than what is known; its item is no sign of anything.
          const isOld = sentAt < (this.#known.get(record.id)?.at ?? -Infinity);
          this.told(record, sentAt, "list");
          if (!isOld) this.#remember(record.id, items?.[index]);
        }
      },
      missing: () =>
        [...this.#known].filter(([id, known]) =>
          known.at <= sentAt && !seen.has(id) && expects(this.#recordOf(known))
        )
          .map(([id]) => id),
    };
  }

  #remember(id: string, item: string | undefined): void {
    const known = this.#known.get(id);
    if (known === undefined || item === undefined) return;
    if (known.listed !== undefined) this.#listed.delete(known.listed);
    known.listed = contentHash(item);
    this.#listed.set(known.listed, id);
  }

  #recordOf({ text }: Known): R {
    return this.#packer.unpack(text) as R;
  }

  #take(name: string, id: string): void {
    const holder = this.#names.get(name);
    this.#names.set(name, id);
    if (holder === undefined || holder === id) return;
    const rivals = this.#rivals.get(name) ?? new Set([holder]);
    this.#rivals.set(name, rivals);
    rivals.delete(id);
    rivals.add(id);
  }

  /** Returns who has the name now, of several that did. */
  #leave(name: string, id: string): string | undefined {
    const rivals = this.#rivals.get(name);
    rivals?.delete(id);
    const heir = [...rivals ?? []].at(-1);
    if (heir === undefined) this.#names.delete(name);
    else this.#names.set(name, heir);
    if (rivals !== undefined && rivals.size < 2) this.#rivals.delete(name);
    return heir;
  }

  #tellAgain(id: string | undefined, origin: Origin): void {
    const record = id === undefined ? undefined : this.get(id);
    if (record !== undefined) this.#options.onChange({ type: "told", record, before: record }, origin);
  }
}

const MOST_GONE = 1_024;
