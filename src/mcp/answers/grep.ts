/** Which lines somebody looks for: plain text, so that no pattern can keep the process busy. */

/**
 * Lines that contain the text, whatever its case; `|` separates alternatives, `\|` is a bar. Nothing else has a meaning
 * of its own. A text that is absent or empty leaves every line.
 */
export function lineFilter(grep: string | undefined): (line: string) => boolean {
  const wanted = (grep ?? "").split(/(?<!\\)\|/)
    .map((text) => text.replaceAll("\\|", "|").toLowerCase())
    .filter((text) => text !== "");
  if (wanted.length === 0) return () => true;
  return (line) => {
    const text = line.toLowerCase();
    return wanted.some((part) => text.includes(part));
  };
}
