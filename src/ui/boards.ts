/** Boards of those who watch: one for each caller, however many of their pages are open. */
import { type Clock, systemClock } from "../telemetry/clock.ts";
import { Board, type BoardOptions } from "./board.ts";
import type { Source, Visitor } from "./sources/source.ts";
import type { Section } from "./types.ts";

export interface BoardsOptions extends BoardOptions {
  /** What somebody is shown. Rejects where that cannot be found out. */
  readonly sourcesOf: (visitor: Visitor, signal: AbortSignal) => Promise<readonly Source[]>;
  /** How long a board is kept that nobody watches: who loads a page anew finds it as it was. @default {10_000} */
  readonly lingerMs?: number;
  readonly clock?: Clock;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: () => number;
  /** What a source has thrown, which must not. */
  readonly onMistake?: (error: unknown) => void;
}

/** A board that is watched. */
export interface Watched {
  readonly board: Board;
  readonly sections: readonly Section[];
  /** They were let in anew: their rights may be others. */
  admitted(visitor: Visitor): void;
  release(): void;
}

interface Kept {
  readonly board: Board;
  readonly sections: readonly Section[];
  readonly abort: AbortController;
  visitor: Visitor;
  watchers: number;
  cancelEnd: () => void;
}

export class Boards {
  readonly #options: BoardsOptions;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(options: BoardsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Opens the board of a caller, and begins to feed it where nobody watches it yet. */
  async open(visitor: Visitor, signal: AbortSignal): Promise<Watched> {
    const sources = await this.#options.sourcesOf(visitor, signal);
    const sections = sources.flatMap((source) => source.sections);
    // Other rights, other board: what was shown to an administrator is not shown on.
    const key = `${visitor.caller.id} ${sections.join(",")}`;
    let kept = this.#kept.get(key);
    if (kept === undefined) this.#kept.set(key, kept = this.#begin(visitor, sources, sections));
    const { board } = kept;
    const own = kept;
    own.visitor = visitor;
    own.watchers++;
    own.cancelEnd();
    own.cancelEnd = () => {};
    let isReleased = false;
    return {
      board,
      sections,
      admitted: (visitor) => own.visitor = visitor,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        if (--own.watchers > 0) return;
        own.cancelEnd = this.#clock.setTimer(() => this.#end(key, own), this.#options.lingerMs ?? 10_000);
      },
    };
  }

  #begin(visitor: Visitor, sources: readonly Source[], sections: readonly Section[]): Kept {
    const { now = Date.now, onMistake = () => {} } = this.#options;
    const kept: Kept = {
      board: new Board(this.#options),
      sections,
      abort: new AbortController(),
      visitor,
      watchers: 0,
      cancelEnd: () => {},
    };
    for (const source of sources) {
      source.run({
        visitor: () => kept.visitor,
        board: kept.board,
        signal: kept.abort.signal,
        clock: this.#clock,
        now,
      }).catch((error) => {
        onMistake(error);
        for (const section of source.sections) {
          kept.board.tell(section, "this is a mistake in coder-k8s: its log has more");
        }
      });
    }
    return kept;
  }

  #end(key: string, kept: Kept): void {
    if (kept.watchers > 0) return;
    if (this.#kept.get(key) === kept) this.#kept.delete(key);
    kept.abort.abort();
  }

  /** Ends all of them. */
  close(): void {
    for (const [key, kept] of this.#kept) {
      kept.cancelEnd();
      kept.watchers = 0;
      this.#end(key, kept);
    }
  }
}
