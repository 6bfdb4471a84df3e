/** Acting as somebody at the API server: whom we may speak for, and the headers that say so. */
import { AUTHENTICATED_GROUP, type KubeUser } from "./user.ts";

/** Somebody whom we must not speak for. The message is for the caller. */
export class ImpersonationError extends Error {
  override readonly name = "ImpersonationError";
}

const SYSTEM = "system:";
const SERVICE_ACCOUNTS = "system:serviceaccounts";
/** A namespace is a DNS label, a name a DNS subdomain. */
const SERVICE_ACCOUNT =
  /^system:serviceaccount:([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?):[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
/** Longer ones are nobody's; they would go into the headers of every call. */
const MAX_TEXT = 1_024;
const MAX_GROUPS = 1_000;
const MAX_EXTRA = 100;

/**
 * Why we must not speak for somebody whom another than the API server has named; undefined where we may. Names of the
 * system are refused: whoever chooses what users are called elsewhere would choose who is an administrator here. Service
 * accounts are let through, with the groups that they have.
 */
export function objectionTo({ name, uid = "", groups, extra }: KubeUser): string | undefined {
  const namespace = SERVICE_ACCOUNT.exec(name)?.[1];
  if (name === "") return "it has no name";
  if (name.startsWith(SYSTEM) && namespace === undefined) {
    return `the user ${JSON.stringify(name)} is one of the system's`;
  }
  if (groups.length > MAX_GROUPS) return `it has more than ${MAX_GROUPS} groups`;
  for (const group of groups) {
    if (group === "") return "one of its groups has no name";
    if (!group.startsWith(SYSTEM) || group === AUTHENTICATED_GROUP) continue;
    const isOwn = namespace !== undefined &&
      (group === SERVICE_ACCOUNTS || group === `${SERVICE_ACCOUNTS}:${namespace}`);
    if (!isOwn) return `the group ${JSON.stringify(group)} is one of the system's`;
  }
  const extras = Object.entries(extra);
  if (extras.length > MAX_EXTRA) return `it has more than ${MAX_EXTRA} keys of extra`;
  if (extras.some(([key]) => key === "")) return "one of its keys of extra is empty";
  const texts = [name, uid, ...groups, ...extras.flatMap(([key, values]) => [key, ...values])];
  return texts.every(isPlain) ? undefined : "it has a text that no header can carry as it is";
}

/**
 * The headers by which the API server takes a call for somebody's, under lower-case names.
 *
 * @throws {ImpersonationError} for whom we must not speak
 */
export function impersonationHeaders(user: KubeUser): Record<string, string | string[]> {
  const objection = objectionTo(user);
  if (objection !== undefined) {
    throw new ImpersonationError(`nobody is impersonated as this user: ${objection}`);
  }
  const { name, uid, groups, extra } = user;
  const headers: Record<string, string | string[]> = { "impersonate-user": bytes(name) };
  if (uid !== undefined && uid !== "") headers["impersonate-uid"] = bytes(uid);
  if (groups.length > 0) headers["impersonate-group"] = groups.map(bytes);
  for (const [key, values] of Object.entries(extra)) {
    if (values.length > 0) headers[`impersonate-extra-${escapedKey(key)}`] = values.map(bytes);
  }
  return headers;
}

/** The API server cuts white space off, and would then know somebody else. */
function isPlain(text: string): boolean {
  // deno-lint-ignore no-control-regex -- exactly these are refused
  return text.length <= MAX_TEXT && text.isWellFormed() && !/[\x00-\x1f\x7f]/.test(text) &&
    text.trim() === text;
}

/** Names of headers have no case: upper-case letters are encoded, too. */
function escapedKey(key: string): string {
  return [...new TextEncoder().encode(key)].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[a-z0-9!#$&'*+.^_`|~-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

const encoder = new TextEncoder();

/** Kubernetes writes UTF-8; Node makes each character of a header one byte. */
function bytes(text: string): string {
  // deno-lint-ignore no-control-regex -- all of ASCII
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  return Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join("");
}
