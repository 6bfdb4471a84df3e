/** A terminal that is drawn on as a whole, and given back as it was, whatever happens. */

/** What is drawn on. */
export interface Screen {
  size(): { readonly columns: number; readonly rows: number };
  /** Takes the terminal over. */
  open(): void;
  /** Gives it back; twice is no more than once. */
  close(): void;
  write(text: string): void;
  /** What is typed, read by read, until the signal aborts or nobody can type any more. */
  typed(signal: AbortSignal): AsyncIterable<string>;
  /** Its size is another. Returns the function that ends it. */
  onResize(run: () => void): () => void;
}

/** The other screen, without a cursor, and without lines that go on in the next one. */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[0m\x1b[?1049l";

export interface ScreenParts {
  readonly input: Pick<typeof Deno.stdin, "setRaw" | "readable">;
  readonly write: (text: string) => void;
  readonly consoleSize: () => { readonly columns: number; readonly rows: number };
}

/** Standard input and output, which are a terminal. */
export function terminalScreen({ input, write, consoleSize }: ScreenParts): Screen {
  let isOpen = false;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    globalThis.removeEventListener("unload", close);
    // Even where nothing can be written any more.
    try {
      write(LEAVE);
    } finally {
      input.setRaw(false);
    }
  };
  return {
    size() {
      try {
        return consoleSize();
      } catch {
        // Not every terminal knows it.
        return { columns: 80, rows: 24 };
      }
    },
    open() {
      input.setRaw(true);
      isOpen = true;
      // Whatever ends the process, this runs before.
      globalThis.addEventListener("unload", close);
      write(ENTER);
    },
    close,
    write,
    async *typed(signal) {
      const reader = input.readable.pipeThrough(new TextDecoderStream()).getReader();
      const onAbort = () => void reader.cancel().catch(() => {});
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        while (!signal.aborted) {
          const { done, value } = await reader.read();
          if (done) return;
          yield value;
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    },
    onResize(run) {
      Deno.addSignalListener("SIGWINCH", run);
      return () => Deno.removeSignalListener("SIGWINCH", run);
    },
  };
}

/** Draws lines over those that are there: only what is another is written. */
export class Painter {
  #shown: readonly string[] = [];

  constructor(readonly write: (text: string) => void) {}

  paint(lines: readonly string[]): void {
    let text = "";
    for (const [index, line] of lines.entries()) {
      if (this.#shown[index] !== line) text += `\x1b[${index + 1};1H${line}`;
    }
    // Lines that were there before, and are no more.
    if (this.#shown.length > lines.length) text += `\x1b[${lines.length + 1};1H\x1b[J`;
    this.#shown = lines;
    if (text !== "") this.write(text);
  }

  /** What is there is not known any more. */
  clear(): void {
    this.#shown = [];
    this.write("\x1b[2J");
  }
}
