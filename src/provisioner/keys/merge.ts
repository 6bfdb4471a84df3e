/** Two writers of one record: what neither may lose are the names of keys. */
import { canonicalJson } from "../../kube/apply/canonical_json.ts";
import { withIntent } from "./listing.ts";
import { sameName } from "./names.ts";
import type { Hold, Key, KeyIntent, KeyRecord } from "./types.ts";

/** The three sides. */
export interface RecordSides {
  /** As the pass read it. */
  readonly base: KeyRecord;
  /** As the pass left it. */
  readonly mine: KeyRecord;
  /** As it is stored now. */
  readonly theirs: KeyRecord;
}

/**
 * The record to store. Where nobody else wrote, it is that of the pass. Otherwise the other writer's, who knew more, with
 * the keys that only the pass knows of as retiring ones: they are deleted when nothing uses them, and what the Secret
 * holds says which is the present one.
 */
export function mergeRecords({ base, mine, theirs }: RecordSides): KeyRecord {
  if (canonicalJson(base) === canonicalJson(theirs)) return mine;
  if (canonicalJson(base) === canonicalJson(mine)) return theirs;
  const known = [...keysOf(base), ...keysOf(theirs)];
  const merged = keysOf(mine)
    .filter((key) => !known.some((one) => sameName(one.name, key.name)))
    .reduce((record, key) => withIntent(record, asRetiring(key)), theirs);
  return { ...merged, changedAt: later(mine.changedAt, theirs.changedAt), holds: latest(mine, theirs) };
}

/** Of each deployment the hold that lasts longest. */
function latest(mine: KeyRecord, theirs: KeyRecord): Hold[] {
  const byHome = new Map<string, Hold>();
  for (const hold of [...theirs.holds, ...mine.holds]) {
    const known = byHome.get(hold.home);
    if (later(known?.notBefore, hold.notBefore) === hold.notBefore) byHome.set(hold.home, hold);
  }
  return [...byHome.values()];
}

function keysOf({ present, intents }: KeyRecord): (Key | KeyIntent)[] {
  return [...present === undefined ? [] : [present], ...intents];
}

function asRetiring(key: Key | KeyIntent): KeyIntent {
  return { ...key, step: "Retiring", since: "since" in key ? key.since : key.createdAt ?? EPOCH };
}

function later(left: string | undefined, right: string | undefined): string | undefined {
  return Date.parse(left ?? EPOCH) > Date.parse(right ?? EPOCH) ? left : right;
}

const EPOCH = "1970-01-01T00:00:00Z";
