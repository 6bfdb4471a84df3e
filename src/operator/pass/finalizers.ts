/** Finalizers, one entry at a time: other finalizers and fields that others write stay as they are. */
import { keyOf, type KubeObject, type ResourceType } from "../../api/object.ts";
import type { JsonPatchOperation, KubeClient } from "../../kube/client.ts";
import { isNotFound, KubeApiError } from "../../kube/errors.ts";
import type { OwnerKind, PassState } from "./step.ts";

const ATTEMPTS = 5;

/** True where the object is held. */
export function hasFinalizer({ metadata }: KubeObject, finalizer: string): boolean {
  return (metadata.finalizers ?? []).includes(finalizer);
}

/** True where the object is held for certain: as it was read, or as the cache has it by now. */
export function isHeld({ key, kind, object }: PassState, finalizer: string): boolean {
  const cached = kind.informer.get(key);
  return hasFinalizer(object, finalizer) ||
    (cached !== undefined && cached.metadata.uid === object.metadata.uid && hasFinalizer(cached, finalizer));
}

/** Adds the finalizer where it is missing, unless the object is another one by now, or is on its way out. */
export async function addFinalizer<O extends KubeObject>(
  { key, kind, object, signal }: Pick<PassState<O>, "key" | "object" | "signal"> & { kind: OwnerKind<O> },
  finalizer: string,
  client: Pick<KubeClient, "get" | "patch">,
): Promise<void> {
  const { uid } = object.metadata;
  const cached = kind.informer.get(key);
  let live = cached !== undefined && cached.metadata.uid === uid ? cached : object;
  for (let attempt = 1; !hasFinalizer(live, finalizer); attempt++) {
    try {
      const body = addition(live, finalizer);
      kind.informer.observe(await client.patch(kind.type, key, { type: "json", body }, { signal }));
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      // Something about it changed under us: the test failed.
      if (!(error instanceof KubeApiError) || error.code !== 422 || attempt >= ATTEMPTS) throw error;
    }
    try {
      live = await client.get(kind.type, keyOf(live), { signal });
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
    // Another one of the name, or on its way out: the next pass is about that.
    if (live.metadata.uid !== uid || live.metadata.deletionTimestamp !== undefined) return;
  }
}

/** Holds for exactly this version of the object. */
function addition({ metadata }: KubeObject, finalizer: string): JsonPatchOperation[] {
  const test = (field: "uid" | "resourceVersion"): JsonPatchOperation => ({
    op: "test",
    path: `/metadata/${field}`,
    value: metadata[field],
  });
  const add: JsonPatchOperation = (metadata.finalizers ?? []).length === 0
    ? { op: "add", path: "/metadata/finalizers", value: [finalizer] }
    : { op: "add", path: "/metadata/finalizers/-", value: finalizer };
  return [test("uid"), test("resourceVersion"), add];
}

/** Takes the finalizer away: the object may go. */
export async function dropFinalizer<O extends KubeObject>(
  type: ResourceType<O>,
  object: O,
  finalizer: string,
  { client, signal }: { client: Pick<KubeClient, "get" | "patch">; signal: AbortSignal },
): Promise<void> {
  for (let live = object, attempt = 1;; attempt++) {
    const index = (live.metadata.finalizers ?? []).indexOf(finalizer);
    if (index < 0 || live.metadata.uid !== object.metadata.uid) return;
    const path = `/metadata/finalizers/${index}`;
    try {
      await client.patch(type, keyOf(object), {
        type: "json",
        body: [{ op: "test", path, value: finalizer }, { op: "remove", path }],
      }, { signal });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      // The list of finalizers changed under us: the test failed.
      if (!(error instanceof KubeApiError) || error.code !== 422 || attempt >= ATTEMPTS) throw error;
    }
    try {
      live = await client.get(type, keyOf(object), { signal });
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
  }
}
