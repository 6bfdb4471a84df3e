/** Which line of a log tells why a program ended. */

/** The stronger first: a program that gives up says so. */
const TELLING: readonly RegExp[] = [
  /\bpanic: |^panic\b|\bfatal error: |segmentation fault|core dumped|\bOut of memory\b/i,
  /\bfatal\b|\bFATA\b|\bcritical\b|\bemerg(?:ency)?\b/i,
  /^(?:[\w.]+\.)?\w*(?:Error|Exception)\b(?::| )|^Caused by: |^error: |Encountered an error|exec format error/,
  /\berror\b|\bERRO\b|level=error|"level":"error"|\[ERROR\]|^E\d{4} /i,
  /not found$|no such file or directory|permission denied|connection refused|cannot |failed|unable to/i,
];

const NOISE = /\b0 errors?\b|no errors?\b|error(?:s)?[=:] ?(?:(?:0|null|none|nil|false)\b|""|<nil>)/i;
const FRAME = /^\s+at |^\s*File "|^\t|^goroutine \d+|^\s{4,}\S|^created by |^\s*\.\.\. \d+ more/;
const LONGEST = 500;

/**
 * The line that tells: the last of the strongest kind there is; else the last one. Undefined for an empty log.
 * Of a Python traceback that is its last line, of a Go panic its first.
 */
export function tellingLine(lines: readonly string[]): string | undefined {
  const plain = lines.map(uncoloured).filter((line) => line.trim() !== "");
  const traceback = plain.findLastIndex((line) => /^\s*Traceback \(most recent call last\)/.test(line));
  if (traceback >= 0) {
    const end = plain.slice(traceback + 1).find((line) => !/^\s/.test(line));
    if (end !== undefined) return cut(end);
  }
  const told = plain.filter((line) => !FRAME.test(line) && !NOISE.test(line));
  for (const pattern of TELLING) {
    const found = told.findLast((line) => pattern.test(line.trim()));
    if (found !== undefined) return cut(found);
  }
  const last = plain.at(-1);
  return last === undefined ? undefined : cut(last);
}

function uncoloured(line: string): string {
  // deno-lint-ignore no-control-regex
  return line.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "").replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "");
}

function cut(line: string): string {
  const text = line.trim();
  return text.length <= LONGEST ? text : text.slice(0, LONGEST);
}
