/** One text for one value, whatever the order of its keys. */
import { createHash } from "node:crypto";

/** The JSON of plain data without white space, keys sorted by code unit at every level, undefined fields left out. */
export function canonicalJson(value: unknown): string {
  return write(value) ?? "null";
}

/** The first 16 hexadecimal digits of the SHA-256 of the canonical JSON: stable, short, not for security. */
export function shortHash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, 16);
}

/** By hand: `JSON.stringify` with a function to sort the keys takes several times as long. */
function write(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => write(item) ?? "null").join(",")}]`;
  const fields = value as Record<string, unknown>;
  let text = "";
  for (const key of Object.keys(fields).sort()) {
    const field = write(fields[key]);
    if (field !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${field}`;
  }
  return `{${text}}`;
}
