/**
 * FNV-1a, the hash that the Go operator shortens names with. It is not a cryptographic hash: it keeps names compatible,
 * it guards nothing.
 */

const utf8 = new TextEncoder();

/** What can be hashed: text is hashed as its UTF-8 bytes. */
export type Hashable = string | Uint8Array;

function bytesOf(input: Hashable): Uint8Array {
  return typeof input === "string" ? utf8.encode(input) : input;
}

/** FNV-1a, 32 bits, as 8 lower-case hexadecimal digits. */
export function h32(input: Hashable): string {
  let hash = 0x811c9dc5;
  for (const byte of bytesOf(input)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** FNV-1a, 64 bits, as 16 lower-case hexadecimal digits. */
export function h64(input: Hashable): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytesOf(input)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

/** Joins parts with one zero byte between them, so that `("ab", "c")` and `("a", "bc")` differ. */
export function joined(...parts: readonly string[]): string {
  return parts.join("\0");
}

/** The hash of a map, independent of the order of its keys: the Go operator's `status.tagsHash`. */
export function tagsHash(tags: Readonly<Record<string, string>>): string {
  const keys = Object.keys(tags).sort(compareBytes);
  return h32(keys.map((key) => `${key}\0${tags[key] ?? ""}\0`).join(""));
}

/** Orders by UTF-8 bytes, as Go sorts strings; JavaScript's own order differs beyond the basic plane. */
function compareBytes(left: string, right: string): number {
  const a = utf8.encode(left);
  const b = utf8.encode(right);
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
