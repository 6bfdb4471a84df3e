/** A recorded terminal: what was written, when, and which commands were given. The file is an asciicast, version 2. */

/** One thing that happened: output (`o`), or the beginning of a command (`m`). */
export interface Moment {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly kind: "o" | "m";
  readonly text: string;
}

export interface Cast {
  readonly columns: number;
  readonly rows: number;
  readonly title: string;
  readonly moments: readonly Moment[];
}

/** Records on a clock of its own, which does not run while nobody would want to look. */
export class Recorder {
  readonly moments: Moment[] = [];
  #at = 0;
  #last: number;

  /**
   * @param now milliseconds
   * @param longestGapMs of silence that is kept
   */
  constructor(private readonly now: () => number, private readonly longestGapMs: number) {
    this.#last = now();
  }

  #tick(): number {
    const now = this.now();
    this.#at += Math.min(now - this.#last, this.longestGapMs) / 1_000;
    this.#last = now;
    return this.#at;
  }

  output(text: string): void {
    if (text !== "") this.moments.push({ at: this.#tick(), kind: "o", text });
  }

  mark(text: string): void {
    this.moments.push({ at: this.#tick(), kind: "m", text });
  }

  /** Nothing happens for so long, without anybody waiting. */
  pause(seconds: number): void {
    this.#tick();
    this.#at += seconds;
  }
}

/** The text of the file. */
export function writeCast({ columns, rows, title, moments }: Cast): string {
  const head = {
    version: 2,
    width: columns,
    height: rows,
    title,
    env: { SHELL: "bash", TERM: "xterm-256color" },
  };
  const lines = moments.map(({ at, kind, text }) => JSON.stringify([Number(at.toFixed(3)), kind, text]));
  return `${[JSON.stringify(head), ...lines].join("\n")}\n`;
}

/** Reads such a file. @throws {Error} which says what is not one */
export function readCast(text: string): Cast {
  const [first = "", ...lines] = text.trim().split("\n");
  const head = JSON.parse(first);
  if (head.version !== 2) throw new Error(`this is no asciicast of version 2: ${first.slice(0, 80)}`);
  const moments = lines.map((line) => {
    const [at, kind, text] = JSON.parse(line);
    if (typeof at !== "number" || (kind !== "o" && kind !== "m") || typeof text !== "string") {
      throw new Error(`this is no moment of an asciicast: ${line.slice(0, 80)}`);
    }
    return { at, kind, text } as const;
  });
  return { columns: head.width, rows: head.height, title: head.title ?? "", moments };
}
