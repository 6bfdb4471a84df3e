/** What Coder has told of its objects of one kind, by id: the newest word on each, whatever order the answers come in. */
import { sameContent } from "./content.ts";

/** What a record became. */
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
  /** The same record with fewer strings of its own. */
  slim(record: R): R;
  onChange(change: RecordChange<R>, origin: Origin): void;
}

interface Known<R> {
  readonly record: R;
  /** When the answer came that told it, by the clock: only requests sent after that are sure to know more. */
  at: number;
}

/** A list that arrives in pages. */
export interface Scan<R> {
  page(records: readonly R[]): void;
  /** Ids of what should have been in it and was not. */
  missing(): string[];
}

export class Records<R extends { readonly id: string }> {
  readonly #options: RecordsOptions<R>;
  readonly #known = new Map<string, Known<R>>();
  readonly #names = new Map<string, string>();
  /** When it was learnt what is gone: the answer to a request that was sent before must not bring it back. */
  readonly #gone = new Map<string, number>();

  constructor(options: RecordsOptions<R>) {
    this.#options = options;
  }

  get size(): number {
    return this.#known.size;
  }

  get(id: string): R | undefined {
    return this.#known.get(id)?.record;
  }

  byName(name: string): R | undefined {
    return this.get(this.#names.get(name) ?? "");
  }

  *values(): IterableIterator<R> {
    for (const { record } of this.#known.values()) yield record;
  }

  /** Takes a record from the answer to a request that was sent at `sentAt`. Returns whether it said something new. */
  told(record: R, sentAt: number, origin: Origin): boolean {
    const { nameOf, now, slim, onChange } = this.#options;
    const known = this.#known.get(record.id);
    if (known === undefined && sentAt < (this.#gone.get(record.id) ?? -Infinity)) return false;
    if (known !== undefined) {
      if (sentAt < known.at) return false;
      known.at = now();
      if (sameContent(record, known.record)) return false;
    }
    const kept = slim(record);
    this.#known.set(record.id, { record: kept, at: now() });
    if (known !== undefined) this.#forgetName(known.record);
    this.#names.set(nameOf(kept), record.id);
    onChange({ type: "told", record: kept, before: known?.record }, origin);
    return true;
  }

  /** Coder says that there is no such record. Returns whether there was one. */
  gone(id: string, sentAt: number, origin: Origin): boolean {
    const known = this.#known.get(id);
    if (known === undefined || sentAt < known.at) return false;
    this.#known.delete(id);
    this.#forgetName(known.record);
    this.#gone.set(id, this.#options.now());
    for (const [other] of this.#gone) {
      if (this.#gone.size <= MOST_GONE) break;
      this.#gone.delete(other);
    }
    this.#options.onChange({ type: "gone", record: known.record }, origin);
    return true;
  }

  /** Begins to take a list that was asked for at `sentAt`. `expects`: what belongs into it. */
  scan(sentAt: number, expects: (record: R) => boolean = () => true): Scan<R> {
    const seen = new Set<string>();
    return {
      page: (records) => {
        for (const record of records) {
          seen.add(record.id);
          this.told(record, sentAt, "list");
        }
      },
      missing: () =>
        [...this.#known].filter(([id, { at, record }]) => at <= sentAt && !seen.has(id) && expects(record))
          .map(([id]) => id),
    };
  }

  #forgetName(record: R): void {
    const name = this.#options.nameOf(record);
    if (this.#names.get(name) === record.id) this.#names.delete(name);
  }
}

const MOST_GONE = 1_024;

/** Keeps one copy of each text. */
export class StringPool {
  #texts = new Map<string, string>();

  share(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= MOST_TEXTS) this.#texts = new Map();
    this.#texts.set(text, text);
    return text;
  }
}

const MOST_TEXTS = 50_000;
