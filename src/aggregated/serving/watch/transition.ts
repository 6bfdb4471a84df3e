/** What a change is to one watcher, who sees only the objects that a selector matches. */
import type { KubeObject } from "../../../api/object.ts";
import type { Selects } from "../query/selection.ts";
import type { Change } from "../storage.ts";

/** A frame that a watcher gets. */
export interface Told<T> {
  readonly type: Change<T>["type"];
  readonly object: T;
}

/** Objects that left a selection, with the version of the change by which they did: one for all watchers. */
const departed = new WeakMap<object, KubeObject>();

/**
 * The frame for a watcher; undefined where it sees nothing of the change. An object that begins to match is ADDED, one
 * that no longer does is DELETED, as it was when it still matched.
 *
 * @param selects absent: everything
 */
export function tellingOf<T extends KubeObject>(
  change: Change<T>,
  selects: Selects<T> | undefined,
): Told<T> | undefined {
  if (selects === undefined) return change;
  switch (change.type) {
    case "ADDED": {
      const { object } = change;
      if (selects(object)) return change;
      return mayHave(change, object, selects) ? { type: "DELETED", object } : undefined;
    }
    case "DELETED":
      return hadIt(change, selects) ? change : undefined;
    case "MODIFIED": {
      const matched = hadIt(change, selects);
      if (selects(change.object)) return matched ? change : { type: "ADDED", object: change.object };
      return matched ? { type: "DELETED", object: lastSeen(change) } : undefined;
    }
  }
}

/** Whether the watcher has the object, or may have it. */
function hadIt<T extends KubeObject>(
  change: Exclude<Change<T>, { type: "ADDED" }>,
  selects: Selects<T>,
): boolean {
  return selects(change.before) || mayHave(change, change.before, selects);
}

/** Whether the watcher may have the object in a state that was never seen here. */
function mayHave<T>({ isUnsure }: { isUnsure?: true }, object: T, selects: Selects<T>): boolean {
  return isUnsure === true && (selects.ever?.(object) ?? true);
}

function lastSeen<T extends KubeObject>(change: Change<T> & { type: "MODIFIED" }): T {
  let object = departed.get(change);
  if (object === undefined) {
    const { before, object: { metadata: { resourceVersion } } } = change;
    const metadata = resourceVersion === undefined
      ? before.metadata
      : { ...before.metadata, resourceVersion };
    object = { ...before, metadata };
    departed.set(change, object);
  }
  return object as T;
}
