/** The YAML config file as a source of options. */
import type { Mistake } from "./mistake.ts";
import { kebabCase, OPTIONS } from "./options.ts";
import type { SettingKey } from "./schema.ts";
import { suggest } from "./suggest.ts";

/** A value and the line it stands on (1-based). */
export interface FileValue {
  readonly value: unknown;
  readonly line: number;
}

/** What the file says. */
export interface FileSettings {
  readonly values: ReadonlyMap<SettingKey, FileValue>;
  readonly mistakes: readonly Mistake[];
}

/** Reads the text of a config file; `path` is for messages. An empty file says nothing, which is fine. */
export async function parseConfigFile(path: string, text: string): Promise<FileSettings> {
  // Loaded here alone: most processes have no config file, and the parser costs memory.
  const { isMap, isScalar, LineCounter, parseDocument } = await import("./yaml.ts");
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: false, prettyErrors: false });
  const at = (offset: number) => counter.linePos(offset).line;
  const values = new Map<SettingKey, FileValue>();
  const mistakes: Mistake[] = [];
  for (const error of document.errors) {
    mistakes.push({ where: `${path}, line ${at(error.pos[0])}`, what: `not valid YAML: ${error.message}` });
  }
  if (mistakes.length > 0 || document.contents === null) return { values, mistakes };
  if (isScalar(document.contents) && document.contents.value === null) return { values, mistakes };
  if (!isMap(document.contents)) {
    const what = 'must be a map of options, such as "logLevel: debug"';
    return { values, mistakes: [{ where: path, what }] };
  }
  const keys = OPTIONS.map((option) => option.key).filter((key) => key !== "config");
  for (const pair of document.contents.items) {
    const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
    const range = isScalar(pair.key) ? pair.key.range : undefined;
    const line = range ? at(range[0]) : 1;
    const where = `${key} (${path}, line ${line})`;
    const known = keys.find((one) => one === key);
    if (known === undefined) mistakes.push({ where, what: unknownKey(key, keys) });
    else if (values.has(known)) mistakes.push({ where, what: "is given twice" });
    else {
      const value = toPlain(pair.value, document);
      // A key without a value (`namespace:`) is a line left blank, not a wish for null.
      if (value !== null) values.set(known, { value, line });
    }
  }
  return { values, mistakes };
}

function toPlain(node: unknown, document: unknown): unknown {
  const convertible = (node ?? {}) as { toJS?: (document: unknown) => unknown };
  return typeof convertible.toJS === "function" ? convertible.toJS(document) : null;
}

function unknownKey(key: string, keys: readonly SettingKey[]): string {
  if (key === "config") return "a config file cannot name another one";
  const near = keys.find((one) => kebabCase(one) === key) ?? suggest(key, keys);
  return near === undefined ? "unknown option" : `unknown option; did you mean ${near}?`;
}
