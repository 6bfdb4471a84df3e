/** The YAML file of a coordinator or a worker: sections of keys in snake_case. */
import type { Mistake } from "../mistake.ts";
import { suggest } from "../suggest.ts";
import type { OptionSet } from "./option.ts";

/** A value and the line it stands on (1-based). */
export interface SectionValue {
  readonly value: unknown;
  readonly line: number;
}

/** What the file says, by the options' `section.key`. */
export interface SectionsRead {
  readonly values: ReadonlyMap<string, SectionValue>;
  readonly mistakes: readonly Mistake[];
}

/** Reads the text of such a file; `path` is for messages. An empty file says nothing, which is fine. */
export async function parseSections(set: OptionSet, path: string, text: string): Promise<SectionsRead> {
  const { isMap, isScalar, LineCounter, parseDocument } = await import("../yaml.ts");
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: false, prettyErrors: false });
  const values = new Map<string, SectionValue>();
  const mistakes: Mistake[] = [];
  const at = (offset: number) => counter.linePos(offset).line;
  const place = (line: number) => `${path}, line ${line}`;
  for (const error of document.errors) {
    mistakes.push({ where: place(at(error.pos[0])), what: `not valid YAML: ${error.message}` });
  }
  const root = document.contents;
  if (mistakes.length > 0 || root === null || (isScalar(root) && root.value === null)) {
    return { values, mistakes };
  }
  if (!isMap(root)) {
    return {
      values,
      mistakes: [{ where: path, what: 'must be a map of sections, such as "session: {max_age: 30m}"' }],
    };
  }
  const paths = set.options.filter(({ key }) => key !== "config").map(({ yaml }) => yaml);
  const sections = [...new Set(paths.map((one) => one.split(".", 1)[0] ?? ""))];
  const keyOf = (pair: { readonly key: unknown }) => {
    const isPlain = isScalar(pair.key);
    const range = isPlain ? (pair.key as { range?: readonly number[] | null }).range : undefined;
    return {
      name: String(isPlain ? (pair.key as { value: unknown }).value : pair.key),
      line: at(range?.[0] ?? 0),
    };
  };
  const seen = new Set<string>();
  for (const pair of root.items) {
    const { name: section, line } = keyOf(pair);
    const where = `${section} (${place(line)})`;
    if (!sections.includes(section)) {
      mistakes.push({ where, what: unknownSection(section, sections, paths) });
    } else if (seen.has(section)) mistakes.push({ where, what: "is given twice" });
    else if (isMap(pair.value)) {
      seen.add(section);
      for (const inner of pair.value.items) {
        const { name, line } = keyOf(inner);
        const yaml = `${section}.${name}`;
        const where = `${yaml} (${place(line)})`;
        if (!paths.includes(yaml)) mistakes.push({ where, what: unknownKey(section, name, paths) });
        else if (values.has(yaml)) mistakes.push({ where, what: "is given twice" });
        else {
          const node = inner.value as { toJS?: (document: unknown) => unknown } | null;
          const value = typeof node?.toJS === "function" ? node.toJS(document) : null;
          // A key without a value is a line left blank.
          if (value !== null) values.set(yaml, { value, line });
        }
      }
    } else if (!(pair.value === null || (isScalar(pair.value) && pair.value.value === null))) {
      mistakes.push({ where, what: `must be a section with keys below it: ${keysOf(section, paths)}` });
    }
  }
  return { values, mistakes };
}

function unknownSection(section: string, sections: readonly string[], paths: readonly string[]): string {
  const inside = paths.find((path) => path.split(".")[1] === section.replaceAll("-", "_"));
  if (inside !== undefined) return `unknown section; did you mean ${inside}?`;
  const near = suggest(section, sections);
  return `unknown section; ${
    near === undefined ? `there are ${sections.join(", ")}` : `did you mean ${near}?`
  }`;
}

function unknownKey(section: string, name: string, paths: readonly string[]): string {
  if (name === "config") return "a config file cannot name another one";
  const elsewhere = paths.find((path) => path.split(".")[1] === name);
  if (elsewhere !== undefined) return `unknown key here; did you mean ${elsewhere}?`;
  const own = paths.filter((path) => path.startsWith(`${section}.`)).map((path) =>
    path.slice(section.length + 1)
  );
  const near = suggest(name, own);
  return near === undefined ? "unknown key" : `unknown key; did you mean ${section}.${near}?`;
}

function keysOf(section: string, paths: readonly string[]): string {
  const keys = paths.filter((path) => path.startsWith(`${section}.`)).map((path) =>
    path.slice(section.length + 1)
  );
  return keys.length > 5 ? `${keys.slice(0, 5).join(", ")}, ...` : keys.join(", ");
}
