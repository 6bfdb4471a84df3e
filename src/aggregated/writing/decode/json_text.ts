/** Reading JSON: as `JSON.parse` does, but it tells of fields that are there twice, and does not go deeper than it may. */
import { type Json, type JsonObject, pathTo, setField } from "./json_value.ts";
import { MalformedError, MAX_DEPTH, MAX_DUPLICATES, type Parsed, tooDeep } from "./parsed.ts";

const SPACE = /[ \t\n\r]*/y;
// deno-lint-ignore no-control-regex -- exactly these are not as they stand
const ESCAPED = /[\\\u0000-\u001f]/;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS: readonly (readonly [string, Json])[] = [["true", true], ["false", false], ["null", null]];

/** @throws {MalformedError} for what is no JSON, numbers that are too large, and {@linkcode MAX_DEPTH} */
export function parseJson(text: string): Parsed {
  return new Reader(text).document();
}

class Reader {
  #at = 0;
  readonly #path: (string | number)[] = [];
  readonly #duplicates: string[] = [];

  constructor(readonly text: string) {}

  document(): Parsed {
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.text.length) throw this.#unexpected("after the end of the value");
    return { value, duplicates: this.#duplicates };
  }

  #value(): Json {
    const first = this.text[this.#at];
    if (first === "{") return this.#object();
    if (first === "[") return this.#list();
    if (first === '"') return this.#text();
    for (const [word, value] of WORDS) {
      if (!this.text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    const token = this.#match(NUMBER);
    if (token === undefined) throw this.#unexpected("where a value should begin");
    const number = Number(token);
    if (!Number.isFinite(number)) throw new MalformedError(`the number ${token} is too large`);
    return number;
  }

  #object(): JsonObject {
    const object: JsonObject = {};
    this.#inside("}", () => {
      if (this.text[this.#at] !== '"') throw this.#unexpected("where the name of a field should begin");
      const key = this.#text();
      this.#space();
      if (this.text[this.#at] !== ":") throw this.#unexpected("after the name of a field");
      this.#at++;
      this.#space();
      this.#path.push(key);
      if (Object.hasOwn(object, key)) this.#tellTwice();
      setField(object, key, this.#value());
      this.#path.pop();
    });
    return object;
  }

  #list(): Json[] {
    const list: Json[] = [];
    this.#inside("]", () => {
      this.#path.push(list.length);
      list.push(this.#value());
      this.#path.pop();
    });
    return list;
  }

  /** What is between brackets, with commas between its entries. */
  #inside(end: string, entry: () => void): void {
    if (this.#path.length >= MAX_DEPTH) throw tooDeep();
    this.#at++;
    this.#space();
    if (this.text[this.#at] === end) return void this.#at++;
    for (;;) {
      entry();
      this.#space();
      const next = this.text[this.#at];
      if (next !== end && next !== ",") throw this.#unexpected("between two values");
      this.#at++;
      if (next === end) return;
      this.#space();
    }
  }

  #text(): string {
    const start = this.#at;
    let end = start;
    do end = this.text.indexOf('"', end + 1); while (end !== -1 && this.#isEscaped(end));
    if (end === -1) {
      this.#at = this.text.length;
      throw this.#unexpected("in a text");
    }
    this.#at = end + 1;
    const token = this.text.slice(start, end + 1);
    if (!ESCAPED.test(token)) return token.slice(1, -1).toWellFormed();
    try {
      return (JSON.parse(token) as string).toWellFormed();
    } catch {
      throw new MalformedError(`invalid character or escape in the text at position ${start}`);
    }
  }

  /** Whether an odd number of backslashes is before it. */
  #isEscaped(at: number): boolean {
    let before = at;
    while (this.text[before - 1] === "\\") before--;
    return (at - before) % 2 === 1;
  }

  #tellTwice(): void {
    if (this.#duplicates.length >= MAX_DUPLICATES) return;
    this.#duplicates.push(`duplicate field ${JSON.stringify(this.#path.reduce<string>(pathTo, ""))}`);
  }

  #space(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const token = pattern.exec(this.text)?.[0];
    if (token !== undefined) this.#at += token.length;
    return token;
  }

  #unexpected(where: string): MalformedError {
    const found = this.text[this.#at];
    return new MalformedError(
      found === undefined
        ? "unexpected end of JSON input"
        : `invalid character ${JSON.stringify(found)} ${where}, at position ${this.#at}`,
    );
  }
}
