/** One text for one value, whatever the order of its keys. */
import { createHash } from "node:crypto";

/** JSON without white space, keys sorted by code unit at every level; what `JSON.stringify` leaves out is left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, sortKeys) ?? "null";
}

/** The first 16 hexadecimal digits of the SHA-256 of the canonical JSON: stable, short, not for security. */
export function shortHash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, 16);
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
