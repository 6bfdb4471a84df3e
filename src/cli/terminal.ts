/** Text for people: where it goes, how wide it may be, whether it may be bold. */

/** A place to print to. */
export interface Terminal {
  /** Columns to wrap at. */
  readonly width: number;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
}

/** No colours, 100 columns: pipes, files, tests. */
export const plainTerminal: Terminal = {
  width: 100,
  bold: (text) => text,
  dim: (text) => text,
  red: (text) => text,
  green: (text) => text,
};

/** What standard output is. Honours `NO_COLOR`; wraps between 60 and 120 columns. */
export function standardOutput(environment: Readonly<Record<string, string>>): Terminal {
  if (!Deno.stdout.isTerminal()) return plainTerminal;
  const colour = (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb";
  const style = (code: number) => (text: string) => colour ? `\x1b[${code}m${text}\x1b[0m` : text;
  let columns = plainTerminal.width;
  try {
    columns = Deno.consoleSize().columns;
  } catch {
    // Not every terminal knows its size.
  }
  return {
    width: Math.min(120, Math.max(60, columns)),
    bold: style(1),
    dim: style(2),
    red: style(31),
    green: style(32),
  };
}

/** Breaks `text` into lines of at most `width` columns, at spaces; longer words stay whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}

/** Writes all of `text`, though a pipe may take it in pieces. A reader that has gone away is no error. */
export function print(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
