/** Equality of JSON data. */

/** True where both hold the same JSON: the order of keys does not matter, and a key with `undefined` is no key. */
export function sameData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameData(item, b[index]));
  }
  if (Array.isArray(b)) return false;
  return within(a, b) && within(b, a, true);
}

/** True where every key of `a` has the same value in `b`; with `presence` only that it has one. */
function within(a: object, b: object, presence = false): boolean {
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key of Object.keys(left)) {
    if (left[key] === undefined) continue;
    if (!Object.hasOwn(right, key)) return false;
    if (presence ? right[key] === undefined : !sameData(left[key], right[key])) return false;
  }
  return true;
}
