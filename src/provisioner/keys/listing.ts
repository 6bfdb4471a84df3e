/** What a list of keys says about the present one, and about keys that nobody knows of any more. */
import { hasTags, tagsHash } from "./hashes.ts";
import { type Holder, holds } from "./holder.ts";
import { isOwnKeyName, sameName } from "./names.ts";
import type { Key, KeyFacts, KeyIntent, KeyListing, KeyRecord, KeyWanted } from "./types.ts";

/** One key of a list. */
export type ListedKey = KeyListing["keys"][number];

/**
 * How long a key that no list has ever shown is believed to be there, in milliseconds: a token that may make keys and not
 * see them would otherwise make new ones for ever.
 */
export const UNSEEN_MS = 10 * 60_000;

/** The listing, where it is newer than the last change that we made. */
export function currentListing({ listing, record }: Pick<KeyFacts, "listing" | "record">) {
  if (listing === undefined || record.changedAt === undefined) return listing;
  const changed = Date.parse(record.changedAt);
  return changed >= listing.takenAt ? undefined : listing;
}

/** The key with this name. */
export function listed(listing: KeyListing | undefined, name: string): ListedKey | undefined {
  return listing?.keys.find((key) => sameName(key.name, name));
}

/** What has happened to the present key. Undefined: nothing, or nobody knows. `listing` is a current one. */
export function damageOf(
  present: Key,
  listing: KeyListing | undefined,
  { tags }: Pick<KeyWanted, "tags">,
  now: Date,
): "KeyGone" | "KeyAltered" | undefined {
  if (listing === undefined) return undefined;
  const found = listed(listing, present.name);
  if (found !== undefined) {
    const other = present.id !== undefined && present.id !== found.id;
    return other || !hasTags(found.tags, tags) ? "KeyAltered" : undefined;
  }
  const age = now.getTime() - Date.parse(present.createdAt ?? "");
  return present.id === undefined && age < UNSEEN_MS ? undefined : "KeyGone";
}

/** A listed key as one of ours. */
export function keyOf(found: ListedKey, { organization, home }: KeyWanted): Key {
  return {
    name: found.name,
    id: found.id,
    organization,
    tagsHash: tagsHash(found.tags),
    createdAt: found.created_at,
    home,
  };
}

/** Keys of this provisioner that are on no record: their record was lost, or a request for them came late to Coder. */
export function strayKeys(
  { record, wanted, listing, now }: Pick<KeyFacts, "record" | "wanted" | "listing" | "now">,
  holder: Holder,
): KeyIntent[] {
  const known = [record.present, ...record.intents];
  return (currentListing({ listing, record })?.keys ?? [])
    .filter(({ name }) => isOwnKeyName(name, wanted.uid))
    .filter((key) => !holds(holder, key) && !known.some((one) => one && sameName(one.name, key.name)))
    .map((key) => ({ ...keyOf(key, wanted), step: "Retiring", since: now.toISOString() }));
}

/** Replaces the key of the same name, or adds it. */
export function withIntent(record: KeyRecord, intent: KeyIntent): KeyRecord {
  return { ...record, intents: [...without(record, intent.name), intent] };
}

/** The intents without the one of this name. */
export function without({ intents }: KeyRecord, name: string): KeyIntent[] {
  return intents.filter((intent) => !sameName(intent.name, name));
}
