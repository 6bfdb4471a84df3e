/** Taking a large JSON answer apart without parsing it at once: the items of its list, one text each. */

/** An answer `{"<name>": [items…], …}` taken apart. */
export interface JsonItems {
  /** Each as JSON text, in order. */
  readonly items: readonly string[];
  /** The other fields of the answer, parsed. */
  readonly rest: Readonly<Record<string, unknown>>;
}

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;

/**
 * Items of the field `name`, which has to be a list of objects or null; other kinds of items are left to the parser.
 * Throws `SyntaxError` where the text is no such JSON. Items are not parsed: each may still turn out to be none.
 */
export function splitJsonItems(text: string, name: string): JsonItems {
  const start = startOfList(text, name);
  // Small, odd, or without that list: nothing is gained by taking it apart.
  if (start === undefined) return splitParsed(text, name);
  const items: string[] = [];
  let depth = 0;
  let begin = -1;
  /** Behind the list's bracket, or behind the last item. */
  let end = start + 1;
  for (let index = start + 1; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case QUOTE:
        index = endOfString(text, index);
        break;
      case OPEN_OBJECT:
      case OPEN_LIST:
        if (depth++ > 0) break;
        // Scalars, or a comma too many or too few: the parser has to say what they are.
        if (!isBetween(text, end, index, items.length > 0)) return splitParsed(text, name);
        begin = index;
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        if (depth === 0) {
          if (!isBetween(text, end, index, false)) return splitParsed(text, name);
          return { items, rest: parsed(`${text.slice(0, start)}null${text.slice(index + 1)}`) };
        }
        if (--depth > 0) break;
        end = index + 1;
        items.push(text.slice(begin, end));
    }
  }
  throw new SyntaxError("the list does not end");
}

/** Where the list of the field begins; undefined where it is not the first field. */
function startOfList(text: string, name: string): number | undefined {
  const head = new RegExp(`^\\s*\\{\\s*"${name}"\\s*:\\s*\\[`).exec(text);
  return head === null ? undefined : head[0].length - 1;
}

/** The index of the quote that ends the string beginning at `index`. */
function endOfString(text: string, index: number): number {
  for (let end = text.indexOf('"', index + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
  }
  throw new SyntaxError("a text does not end");
}

/** Whether there is nothing but white space from `start` to `end`, and one comma where there must be one. */
function isBetween(text: string, start: number, end: number, needsComma: boolean): boolean {
  if (end - start === (needsComma ? 1 : 0)) return !needsComma || text.charCodeAt(start) === COMMA;
  return (needsComma ? /^\s*,\s*$/ : /^\s*$/).test(text.slice(start, end));
}

function splitParsed(text: string, name: string): JsonItems {
  const { [name]: list, ...rest } = parsed(text);
  if (list === null || list === undefined) return { items: [], rest };
  if (!Array.isArray(list)) throw new SyntaxError(`${name} is no list`);
  return { items: list.map((item) => JSON.stringify(item) ?? "null"), rest };
}

function parsed(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SyntaxError("no object");
  return value as Record<string, unknown>;
}
