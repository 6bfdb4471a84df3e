/** Colours and weights of a terminal, or none. Whatever they say is said by words as well. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  reverse(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  busy(text: string): string;
}

const same = (text: string) => text;
export const PLAIN: Style = { bold: same, dim: same, reverse: same, good: same, bad: same, busy: same };

const sgr = (code: number) => (text: string) => text === "" ? "" : `\x1b[${code}m${text}\x1b[0m`;

/** Without colours it still shows which row is the current one. */
export function ansiStyle(hasColours: boolean): Style {
  const colour = (code: number) => hasColours ? sgr(code) : same;
  return {
    bold: sgr(1),
    dim: colour(2),
    reverse: sgr(7),
    good: colour(32),
    bad: colour(31),
    busy: colour(33),
  };
}
