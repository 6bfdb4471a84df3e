/** The one status write of a pass: nothing where nothing changed, and never over what others wrote meanwhile. */
import { keyOf, type KubeObject, type ResourceType } from "../api/object.ts";
import { canonicalJson } from "../kube/apply/canonical_json.ts";
import type { KubeClient } from "../kube/client.ts";
import { isConflict, isNotFound } from "../kube/errors.ts";
import type { Informer } from "../kube/informer.ts";

/** An object with a status that is written as a subresource. */
export type WithStatus<S> = KubeObject & { status?: S };

/** What a status write works with. */
export interface StatusWrite<S extends object, T extends WithStatus<S>> {
  client: Pick<KubeClient, "get" | "update">;
  informer: Pick<Informer<T>, "observe">;
  type: ResourceType<T>;
  /** The object as it was reconciled. */
  object: T;
  /**
   * The status that follows `before`. It is called again with the live status where another writer was first, so it must
   * keep what it does not know.
   */
  next: (before: S | undefined) => S;
  signal?: AbortSignal;
  /** @default {6} */
  attempts?: number;
}

/** What came of it. `written` is false where nothing had changed or the object is gone. */
export interface StatusResult<S> {
  before: S | undefined;
  after: S;
  written: boolean;
}

/**
 * UIDs of objects whose last write failed: it may have been carried out all the same, and then the cache, which may not
 * have seen it yet, is no ground to say that nothing has changed.
 */
const unsure = new Set<string>();
/** More are forgotten together: by then, caches have caught up with most of them. */
const MOST_UNSURE = 10_000;

/** Writes the status. A conflict that outlasts all attempts is thrown. */
export async function writeStatus<S extends object, T extends WithStatus<S>>(
  { client, informer, type, object, next, signal, attempts = 6 }: StatusWrite<S, T>,
): Promise<StatusResult<S>> {
  const call = signal === undefined ? {} : { signal };
  const { uid = "" } = object.metadata;
  for (let attempt = 1, live = object;; attempt++) {
    const before = live.status;
    const after = next(before);
    const isSame = canonicalJson(before ?? {}) === canonicalJson(after);
    if (isSame && (attempt > 1 || !unsure.has(uid))) {
      unsure.delete(uid);
      return { before, after, written: false };
    }
    try {
      if (!isSame) {
        const stored = await client.update(type, { ...live, status: after }, {
          ...call,
          subresource: "status",
        });
        informer.observe(stored);
        unsure.delete(uid);
        return { before, after, written: true };
      }
    } catch (error) {
      if (isNotFound(error)) return { before, after, written: false };
      if (!isConflict(error) || attempt >= attempts) {
        if (unsure.size >= MOST_UNSURE) unsure.clear();
        unsure.add(uid);
        throw error;
      }
    }
    try {
      live = await client.get(type, keyOf(object), call);
    } catch (error) {
      if (isNotFound(error)) return { before, after, written: false };
      throw error;
    }
    // Another object came under the same name: its own pass will see to it.
    if ((live.metadata.uid ?? "") !== uid) return { before, after, written: false };
  }
}
