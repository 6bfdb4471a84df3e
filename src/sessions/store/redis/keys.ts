/** Names of keys: what callers choose is hashed, so that keys are short and say nothing of anybody. */
import { createHash } from "node:crypto";
import { isOpen, OPEN_STATES, type SessionRecord, type SessionState } from "../../types.ts";
import type { SessionFilter } from "../types.ts";

/** Grows when what is kept is kept in another way: coordinators of both do not meet then. */
export const LAYOUT = "v1";

/** So long after its end whatever is kept goes by itself, where no coordinator is there to remove it, in milliseconds. */
export const MARGIN_MS = 7 * 24 * 3_600_000;

/** @param prefix as it is set: `coder-k8s:sessions:` */
export function keyPrefix(prefix: string): string {
  return `${prefix}${LAYOUT}:`;
}

/** 132 bits of what it is for. */
export function hashOf(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 22);
}

/** How long something is to be kept, for scripts. @param now milliseconds since 1970 */
export function keepFor(expiresAt: number, now: number): string {
  return String(Math.ceil(Math.max(0, expiresAt - now)) + MARGIN_MS);
}

/** The key of an open one's name; empty while it is not open. */
export function nameKey(record: Pick<SessionRecord, "owner" | "name" | "state">): string {
  return isOpen(record) ? `q:${hashOf(record.owner, record.name)}` : "";
}

export function openKey(owner: string): string {
  return `c:${hashOf(owner)}`;
}

export function stateKey(state: SessionState): string {
  return `s:${state}`;
}

/** The indexes that a record is in. */
export function indexesOf(record: SessionRecord): readonly string[] {
  const { owner, name, workerId, state, labels } = record;
  return [
    "a",
    stateKey(state),
    `o:${hashOf(owner)}`,
    ...(isOpen(record) ? [openKey(owner)] : []),
    `k:${hashOf(workerId)}`,
    `n:${hashOf(name)}`,
    ...Object.entries(labels).map(([key, value]) => `l:${hashOf(key, value)}`),
  ];
}

/** Where to look for what a filter asks for; it may be more than is meant, and is never all where less will do. */
export interface Lookup {
  /** `get`: the one of a name; else those in `all` or in `any` of the indexes. */
  readonly how: "get" | "all" | "any";
  readonly keys: readonly string[];
}

export function lookupOf({ owner, workerId, states, name, labels }: SessionFilter): Lookup {
  const wantsOpen = states?.every((state) => OPEN_STATES.includes(state)) ?? false;
  if (owner !== undefined && name !== undefined && wantsOpen) {
    return { how: "get", keys: [nameKey({ owner, name, state: "ready" })] };
  }
  const keys = [
    ...(owner === undefined ? [] : [wantsOpen ? openKey(owner) : `o:${hashOf(owner)}`]),
    ...(workerId === undefined ? [] : [`k:${hashOf(workerId)}`]),
    ...(name === undefined ? [] : [`n:${hashOf(name)}`]),
    ...Object.entries(labels ?? {}).map(([key, value]) => `l:${hashOf(key, value)}`),
    ...(states?.length === 1 ? states.map(stateKey) : []),
  ];
  if (keys.length > 0) return { how: "all", keys };
  return states === undefined ? { how: "all", keys: ["a"] } : { how: "any", keys: states.map(stateKey) };
}
