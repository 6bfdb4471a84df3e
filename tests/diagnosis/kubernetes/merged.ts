/** Specs of several failures in one. */

/** A new value with the fields of both: objects are merged, lists go one after the other, else the second one wins. */
export function merged(one: object, two: object): Record<string, unknown> {
  const result: Record<string, unknown> = { ...one };
  for (const [key, value] of Object.entries(two)) {
    const before = result[key];
    if (Array.isArray(before) && Array.isArray(value)) result[key] = joined(before, value);
    else result[key] = isObject(before) && isObject(value) ? merged(before, value) : value;
  }
  return result;
}

/** Elements of the same name are one: containers, say. */
function joined(one: readonly unknown[], two: readonly unknown[]): unknown[] {
  const result = [...one];
  for (const element of two) {
    const at = result.findIndex((other) => nameOf(other) !== undefined && nameOf(other) === nameOf(element));
    if (at < 0) result.push(element);
    else result[at] = merged(result[at] as object, element as object);
  }
  return result;
}

function nameOf(value: unknown): unknown {
  return isObject(value) ? (value as { name?: unknown }).name : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
