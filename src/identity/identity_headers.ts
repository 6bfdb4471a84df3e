/** What the front proxy says in headers about who is calling, read as the API server's own authenticator reads it. */
import type { RequestHeaderConfig } from "./request_header.ts";
import type { KubeUser } from "./user.ts";

/** Headers by lower-case name; all values of one, in order, duplicates kept. */
export type HeaderValues = ReadonlyMap<string, readonly string[]>;

/** Thrown for text that is no UTF-8: a name that would be changed on the way is nobody's. */
export class HeaderTextError extends Error {
  override readonly name = "HeaderTextError";
}

/**
 * Groups the flat list of names and values of `IncomingMessage.rawHeaders`. Never `headers`: Node joins the values of
 * repeated headers with commas there, which groups may contain.
 */
export function headerValues(rawHeaders: readonly string[]): HeaderValues {
  const values = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    const value = rawHeaders[index + 1]!;
    const earlier = values.get(name);
    if (earlier === undefined) values.set(name, [value]);
    else earlier.push(value);
  }
  return values;
}

/**
 * Who the headers speak of; undefined where they name nobody. Call it only for a front proxy that was verified.
 *
 * - user and UID: the first value of the first header that has one;
 * - groups: all values of all group headers that are not empty;
 * - extra: all values; the key is what follows the prefix, in lower case, percent-decoded where that is possible.
 *
 * @throws {HeaderTextError} for text that is not UTF-8
 */
export function userFromHeaders(headers: HeaderValues, config: RequestHeaderConfig): KubeUser | undefined {
  const name = firstValue(headers, config.usernameHeaders);
  if (name === "") return undefined;
  const uid = firstValue(headers, config.uidHeaders);
  const groups = config.groupHeaders.flatMap((header) => headers.get(header) ?? []).map(textOf)
    .filter((group) => group !== "");
  return { name, ...(uid === "" ? {} : { uid }), groups, extra: extraFrom(headers, config) };
}

function firstValue(headers: HeaderValues, names: readonly string[]): string {
  for (const name of names) {
    const value = textOf(headers.get(name)?.[0] ?? "");
    if (value !== "") return value;
  }
  return "";
}

function extraFrom(headers: HeaderValues, config: RequestHeaderConfig): Record<string, string[]> {
  const extra = new Map<string, string[]>();
  for (const prefix of config.extraHeaderPrefixes) {
    for (const [name, values] of headers) {
      if (!name.startsWith(prefix)) continue;
      const key = unescaped(name.slice(prefix.length));
      extra.set(key, [...extra.get(key) ?? [], ...values.map(textOf)]);
    }
  }
  // Not by assignment: a key may be named as a property that every object has.
  return Object.fromEntries(extra);
}

/** A key that is not encoded, or not well, is taken as it is. */
function unescaped(key: string): string {
  if (!key.includes("%")) return key;
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Node gives every byte of a header as one character; Kubernetes writes names as UTF-8. */
function textOf(value: string): string {
  const trimmed = value.replace(/^[ \t]+|[ \t]+$/g, "");
  // deno-lint-ignore no-control-regex -- all of ASCII
  if (/^[\x00-\x7f]*$/.test(trimmed)) return trimmed;
  try {
    return utf8.decode(Uint8Array.from(trimmed, byteOf));
  } catch (cause) {
    throw new HeaderTextError("a header that says who is calling is not UTF-8", { cause });
  }
}

function byteOf(character: string): number {
  const code = character.charCodeAt(0);
  if (code > 0xff) throw new RangeError("not one byte");
  return code;
}
