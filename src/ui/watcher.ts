/** What one watcher has still to be told of a board: by id, so that who reads slowly is told less often, and not more. */
import { type AnyRow, type Board, type BoardListener, rowText } from "./board.ts";
import type { RowsEvent, Section, WatchEvent } from "./types.ts";

export interface WatcherOptions {
  readonly board: Board;
  /** Said first; its sections are those that are told. */
  readonly hello: Extract<WatchEvent, { kind: "hello" }>;
  /** Rows in one piece. @default {500} */
  readonly pieceRows?: number;
  /** There is something to tell again: called once until `next` has yielded nothing. Must not call `next` itself. */
  readonly onNews: () => void;
}

interface Untold {
  readonly ids: Set<string>;
  /** Nothing of the section was told yet. */
  isNew: boolean;
  isCompleteTold: boolean;
  problemTold: string;
}

/** Holds ids alone: what is told is as it is when it is told. */
export class Watcher {
  readonly #board: Board;
  readonly #pieceRows: number;
  readonly #onNews: () => void;
  readonly #untold: ReadonlyMap<Section, Untold>;
  readonly #end: () => void;
  #hello: WatcherOptions["hello"] | undefined;
  #isQuiet = false;

  constructor({ board, hello, pieceRows = 500, onNews }: WatcherOptions) {
    this.#board = board;
    this.#hello = hello;
    this.#pieceRows = pieceRows;
    this.#onNews = onNews;
    this.#untold = new Map(hello.sections.map((section) => [section, {
      ids: new Set(board.ids(section)),
      isNew: true,
      isCompleteTold: false,
      problemTold: "",
    }]));
    const listener: BoardListener = {
      changed: (section, id) => {
        const untold = this.#untold.get(section);
        if (untold === undefined) return;
        untold.ids.add(id);
        this.#news();
      },
      completed: () => this.#news(),
      problem: () => this.#news(),
    };
    this.#end = board.subscribe(listener);
  }

  /** Hears no more of the board. */
  close(): void {
    this.#end();
  }

  #news(): void {
    if (!this.#isQuiet) return;
    this.#isQuiet = false;
    this.#onNews();
  }

  /** What is to be told next; undefined: nothing now. */
  next(): WatchEvent | undefined {
    const hello = this.#hello;
    if (hello !== undefined) {
      this.#hello = undefined;
      return hello;
    }
    for (const [section, untold] of this.#untold) {
      const event = this.#nextOf(section, untold);
      if (event !== undefined) return event;
    }
    this.#isQuiet = true;
    return undefined;
  }

  #nextOf(section: Section, untold: Untold): WatchEvent | undefined {
    const board = this.#board;
    // First: who hears that a section is complete knows already what is wrong with it.
    const message = board.problemOf(section);
    if (message !== untold.problemTold) {
      untold.problemTold = message;
      return { kind: "problem", section, message };
    }
    const completes = board.isComplete(section) && !untold.isCompleteTold;
    if (untold.ids.size > 0 || completes) {
      const [rows, removed] = this.#take(section, untold);
      const isLast = completes && untold.ids.size === 0;
      const event = {
        kind: "rows",
        section,
        rows,
        removed,
        ...(untold.isNew ? { reset: true } : {}),
        ...(isLast ? { complete: true } : {}),
      } as unknown as RowsEvent;
      untold.isNew = false;
      if (isLast) untold.isCompleteTold = true;
      if (rows.length > 0 || removed.length > 0 || isLast) return event;
    }
    return undefined;
  }

  #take(section: Section, { ids, isNew }: Untold): [rows: AnyRow[], removed: string[]] {
    const rows: AnyRow[] = [];
    const removed: string[] = [];
    for (const id of ids) {
      if (rows.length + removed.length >= this.#pieceRows) break;
      ids.delete(id);
      const row = this.#board.row(section, id);
      if (row !== undefined) rows.push(row);
      else if (!isNew) removed.push(id);
    }
    return [rows, removed];
  }
}

/** The data of an event as JSON, without its kind. */
export function eventData(event: WatchEvent): string {
  if (event.kind !== "rows") {
    const { kind: _, ...rest } = event;
    return JSON.stringify(rest);
  }
  const { section, rows, removed, reset, complete } = event;
  const flags = `${reset === true ? ',"reset":true' : ""}${complete === true ? ',"complete":true' : ""}`;
  return `{"section":"${section}","rows":[${(rows as readonly AnyRow[]).map(rowText).join(",")}],"removed":${
    JSON.stringify(removed)
  }${flags}}`;
}
