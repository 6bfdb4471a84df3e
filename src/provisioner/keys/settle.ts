/**
 * Brings the record up to what the Secret and Coder's list of keys say, without any call: finishes what a crash left half
 * done, and gives up intents that nobody wants any more.
 */
import { type Holder, holderOf, holds } from "./holder.ts";
import { released } from "./hold.ts";
import { refreshed } from "./homes.ts";
import { currentListing, keyOf, listed, strayKeys, withIntent, without } from "./listing.ts";
import { isOwnKeyName } from "./names.ts";
import { driftOf, type Need, needOf } from "./need.ts";
import type { Key, KeyEvent, KeyFacts, KeyIntent, KeyRecord } from "./types.ts";

/** The record as it should be, and what follows from it. */
export interface Settled {
  readonly record: KeyRecord;
  readonly holder: Holder;
  /** Why a new key is needed. */
  readonly need: Need | undefined;
  /** What is in the Secret may be ours; only a list of keys can tell. */
  readonly asksForListing: boolean;
  readonly events: readonly KeyEvent[];
}

/** Settles. The same facts always give the same, and settling what is settled changes nothing. */
export function settle(facts: KeyFacts): Settled {
  const { wanted, now, secret } = facts;
  const events: KeyEvent[] = [];
  let record = refresh(facts);
  if (!wanted.existingSecret) {
    record = rememberValue(record, holderOf(secret, record));
    record = promote(record, holderOf(secret, record), now);
    record = adopt({ ...facts, record }, holderOf(secret, record));
  }
  record = recognize({ ...facts, record });
  const holder = holderOf(secret, record);
  for (const stray of strayKeys({ ...facts, record }, holder)) {
    record = withIntent(record, stray);
    events.push({
      type: "Warning",
      reason: "KeyFound",
      message: `Provisioner key ${stray.name} is in Coder and on no record; it will be deleted`,
    });
  }
  if (wanted.rotate === undefined) record = { ...record, rotation: undefined };
  if (wanted.existingSecret && record.present !== undefined) {
    record = retire({ ...record, present: undefined }, record.present, now);
  }
  const need = needOf({ ...facts, record }, holder);
  record = dropUnwanted({ ...facts, record }, need);
  const settled = { ...facts, record };
  const asksForListing = isClaimable(settled, holder) && currentListing(settled) === undefined;
  return { record, holder, need, asksForListing, events };
}

/** The key with this name is in the Secret now: it is the present one, and the one before it has to go. */
export function promoted(record: KeyRecord, intent: KeyIntent, valueHash: string, now: Date): KeyRecord {
  const { step: _, since: _since, rotation, ...key } = intent;
  const time = now.toISOString();
  const rest: KeyRecord = { ...record, intents: without(record, intent.name) };
  const before = rest.present === undefined ? rest : retire(rest, rest.present, now);
  return {
    ...released(before, intent.home),
    present: { ...key, valueHash, createdAt: key.createdAt ?? time },
    rotation,
    changedAt: time,
  };
}

/** The key is not wanted any more; pods may use it yet. */
export function retire(record: KeyRecord, key: Key, now: Date): KeyRecord {
  return withIntent(record, { ...key, step: "Retiring", since: now.toISOString() });
}

function refresh({ record, wanted }: KeyFacts): KeyRecord {
  const intents = record.intents.map((intent) => refreshed(intent, wanted));
  return {
    ...record,
    ...record.present === undefined ? {} : { present: refreshed(record.present, wanted) },
    intents,
  };
}

/** A key of the Go operator: from now on a change of the Secret is seen. */
function rememberValue(record: KeyRecord, holder: Holder): KeyRecord {
  const { present } = record;
  if (present === undefined || present.valueHash !== undefined || !holds(holder, present)) return record;
  if (holder.held !== "key") return record;
  return { ...record, present: { ...present, valueHash: holder.valueHash } };
}

/** The Secret was written, and the crash came before the record was. */
function promote(record: KeyRecord, holder: Holder, now: Date): KeyRecord {
  const made = record.intents.find((intent) => intent.step !== "Retiring" && holds(holder, intent));
  if (made === undefined || holder.held !== "key") return record;
  return promoted(record, made, holder.valueHash, now);
}

/** The Secret holds a key of ours that is on no record: the record was lost, or is an older one. */
function isClaimable({ record, wanted }: Pick<KeyFacts, "record" | "wanted">, holder: Holder): boolean {
  if (wanted.existingSecret || holder.held !== "key") return false;
  const known = [record.present, ...record.intents].some((key) => holds(holder, key));
  return !known && isOwnKeyName(holder.name, wanted.uid);
}

function adopt(facts: KeyFacts, holder: Holder): KeyRecord {
  const { record, wanted, now } = facts;
  if (!isClaimable(facts, holder) || holder.held !== "key") return record;
  const found = listed(currentListing(facts), holder.name);
  if (found === undefined) return record;
  const before = record.present === undefined ? record : retire(record, record.present, now);
  return {
    ...before,
    present: { ...keyOf(found, wanted), valueHash: holder.valueHash },
    ...record.present === undefined ? { rotation: wanted.rotate } : {},
  };
}

/** What a list tells of the present key that was not known: the answer to its making names neither id nor time. */
function recognize(facts: KeyFacts): KeyRecord {
  const { record, wanted } = facts;
  const { present } = record;
  if (present === undefined || driftOf(present, wanted) !== undefined) return record;
  const found = listed(currentListing(facts), present.name);
  if (found === undefined || (present.id !== undefined && present.createdAt !== undefined)) return record;
  const { id = found.id, createdAt = found.created_at } = present;
  return { ...record, present: { ...present, id, createdAt } };
}

/**
 * A key that is being made and is not needed any more, or not in this form. Coder may have it, and a Secret that was
 * wanted before may, too: pods may use it.
 */
function dropUnwanted({ record, wanted, now }: KeyFacts, need: Need | undefined): KeyRecord {
  const making = record.intents.find(({ step }) => step === "Making");
  if (making === undefined) return record;
  if (need === undefined || driftOf(making, wanted) !== undefined) return retire(record, making, now);
  // Whatever it was begun for, it answers a request that came meanwhile.
  return making.rotation === wanted.rotate
    ? record
    : withIntent(record, { ...making, rotation: wanted.rotate });
}

/** Nobody can have the value of this key: it goes at once. */
export function undone(record: KeyRecord, intent: KeyIntent, now: Date): KeyRecord {
  return withIntent(record, { ...intent, step: "Undoing", since: now.toISOString() });
}
