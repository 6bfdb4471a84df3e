/** What is known for one who watches, section by section: sources write it, watchers read it. */
import { type Rows, type Section, SECTIONS } from "./types.ts";

/** A row of any section. */
export type AnyRow = Rows[Section];

/** Told what is another now, at once; must be quick and must not throw. */
export interface BoardListener {
  /** A row came, changed or went: `row` has it, or has it no more. */
  changed(section: Section, id: string): void;
  /** All of a section is there now. */
  completed(section: Section): void;
  /** A section's problem is another. */
  problem(section: Section): void;
}

interface Shelf {
  readonly rows: Map<string, AnyRow>;
  isComplete: boolean;
  problem: string;
}

export interface BoardOptions {
  /** Takes secrets out of what is shown. @default {nothing is taken out} */
  readonly redact?: <T>(value: T) => T;
}

const texts = new WeakMap<AnyRow, string>();

/** A row as JSON: made once, however many are told of it. */
export function rowText(row: AnyRow): string {
  let text = texts.get(row);
  if (text === undefined) texts.set(row, text = JSON.stringify(row));
  return text;
}

export class Board {
  readonly #redact: <T>(value: T) => T;
  readonly #listeners = new Set<BoardListener>();
  readonly #shelves = new Map<Section, Shelf>(
    SECTIONS.map((section) => [section, { rows: new Map(), isComplete: false, problem: "" }]),
  );

  constructor({ redact = (value) => value }: BoardOptions = {}) {
    this.#redact = redact;
  }

  #shelf(section: Section): Shelf {
    return this.#shelves.get(section)!;
  }

  row(section: Section, id: string): AnyRow | undefined {
    return this.#shelf(section).rows.get(id);
  }

  ids(section: Section): Iterable<string> {
    return this.#shelf(section).rows.keys();
  }

  size(section: Section): number {
    return this.#shelf(section).rows.size;
  }

  isComplete(section: Section): boolean {
    return this.#shelf(section).isComplete;
  }

  /** Why a section cannot be shown, or not as it is now; empty: all is well. */
  problemOf(section: Section): string {
    return this.#shelf(section).problem;
  }

  /** Returns the function that ends it. */
  subscribe(listener: BoardListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Rows that are new, or others than before; equal ones are nobody's news. */
  set<S extends Section>(section: S, rows: Iterable<Rows[S]>): void {
    const { rows: known } = this.#shelf(section);
    for (const given of rows) {
      const before = known.get(given.id);
      if (before === given) continue;
      const row = this.#redact(given);
      if (before === row || (before !== undefined && rowText(before) === rowText(row))) continue;
      known.set(row.id, row);
      for (const listener of this.#listeners) listener.changed(section, row.id);
    }
  }

  remove(section: Section, ids: Iterable<string>): void {
    const { rows } = this.#shelf(section);
    for (const id of ids) {
      if (!rows.delete(id)) continue;
      for (const listener of this.#listeners) listener.changed(section, id);
    }
  }

  /** All rows that there are: others go. */
  replace<S extends Section>(section: S, rows: readonly Rows[S][]): void {
    const shelf = this.#shelf(section);
    const there = new Set(rows.map(({ id }) => id));
    this.remove(section, [...shelf.rows.keys()].filter((id) => !there.has(id)));
    this.set(section, rows);
    if (shelf.isComplete) return;
    shelf.isComplete = true;
    for (const listener of this.#listeners) listener.completed(section);
  }

  /** Says why a section is not as it should be; empty: it is. */
  tell(section: Section, problem: string): void {
    const shelf = this.#shelf(section);
    const text = this.#redact(problem);
    if (shelf.problem === text) return;
    shelf.problem = text;
    for (const listener of this.#listeners) listener.problem(section);
  }
}
