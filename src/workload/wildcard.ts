/** Patterns in which `*` stands for any characters, none included. */

/** Whether `value` as a whole is what `pattern` says. Takes no longer than their lengths multiplied. */
export function matchesWildcard(pattern: string, value: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return first === value;
  if (!value.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = value.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return value.length - last.length >= at && value.endsWith(last);
}
