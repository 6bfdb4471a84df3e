/** The names of keys in Coder. Every new key has a new one, so that an old and a new key can be there at once. */
import { createHash } from "node:crypto";
import { h32 } from "../../workload/hash.ts";
import { provisionerKeyName } from "../../workload/names.ts";

/** Coder refuses longer names. */
export const MAX_KEY_NAME = 64;

const MARK_LENGTH = 6;
const RANDOM_LENGTH = 5;
const SUFFIX_LENGTH = 1 + MARK_LENGTH + 1 + RANDOM_LENGTH;
const DIGITS = "abcdefghijkmnpqrstuvwxyz23456789";

const utf8 = new TextEncoder();

/**
 * `<base>-<mark>-<random>`: the mark comes from the provisioner's UID, so that keys whose record was lost are still known
 * as its own. A base that is too long is cut, and its hash keeps it apart from others.
 *
 * @param random numbers in [0, 1)
 */
export function newKeyName(baseName: string, uid: string, random: () => number): string {
  const tail = Array.from({ length: RANDOM_LENGTH }, () => DIGITS[Math.floor(random() * DIGITS.length)]);
  return `${prefixOf(baseName, uid)}${tail.join("")}`;
}

/** True where the provisioner with this UID made the key, whatever base it had then. */
export function isOwnKeyName(name: string, uid: string): boolean {
  return new RegExp(`-${markOf(uid)}-[${DIGITS}]{${RANDOM_LENGTH}}$`, "i").test(name);
}

/** True where a key of this name is what is wanted: one of ours with this base, or the plain name of the Go operator. */
export function fitsBaseName(name: string, baseName: string, uid: string): boolean {
  if (sameName(name, provisionerKeyName(baseName))) return true;
  return isOwnKeyName(name, uid) &&
    sameName(name.slice(0, -RANDOM_LENGTH), prefixOf(baseName, uid));
}

/** Coder tells names apart without regard to case. */
export function sameName(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

function prefixOf(baseName: string, uid: string): string {
  return `${fitted(baseName, MAX_KEY_NAME - SUFFIX_LENGTH)}-${markOf(uid)}-`;
}

function markOf(uid: string): string {
  const bytes = createHash("sha256").update(uid).digest();
  return Array.from(bytes.subarray(0, MARK_LENGTH), (byte) => DIGITS[byte % DIGITS.length]).join("");
}

function fitted(name: string, max: number): string {
  if (utf8.encode(name).length <= max) return name;
  const hash = h32(name);
  let head = name;
  while (utf8.encode(head).length > max - hash.length - 1) head = [...head].slice(0, -1).join("");
  return `${head}-${hash}`;
}
