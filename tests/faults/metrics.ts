/** Reads numbers out of the Prometheus text format. */

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/** The sum of the samples of a name that carry all of `labels`; 0 where there is none. */
export function sampleOf(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    const [, found, inner = "", value] = SAMPLE.exec(line) ?? [];
    if (found !== name) continue;
    const carried = new Map([...inner.matchAll(LABEL)].map(([, label, text]) => [label, text]));
    if (Object.entries(labels).every(([label, wanted]) => carried.get(label) === wanted)) {
      sum += Number(value);
    }
  }
  return sum;
}
