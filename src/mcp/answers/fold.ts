/** Lines that say the same, told once. */

/** `2026-11-22T04:03:00.123Z`, also with a space, a comma or an offset; klog's `I1122 04:03:00.123456`; in brackets. */
const TIME =
  /^\[?(?:\d{4}[-/]\d{2}[-/]\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z| ?[+-]\d{2}:?\d{2})?|[IWEF]\d{4} \d{2}:\d{2}:\d{2}\.\d{1,9})\]?/;

/**
 * Neighbours that differ in nothing but the time at their beginning become the last of them, with `(×37)` after it, or
 * `(×37 since <time>)`.
 */
export function foldLines(lines: readonly string[]): string[] {
  const folded: string[] = [];
  for (let start = 0; start < lines.length;) {
    const words = untimed(lines[start]!);
    let end = start + 1;
    while (end < lines.length && untimed(lines[end]!) === words) end++;
    const last = lines[end - 1]!;
    const count = end - start;
    // An empty line tells nothing by its number.
    if (count === 1 || words.trim() === "") folded.push(last);
    else folded.push(`${last} (×${count}${since(lines[start]!, last)})`);
    start = end;
  }
  return folded;
}

function untimed(line: string): string {
  return line.replace(TIME, "");
}

function since(first: string, last: string): string {
  return first === last ? "" : ` since ${TIME.exec(first)?.[0] ?? ""}`;
}
