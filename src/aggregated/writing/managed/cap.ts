/** A limit to the number of owners that only ever updated. */
import { compareText } from "./json.ts";
import { type Owner, ownerId, type Owners, secondsOf, withOwner } from "./owners.ts";

/** More owners that update than this are not kept apart. Who applies is never counted. */
export const MAX_UPDATERS = 10;
/** Whose the fields of those are that were merged. */
export const ANCIENT = "ancient-changes";

/** Merges the owners that updated longest ago, version by version, until there are few enough. */
export function capUpdaters(owners: Owners, max = MAX_UPDATERS): Owners {
  const updaters = [...owners].filter(([, { operation }]) => operation === "Update");
  if (updaters.length <= max) return owners;
  updaters.sort(([leftId, left], [rightId, right]) =>
    secondsOf(left) - secondsOf(right) || compareText(leftId, rightId)
  );
  let capped = owners;
  let count = updaters.length;
  // Merging takes two: the first of a version waits for the second.
  const waiting = new Map<string, Owner>();
  for (const [id, owner] of updaters) {
    if (count <= max) break;
    const bucket: Owner = { ...owner, manager: ANCIENT, subresource: "" };
    const first = waiting.get(owner.apiVersion);
    waiting.set(owner.apiVersion, bucket);
    if (first === undefined) {
      waiting.set(owner.apiVersion, owner);
      continue;
    }
    const bucketId = ownerId(bucket);
    const others = [ownerId(first), bucketId].map((other) => capped.get(other)).filter((found) =>
      found !== undefined
    );
    const fields = others.reduce((sum, other) => sum.union(other.fields), owner.fields);
    const left = new Map(capped);
    for (const merged of [id, ownerId(first)]) left.delete(merged);
    // The time is that of the youngest.
    capped = withOwner(left, { ...bucket, fields });
    count--;
  }
  return capped;
}
