/** What parsers of bodies make, and the limits that they share. */
import type { Json } from "./json_value.ts";

/** A body that was read. */
export interface Parsed {
  readonly value: Json;
  /** Fields that are there more than once, as sentences; the last one counts. At most {@linkcode MAX_DUPLICATES}. */
  readonly duplicates: readonly string[];
}

/** How deep lists and objects may lie in each other. */
export const MAX_DEPTH = 1000;
export const MAX_DUPLICATES = 100;

/** A body cannot be read. The message is for the client. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
}

export function tooDeep(): MalformedError {
  return new MalformedError(`lists and objects lie in each other more than ${MAX_DEPTH} deep`);
}
