/** Reads what others wrote, whatever its shape: nothing here throws. */

/** An object's properties; empty for all else. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Readonly<Record<string, unknown>>
    : {};
}

/** The elements of a list; empty for all else. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text; empty for all else. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A finite number, or 0. */
export function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** Texts of a list. */
export function texts(value: unknown): readonly string[] {
  return list(value).filter((one): one is string => typeof one === "string");
}

/** Properties that are texts; numbers are made texts, as in quantities. */
export function textRecord(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(record(value)).flatMap(([key, one]) =>
      typeof one === "string" || typeof one === "number" ? [[key, String(one)]] : []
    ),
  );
}

/** Milliseconds since 1970 of an RFC 3339 time; 0 for all else. */
export function time(value: unknown): number {
  const milliseconds = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isFinite(milliseconds) ? milliseconds : 0;
}
