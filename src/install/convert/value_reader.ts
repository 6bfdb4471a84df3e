/** Typed reading of values by path, which notes what is odd and remembers what was read. */
import type { Embedded } from "../../api/kubernetes/schemas.ts";
import type { Note } from "./note.ts";
import { checkStructure, withoutNulls } from "./structure.ts";
import { type Fields, isFields } from "./values_text.ts";

/** Reads values. Whatever has the wrong shape is noted, and counts as absent. */
export class ValueReader {
  readonly notes: Note[] = [];
  readonly #read = new Set<string>();

  constructor(
    /** With the chart's defaults. */
    private readonly values: Fields,
    /** As the user wrote them. */
    private readonly given: Fields,
  ) {}

  /** The value as it is; undefined where it is absent or `null`. */
  raw(path: string): unknown {
    this.#read.add(path);
    return at(this.values, path) ?? undefined;
  }

  /** True where the user gave the value, and it is not empty. */
  isGiven(path: string): boolean {
    return !isEmpty(at(this.given, path));
  }

  /** Text; blank text counts as absent. */
  text(path: string): string | undefined {
    const value = this.raw(path);
    const text = scalarText(value);
    if (text === undefined && !isEmpty(value)) this.#shape(path, "text");
    return text === undefined || text.trim() === "" ? undefined : text;
  }

  /** A switch. */
  flag(path: string): boolean {
    const value = this.raw(path);
    if (typeof value === "boolean" || value === undefined) return value === true;
    if (value === "true" || value === "false") return value === "true";
    if (!isEmpty(value)) this.#shape(path, "true or false");
    return false;
  }

  /** A whole number, which may be written as text. */
  integer(path: string): number | undefined {
    const value = this.raw(path);
    const number = typeof value === "string" && /^\s*-?\d+\s*$/.test(value) ? Number(value) : value;
    if (typeof number === "number" && Number.isSafeInteger(number)) return number;
    if (!isEmpty(value)) this.#shape(path, "a whole number");
    return undefined;
  }

  /** A list; absent reads as empty. An empty map, which some charts have as a default, too. */
  list(path: string): readonly unknown[] {
    const value = this.raw(path);
    if (Array.isArray(value)) return value;
    if (!isEmpty(value)) this.#shape(path, "a list");
    return [];
  }

  /** A list of texts. */
  texts(path: string): string[] {
    return this.list(path).flatMap((item, index) => {
      const text = scalarText(item);
      if (text === undefined) this.#shape(`${path}[${index}]`, "text");
      return text === undefined ? [] : [text];
    });
  }

  /** A map of text to text; absent reads as empty. */
  textMap(path: string): Record<string, string> {
    const value = this.raw(path);
    if (!isFields(value)) {
      if (!isEmpty(value)) this.#shape(path, "a map");
      return {};
    }
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => {
        const text = scalarText(item);
        if (text === undefined && item !== null) this.#shape(`${path}.${key}`, "text");
        return text === undefined ? [] : [[key, text]];
      }),
    );
  }

  /** A Kubernetes structure; absent where it is empty. */
  structure<K extends keyof Embedded>(path: string, name: K): Embedded[K] | undefined {
    const value = withoutNulls(this.raw(path));
    return isEmpty(value) ? undefined : this.checked(path, name, value);
  }

  /** A list of Kubernetes structures. */
  structures<K extends keyof Embedded>(path: string, name: K): Embedded[K][] {
    return this.list(path).map((item, index) => this.checked(`${path}[${index}]`, name, item))
      .filter((item) => item !== undefined);
  }

  /** A value that was read already, as a Kubernetes structure. */
  checked<K extends keyof Embedded>(path: string, name: K, value: unknown): Embedded[K] | undefined {
    const { value: checked, problems } = checkStructure(name, value);
    for (const problem of problems) this.warn(`${path}${problem.path}`, problem.what);
    return checked as Embedded[K] | undefined;
  }

  /** Notes a value that has no place in the result. */
  warn(path: string, what: string): void {
    this.notes.push({ path, what, unmapped: true });
  }

  /** Notes something about the field `field` of the result, which came from `path`. */
  remark(path: string, field: string, what: string): void {
    this.notes.push({ path, what, unmapped: false, at: field });
  }

  /** Paths of values that the user gave and nobody read. */
  unread(): string[] {
    return [...this.#unread(this.given, "")];
  }

  *#unread(value: unknown, path: string): Iterable<string> {
    if (this.#read.has(path) || isEmpty(value)) return;
    const below = [...this.#read].some((read) => path === "" || read.startsWith(`${path}.`));
    if (!below || !isFields(value)) return yield path;
    for (const [key, item] of Object.entries(value)) {
      yield* this.#unread(item, path === "" ? key : `${path}.${key}`);
    }
  }

  #shape(path: string, what: string): void {
    this.warn(path, `is not ${what} and was left out`);
  }
}

/** Nothing that a template would render: absent, `null`, blank text, an empty list or map. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value === "string") return value.trim() === "";
  return Array.isArray(value) ? value.length === 0 : isFields(value) && Object.keys(value).length === 0;
}

/** Text, numbers and booleans as text. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

function at(values: Fields, path: string): unknown {
  let value: unknown = values;
  for (const key of path.split(".")) {
    if (!isFields(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}
