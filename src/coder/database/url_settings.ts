/**
 * Connection settings of a PostgreSQL URL, as Coder takes it: Go's URL syntax, and where a password was not
 * percent-encoded, the repair that Coder tries.
 */
import { invalidAddress } from "./errors.ts";

const SCHEME = /^postgres(?:ql)?:\/\//;
const USER_INFO = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;
/** A host, or an IPv6 address in brackets, then perhaps a port. */
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[^[\]:%<>"\\^`{|}\s]*)(?::(\d*))?$/;
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Whether a text is a URL; anything else is a list of `key=value`. */
export function isPostgresUrl(text: string): boolean {
  return SCHEME.test(text);
}

/** Reads a PostgreSQL URL. @throws {DatabaseError} `invalidAddress`, without any part of the URL */
export function urlSettings(url: string): Map<string, string> {
  if (CONTROL.test(url)) throw invalidAddress("it has a control character, such as the end of a line, in it");
  const settings = parse(url) ?? parse(repaired(url));
  if (settings) return settings;
  throw invalidAddress(
    "its user, password, host or port cannot be told apart; name one host, and write special characters as %XX",
  );
}

/** Undefined where Go's parser finds the user or the port invalid: then Coder repairs the password. */
function parse(url: string): Map<string, string> | undefined {
  if (!isPostgresUrl(url)) return undefined;
  const [withoutFragment, fragment] = cut(url.replace(SCHEME, ""), "#");
  const [beforeQuery, query] = cut(withoutFragment, "?");
  const [authority, path] = cut(beforeQuery, "/");
  const at = authority.lastIndexOf("@");
  const userInfo = authority.slice(0, Math.max(0, at));
  const [, host, port = ""] = HOST.exec(authority.slice(at + 1)) ?? [];
  if (!USER_INFO.test(userInfo) || host === undefined) return undefined;
  if (`${path}${fragment}${at < 0 ? "" : query}`.includes("@")) {
    // A password with @ and / in it, cut in pieces: host and database would be parts of it, and told in messages.
    throw invalidAddress(
      "there is an @ behind the host; write special characters in the password as %XX, @ as %40",
    );
  }
  const [user, password] = cut(userInfo, ":");

  const settings = new Map<string, string>();
  const add = (key: string, value: string) => void (value === "" || settings.set(key, value));
  add("user", decode(user));
  add("password", decode(password));
  add("host", host.replace(/^\[(.*)\]$/, "$1"));
  add("port", port);
  add("dbname", decode(path));
  for (const [key, value] of queryPairs(query)) add(key, value);
  return settings;
}

/** The first value of each key; what is not well-formed is left out, as Go does. */
function queryPairs(query: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of query.split("&")) {
    if (pair.includes(";")) continue;
    const [key, value] = cut(pair.replaceAll("+", " "), "=");
    try {
      const name = decodeURIComponent(key);
      if (!pairs.has(name)) pairs.set(name, decodeURIComponent(value));
    } catch {
      continue;
    }
  }
  return pairs;
}

/** Percent-encodes the password: what is between the last colon and the first `@`. */
function repaired(url: string): string {
  const [start, rest] = cut(url, "@");
  const colon = start.lastIndexOf(":");
  if (start.length === url.length || start.startsWith("//", colon + 1)) return "";
  const password = encodeURIComponent(start.slice(colon + 1))
    .replace(/%(?:24|26|2B|3D|3A|40)/g, decodeURIComponent)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${start.slice(0, colon + 1)}${password}@${rest}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidAddress(
      "it has a % that no two hexadecimal digits follow, or that is no UTF-8; write % as %25",
    );
  }
}

/** What is before and after the first `separator`. */
function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
