/** Any value as plain JSON data, bounded in size, with secrets taken out on the way. */
import { REDACTED } from "./redaction_patterns.ts";

/** How {@linkcode plain} treats what it finds. */
export interface PlainOptions {
  /** Keep the stacks of errors. */
  stacks: boolean;
  /** Runs on every string and every key. */
  text: (text: string) => string;
  /** Says which fields lose their value. */
  isSecretName: (name: string, value: unknown) => boolean;
}

const DEEPEST = 8;
const MOST_ITEMS = 100;
const LONGEST_TEXT = 16_384;

/**
 * Copies `value`. Never throws and never returns a cycle: what cannot be shown is named in square brackets. Nesting is
 * cut at 8 levels, lists and objects at 100 entries, strings at 16,384 characters (after redaction, so that a cut
 * never hides half a secret from it).
 */
export function plain(value: unknown, options: PlainOptions): unknown {
  return copy(value, options, [], false);
}

function copy(value: unknown, options: PlainOptions, path: object[], secret: boolean): unknown {
  switch (typeof value) {
    case "string":
      return secret ? REDACTED : clip(options.text(value));
    case "number":
    case "bigint": {
      const text = String(value);
      if (options.text(text) !== text) return REDACTED;
      return typeof value === "bigint" || !Number.isFinite(value) ? text : value;
    }
    case "boolean":
      return value;
    case "undefined":
      return undefined;
    case "object":
      return value === null ? null : copyObject(value, options, path, secret);
    default:
      return `[${typeof value}]`;
  }
}

function copyObject(value: object, options: PlainOptions, path: object[], secret: boolean): unknown {
  if (path.includes(value)) return "[circular]";
  if (path.length >= DEEPEST) return "[too deep]";
  const deeper = [...path, value];
  const inner = (item: unknown, hidden = secret) => copy(item, options, deeper, hidden);
  try {
    if (value instanceof Error) return copyError(value, options, inner);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
    if (value instanceof URL) return inner(value.href);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (value instanceof Map) return copyEntries(value.entries(), value.size, options, inner, secret);
    if (value instanceof Headers) return copyEntries(value.entries(), Infinity, options, inner, secret);
    if (value instanceof Set) return copyList([...value], inner);
    if (Array.isArray(value)) return copyList(value, inner);
    if ("toJSON" in value && typeof value.toJSON === "function") return inner(value.toJSON());
    return copyEntries(Object.entries(value), Object.keys(value).length, options, inner, secret);
  } catch {
    // A getter or toJSON of foreign making threw: its message could be anything, so it is not shown.
    return "[unreadable]";
  }
}

function copyError(
  error: Error,
  options: PlainOptions,
  inner: (item: unknown, hidden?: boolean) => unknown,
): unknown {
  const shown: Record<string, unknown> = { name: inner(error.name), message: inner(error.message) };
  for (const [key, value] of Object.entries(error)) {
    if (key === "name" || key === "message" || key === "stack" || key === "cause" || key === "errors") {
      continue;
    }
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      shown[options.text(key)] = inner(value, options.isSecretName(key, value));
    }
  }
  if (options.stacks && typeof error.stack === "string") shown["stack"] = inner(error.stack);
  if (error instanceof AggregateError) shown["errors"] = inner(error.errors);
  if (error.cause !== undefined) shown["cause"] = inner(error.cause);
  return shown;
}

function copyEntries(
  entries: Iterable<readonly [unknown, unknown]>,
  size: number,
  options: PlainOptions,
  inner: (item: unknown, hidden?: boolean) => unknown,
  secret: boolean,
): Record<string, unknown> {
  // No prototype: a field called __proto__ is a field like any other.
  const shown: Record<string, unknown> = Object.create(null);
  let count = 0;
  for (const [key, value] of entries) {
    if (count++ >= MOST_ITEMS) {
      shown["…"] = Number.isFinite(size) ? `${size - MOST_ITEMS} more` : "more";
      break;
    }
    const name = String(key);
    const copied = inner(value, secret || options.isSecretName(name, value));
    if (copied !== undefined) shown[options.text(name)] = copied;
  }
  return shown;
}

function copyList(list: readonly unknown[], inner: (item: unknown) => unknown): unknown[] {
  const shown = list.slice(0, MOST_ITEMS).map((item) => inner(item) ?? null);
  if (list.length > MOST_ITEMS) shown.push(`[${list.length - MOST_ITEMS} more]`);
  return shown;
}

function clip(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  return `${text.slice(0, LONGEST_TEXT)}[${text.length - LONGEST_TEXT} more characters]`;
}
