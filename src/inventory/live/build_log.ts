/** The log of one build as far as it was read. Many may read it, each at their own pace: it grows at its end alone. */
import type { BuildLogLine } from "../../coder/mod.ts";

/** What is kept of one log, in characters. Coder itself keeps 1 MiB of text. */
const CAPACITY = 8 << 20;
/** What a line counts beyond its text: about as much memory as it takes. */
const LINE_SIZE = 200;

export class BuildLog {
  readonly #lines: BuildLogLine[] = [];
  readonly #capacity: number;
  #size = 0;
  #last = -1;
  #isOver = false;
  #isCut = false;

  constructor(capacity = CAPACITY) {
    this.#capacity = capacity;
  }

  /** In the order in which they were written. Lines are added behind those that are there, and nothing else changes. */
  get lines(): readonly BuildLogLine[] {
    return this.#lines;
  }

  /** Characters that are kept, with what lines take beside. */
  get size(): number {
    return this.#size;
  }

  /** The id of the last line; undefined as long as there is none. */
  get last(): number | undefined {
    return this.#last < 0 ? undefined : this.#last;
  }

  /** The build is over and nothing more comes. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** There is more than is kept. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Adds what is new; how many lines that was, those beyond the capacity included. */
  take(lines: readonly BuildLogLine[]): number {
    let count = 0;
    for (const line of [...lines].sort((a, b) => a.id - b.id)) {
      if (line.id <= this.#last) continue;
      this.#last = line.id;
      count++;
      const size = line.output.length + LINE_SIZE;
      if (this.#isCut || this.#size + size > this.#capacity) {
        this.#isCut = true;
        continue;
      }
      this.#size += size;
      this.#lines.push(sharing(line, this.#lines.at(-1)));
    }
    return count;
  }

  end(): void {
    this.#isOver = true;
  }
}

/** The same texts line by line are kept once. */
function sharing(line: BuildLogLine, before: BuildLogLine | undefined): BuildLogLine {
  if (before === undefined) return line;
  return {
    ...line,
    ...(line.stage === before.stage ? { stage: before.stage } : {}),
    ...(line.log_level === before.log_level ? { log_level: before.log_level } : {}),
  };
}
