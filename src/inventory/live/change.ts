/** Changes of objects, as watchers are told them. */
import { keyOf, keyText, type KubeObject } from "../../api/object.ts";

/** What a change is to a watcher who comes from another replica. */
interface Doubt {
  /**
   * The watcher may know a state of the object that was never seen here: if it does not want to see what the object is
   * now, it has to be told that it is gone, whatever was before.
   */
  readonly isUnsure?: true;
}

/** What there was before a change. */
interface Before<T> extends Doubt {
  readonly before: T;
}

/** One change. Never changes itself. */
export type Change<T> =
  | { readonly type: "ADDED"; readonly object: T } & Doubt
  | { readonly type: "MODIFIED"; readonly object: T } & Before<T>
  /** The last state; its resource version is that of the deletion. */
  | { readonly type: "DELETED"; readonly object: T } & Before<T>;

/** What has become of one object. */
interface Fate<T> {
  readonly first: Change<T>;
  readonly last: Change<T>;
  /** The last end that it came to. */
  readonly end: Change<T> & { type: "DELETED" } | undefined;
}

/**
 * What to tell a watcher who may have seen any part of `changes` already, by another replica: of each object what it is at
 * the end, so that nobody is led back to an older state.
 *
 * @param again gives an object a version above all that the watcher may know
 */
export function forLateWatchers<T extends KubeObject>(
  changes: readonly Change<T>[],
  again: (object: T) => T,
): Change<T>[] {
  const fates = new Map<string, Fate<T>>();
  for (const change of changes) {
    const key = keyText(keyOf(change.object));
    const { first = change, end } = fates.get(key) ?? {};
    // In the order of the last changes.
    fates.delete(key);
    fates.set(key, { first, last: change, end: change.type === "DELETED" ? change : end });
  }
  return [...fates.values()].flatMap((fate) => tell(fate, again));
}

function tell<T extends KubeObject>({ first, last, end }: Fate<T>, again: (object: T) => T): Change<T>[] {
  if (last.type === "DELETED") return [ended(last, again)];
  if (end !== undefined && end.object.metadata.uid !== last.object.metadata.uid) {
    return [ended(end, again), { type: "ADDED", object: again(last.object), isUnsure: true }];
  }
  if (first.type === "ADDED" || last.type === "ADDED") {
    return [{ type: "ADDED", object: again(last.object), isUnsure: true }];
  }
  return [{ type: "MODIFIED", object: again(last.object), before: last.before, isUnsure: true }];
}

function ended<T>({ object, before }: Change<T> & { type: "DELETED" }, again: (object: T) => T): Change<T> {
  return { type: "DELETED", object: again(object), before, isUnsure: true };
}

/** See {@linkcode Doubt.isUnsure}. */
export function unsure<T>(change: Change<T>): Change<T> {
  return { ...change, isUnsure: true };
}
