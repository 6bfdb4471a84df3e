/** Text that others wrote, on a terminal: harmless, and as wide as it may be. */

/** What a terminal may take for more than a character, and what turns the direction of others around. */
const CONTROL =
  // deno-lint-ignore no-control-regex -- sequences that tell a terminal what to do are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** On one line; line ends and tabs are spaces, other controls a mark. */
export function clean(text: string): string {
  return text.toWellFormed().replace(/[\t\r\n]+/g, " ").replace(CONTROL, "\ufffd");
}

const MARK = /^\p{Mark}$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

function columnsOf(character: string): number {
  if (character < "\u0300") return 1;
  return MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

/** Columns that a clean text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

/** At most so many columns; what is left out is an ellipsis. */
export function cut(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (text.length <= columns && widthOf(text) <= columns) return text;
  if (widthOf(text) <= columns) return text;
  let width = 0;
  let kept = "";
  for (const character of text) {
    const more = columnsOf(character);
    if (width + more > columns - 1) break;
    width += more;
    kept += character;
  }
  return `${kept}…`;
}

/** Exactly so many columns. */
export function fit(text: string, columns: number, align: "left" | "right" = "left"): string {
  const shown = cut(text, columns);
  const space = " ".repeat(Math.max(0, columns - widthOf(shown)));
  return align === "left" ? shown + space : space + shown;
}

/** Lines of at most so many columns, broken at spaces where there are any. */
export function fold(text: string, columns: number): string[] {
  const most = Math.max(1, columns);
  return text.split("\n").flatMap((paragraph) => {
    const lines: string[] = [];
    // None yet: spaces at the beginning stay.
    let line: string | undefined;
    for (const word of clean(paragraph).split(" ")) {
      let rest = word;
      const joined: string = line === undefined ? rest : `${line} ${rest}`;
      if (widthOf(joined) <= most) {
        line = joined;
        continue;
      }
      if (line !== undefined && line.trim() !== "") lines.push(line);
      while (widthOf(rest) > most) {
        let piece = "";
        for (const character of rest) {
          if (piece !== "" && widthOf(piece + character) > most) break;
          piece += character;
        }
        lines.push(piece);
        rest = rest.slice(piece.length);
      }
      line = rest;
    }
    return [...lines, line ?? ""];
  });
}

/** How long ago, or how soon, in a few characters; empty for no time. */
export function ago(time: string, now: number): string {
  const at = Date.parse(time);
  if (Number.isNaN(at)) return "";
  const seconds = Math.round((now - at) / 1_000);
  const span = spanOf(Math.abs(seconds));
  return seconds < 0 ? `in ${span}` : span;
}

function spanOf(seconds: number): string {
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** Bytes as people read them. */
export function bytesOf(bytes: number): string {
  const units = ["B", "Ki", "Mi", "Gi", "Ti"];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)}${units[unit]}`;
}
