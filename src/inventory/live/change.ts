/** Changes of objects, as watchers are told them. */

/** What there was before a change. */
interface Before<T> {
  readonly before: T;
  /**
   * The watcher comes from another replica and may know a state of the object that was never seen here: if it does not
   * want to see what the object is now, it has to be told that it is gone, whatever `before` is.
   */
  readonly isUnsure?: true;
}

/** One change. Never changes itself. */
export type Change<T> =
  | { readonly type: "ADDED"; readonly object: T }
  | { readonly type: "MODIFIED"; readonly object: T } & Before<T>
  /** The last state; its resource version is that of the deletion. */
  | { readonly type: "DELETED"; readonly object: T } & Before<T>;

/**
 * What to tell a watcher who may have seen any part of `changes` already, by another replica. Each change is told with the
 * state that its object has at the end, so that nobody is led back to an older state; and none is left out, so that
 * whatever somebody has of an object that is not theirs to see any more, they hear of its end.
 */
export function forLateWatchers<T>(changes: readonly Change<T>[], keyOf: (object: T) => string): Change<T>[] {
  const last = new Map<string, Change<T>>();
  for (const change of changes) last.set(keyOf(change.object), change);
  return changes.map((change) => {
    const end = last.get(keyOf(change.object)) ?? change;
    return unsure(end === change ? change : endingAs(end, change));
  });
}

/** See {@linkcode Before.isUnsure}. */
export function unsure<T>(change: Change<T>): Change<T> {
  return change.type === "ADDED" ? change : { ...change, isUnsure: true };
}

function endingAs<T>(end: Change<T>, change: Change<T>): Change<T> {
  if (change.type === "ADDED") {
    return end.type === "DELETED" ? end : { type: "ADDED", object: end.object };
  }
  return end.type === "DELETED"
    ? { type: "DELETED", object: end.object, before: change.before }
    : { type: "MODIFIED", object: end.object, before: change.before };
}
