/** JSON values as YAML: what people read who ask with `Accept: application/yaml`. */

const PLAIN = /^[A-Za-z][-A-Za-z0-9_./]*$/;
/** Words that some reader of YAML takes for something else than text. */
const WORDS = /^(true|false|yes|no|on|off|y|n|null|nan|inf)$/i;

/** Block style, two spaces a level; text is quoted wherever it could be anything else. Ends with a newline. */
export function yamlText(value: unknown): string {
  const lines: string[] = [];
  write(value, "", "", lines);
  return `${lines.join("\n")}\n`;
}

/**
 * @param lead what stands in front of the value on its first line
 * @param indent of its other lines
 */
function write(value: unknown, lead: string, indent: string, lines: string[]): void {
  if (typeof value !== "object" || value === null || isEmpty(value)) {
    lines.push(`${lead}${scalar(value)}`);
    return;
  }
  // The first entry stands behind the dash of a list, but never behind a key.
  let start = lead;
  if (lead.endsWith(": ")) {
    lines.push(lead.slice(0, -1));
    start = indent;
  }
  const entries: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? value.map((item) => ["- ", item])
    : Object.entries(value).map(([key, item]) => [`${scalar(key)}: `, item]);
  for (const [mark, item] of entries) {
    write(item, `${start}${mark}`, `${indent}  `, lines);
    start = indent;
  }
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

function scalar(value: unknown): string {
  if (typeof value === "string" && PLAIN.test(value) && !WORDS.test(value)) return value;
  return JSON.stringify(value);
}
