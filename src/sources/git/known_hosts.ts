/** Which keys a server may have, as `known_hosts` of OpenSSH says. */
import { createHmac } from "node:crypto";

export interface KnownKeys {
  /** The key's format such as `ssh-ed25519`, and its bytes in base64. */
  readonly keys: readonly { readonly type: string; readonly key: string }[];
  /** Keys in base64 that are marked as stolen: never accepted. */
  readonly revoked: readonly string[];
}

/** The keys of one host. Lines that cannot be read, and authorities of certificates, are left out. */
export function knownKeys(text: string, host: string, port: number): KnownKeys {
  const names = port === 22 ? [host] : [`[${host}]:${port}`];
  const keys: { type: string; key: string }[] = [];
  const revoked: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "" || words[0]?.startsWith("#")) continue;
    const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
    const [patterns, type, key] = words;
    if (patterns === undefined || type === undefined || key === undefined) continue;
    if (!names.some((name) => isNamed(patterns, name))) continue;
    if (marker === "@revoked") revoked.push(key);
    else if (marker === undefined) keys.push({ type, key });
  }
  return { keys, revoked };
}

function isNamed(patterns: string, name: string): boolean {
  if (patterns.startsWith("|1|")) {
    const [, , salt = "", hash = ""] = patterns.split("|");
    return createHmac("sha1", bytesOf(salt)).update(name).digest("base64") === hash;
  }
  let found = false;
  for (const pattern of patterns.split(",")) {
    const isNot = pattern.startsWith("!");
    if (!isLike(name, isNot ? pattern.slice(1) : pattern)) continue;
    if (isNot) return false;
    found = true;
  }
  return found;
}

function isLike(name: string, pattern: string): boolean {
  const source = pattern.toLowerCase().replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(name);
}

function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64);
  } catch {
    return new Uint8Array();
  }
}

/** Algorithms of host keys that a key of this format can be proven with. RSA with SHA-1 is left out. */
export function algorithmsFor({ keys }: KnownKeys): string[] {
  const all = keys.flatMap(({ type }) => type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type]);
  return [...new Set(all)];
}
