/** Deleting a child, and nothing but a child. */
import type { KubeObject, ObjectKey, ResourceType } from "../../api/object.ts";
import type { KubeClient } from "../client.ts";
import { isConflict, isNotFound } from "../errors.ts";
import type { Informer } from "../informer.ts";
import { isControlledBy } from "./owner_references.ts";

/** What a delete works with. */
export interface DeleteParts {
  client: KubeClient;
  informer: Pick<Informer, "get" | "hasSynced" | "observeDeleted">;
}

/**
 * Deletes the object where `owner` is its controller; an object of the same name that came in its place is left alone.
 * Returns whether a delete was carried out. An object that is gone, or already going, needs none.
 */
export async function deleteOwned(
  { client, informer }: DeleteParts,
  type: ResourceType,
  key: ObjectKey,
  owner: KubeObject,
  signal?: AbortSignal,
): Promise<boolean> {
  const call = signal === undefined ? {} : { signal };
  const live = informer.get(key) ??
    (informer.hasSynced ? undefined : await client.get(type, key, call).catch(ifGone));
  if (live === undefined || live.metadata.deletionTimestamp !== undefined) return false;
  if (!isControlledBy(live, owner)) return false;
  const { uid } = live.metadata;
  try {
    await client.delete(type, key, { ...call, ...(uid === undefined ? {} : { preconditions: { uid } }) });
  } catch (error) {
    if (!isNotFound(error)) await throwUnlessReplaced(error, uid, () => client.get(type, key, call));
    informer.observeDeleted(live);
    return false;
  }
  // With a finalizer, or with a grace period, it stays for a while, and the watch will tell.
  if ((live.metadata.finalizers ?? []).length === 0 && type.kind !== "Pod") informer.observeDeleted(live);
  return true;
}

/** A conflict may say that the cached object is gone and another has its name. Then ours no longer exists. */
async function throwUnlessReplaced(
  error: unknown,
  uid: string | undefined,
  read: () => Promise<KubeObject>,
): Promise<void> {
  if (!isConflict(error)) throw error;
  const live = await read().catch(ifGone);
  if (live !== undefined && live.metadata.uid === uid) throw error;
}

function ifGone(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}
