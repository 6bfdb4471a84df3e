/** One page of a listing: what is selected, where it begins, how much of it. */
import { compareKeys, keyOf, type KubeObject, type ObjectKey } from "../../../api/object.ts";
import { writeContinueToken } from "../query/continue_token.ts";
import type { ListOptions } from "../query/list_options.ts";
import type { Listing } from "../storage.ts";
import type { TableHead } from "./table.ts";

export interface Page<T> {
  /** The array of the listing itself, where the page is all of it. */
  readonly items: readonly T[];
  readonly head: TableHead;
}

/** @param selects absent: everything */
export function pageOf<T extends KubeObject>(
  listing: Listing<T>,
  options: ListOptions,
  selects: ((object: T) => boolean) | undefined,
): Page<T> {
  const { limit, continue: token } = options;
  // All pages of a list have the version of the first: whoever watches from it misses no change between two pages.
  const resourceVersion = token?.resourceVersion ?? listing.resourceVersion;
  const from = token === undefined ? 0 : indexAfter(listing.items, token.after);
  if (selects === undefined && from === 0 && (limit === undefined || limit >= listing.items.length)) {
    return { items: listing.items, head: { resourceVersion } };
  }
  const { items, isLast } = take(listing.items, from, limit ?? Infinity, selects);
  const last = items.at(-1);
  if (isLast || last === undefined) return { items, head: { resourceVersion } };
  return {
    items,
    head: {
      resourceVersion,
      continue: writeContinueToken({ resourceVersion, after: keyOf(last) }),
      // With selectors the rest would have to be looked at to be counted; Kubernetes leaves it out then, too.
      ...(selects === undefined ? { remainingItemCount: listing.items.length - from - items.length } : {}),
    },
  };
}

function take<T>(
  all: readonly T[],
  from: number,
  limit: number,
  selects: ((object: T) => boolean) | undefined,
): { items: readonly T[]; isLast: boolean } {
  if (selects === undefined) {
    return { items: all.slice(from, from + limit), isLast: from + limit >= all.length };
  }
  const items: T[] = [];
  for (let index = from; index < all.length; index++) {
    const object = all[index]!;
    if (!selects(object)) continue;
    if (items.length === limit) return { items, isLast: false };
    items.push(object);
  }
  return { items, isLast: true };
}

/** Where the objects behind `key` begin, in a listing in its order. */
function indexAfter(items: readonly KubeObject[], key: ObjectKey): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keyOf(items[middle]!), key) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
