/** Field selectors: `metadata.name=a,spec.running!=true`. */
import { badRequest } from "../status_errors.ts";

/** One term. */
export interface FieldTerm {
  readonly field: string;
  readonly isEqual: boolean;
  readonly value: string;
}

/** How the value of a field is read from an object; the empty string where there is none. */
export type FieldReaders<T> = Readonly<Record<string, (object: T) => string>>;

/** The terms of a selector. Backslashes escape `,`, `=` and `\`. @throws {StatusError} 400 */
export function parseFieldSelector(selector: string): FieldTerm[] {
  return splitUnescaped(selector, ",").filter((term) => term !== "").map(parseTerm);
}

/** A test for objects. @throws {StatusError} 400 where a field is none that can be selected by */
export function fieldMatcher<T>(
  terms: readonly FieldTerm[],
  readers: FieldReaders<T>,
): (object: T) => boolean {
  const tests = terms.map(({ field, isEqual, value }) => {
    const read = Object.hasOwn(readers, field) ? readers[field] : undefined;
    if (read === undefined) {
      const known = Object.keys(readers).sort().join(", ");
      throw badRequest(`field label not supported: ${JSON.stringify(field)}; there are ${known}`);
    }
    return (object: T) => (read(object) === value) === isEqual;
  });
  return (object) => tests.every((test) => test(object));
}

/** The value that a selector pins a field to; undefined where it does not, or where it cannot be read. Never throws. */
export function exactFieldValue(selector: string, field: string): string | undefined {
  try {
    const pinned = parseFieldSelector(selector).filter((term) => term.isEqual && term.field === field);
    return pinned[0]?.value;
  } catch {
    return undefined;
  }
}

function parseTerm(text: string): FieldTerm {
  for (let index = 0; index < text.length; index++) {
    if (text[index] === "\\") {
      index++;
      continue;
    }
    const operator = ["!=", "==", "="].find((candidate) => text.startsWith(candidate, index));
    if (operator === undefined) continue;
    const field = text.slice(0, index);
    return { field, isEqual: operator !== "!=", value: unescaped(text.slice(index + operator.length)) };
  }
  throw badRequest(`invalid field selector: ${JSON.stringify(text)} is none of field=value, field!=value`);
}

function unescaped(text: string): string {
  let result = "";
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (character === "\\") {
      const next = text[++index];
      if (next === undefined || !",=\\".includes(next)) {
        throw badRequest("invalid field selector: a backslash may stand before , = and \\ alone");
      }
      result += next;
    } else if (character === "=" || character === ",") {
      throw badRequest(`invalid field selector: write \\${character} for ${character} in a value`);
    } else result += character;
  }
  return result;
}

function splitUnescaped(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === "\\") index++;
    else if (text[index] === separator) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, text.slice(start)];
}
