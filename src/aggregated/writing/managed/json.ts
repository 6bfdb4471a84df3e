/** What the values of an object are made of, and how they are written and compared. */

/** A value of a document: as `JSON.parse` gives it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export interface JsonMap {
  readonly [key: string]: Json;
}

export function isMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** Whether two values are the same; the order of keys does not count. An absent value equals only itself. */
export function isEqual(left: unknown, right: unknown): boolean {
  if (Object.is(left, right) || left === right) return true;
  if (isList(left)) {
    return isList(right) && left.length === right.length &&
      left.every((item, index) => isEqual(item, right[index]));
  }
  if (!isMap(left) || !isMap(right)) return false;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && isEqual(left[key], right[key]));
}

/** The value of a key that the map itself has: never one that all objects inherit. */
export function own(map: JsonMap | undefined, key: string): Json | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}

/** A map of entries. A key such as `__proto__` is a key like all others. */
export function mapOf(entries: Iterable<readonly [string, Json]>): JsonMap {
  return Object.fromEntries(entries);
}

/** The order of bytes in UTF-8, which is that of Go's strings; `<` of JavaScript goes by UTF-16. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    if (left[at] === right[at]) continue;
    const [a, b] = [left.charCodeAt(at), right.charCodeAt(at)];
    // Halves of characters beyond U+FFFF come after all that need no halves.
    if (isHalf(a) !== isHalf(b)) return isHalf(a) ? 1 : -1;
    return a < b ? -1 : 1;
  }
  return left.length < right.length ? -1 : 1;
}

function isHalf(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

const ESCAPED = /[<>&\u2028\u2029]/g;

/** As Go's encoder writes it: keys in order, and no character that means something in HTML. */
export function goJson(value: Json): string {
  return JSON.stringify(sorted(value)).replace(
    ESCAPED,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function sorted(value: Json): Json {
  if (isList(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  // Keys that look like numbers come first in objects of JavaScript, whatever the order of insertion; names of fields
  // do not look so, and where one does the text is another way to say the same.
  return mapOf(Object.keys(value).sort(compareText).map((key) => [key, sorted(value[key]!)] as const));
}
