/** Removing what an earlier installation made and a later one has no more. */
import { keyOf, type KubeObject } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isConflict, isForbidden, isNotFound } from "../../kube/errors.ts";
import { inOrder } from "../render/order.ts";
import { MANAGED_BY, MANAGER_LABEL, type Reference, typeOf, wordsOf } from "./objects.ts";
import { isInstalled } from "./ours.ts";
import type { Say } from "./say.ts";

/** Never removed by the way: with them goes what others have made, or what cannot be made again. */
const KEPT = ["CustomResourceDefinition", "Namespace", "PersistentVolumeClaim"];

/** @returns what is still there, because it is somebody else's by now, or holds data, or could not be removed */
export async function prune(
  client: Pick<KubeClient, "get" | "delete">,
  objects: readonly Reference[],
  say: Say,
  signal: AbortSignal,
): Promise<Reference[]> {
  const left: Reference[] = [];
  for (const object of inOrder(objects as KubeObject[]).reverse()) {
    const why = KEPT.includes(object.kind)
      ? "it holds what is not ours alone"
      : await removed(client, object, signal);
    if (why === undefined) say.line(`${wordsOf(object)} pruned`);
    else if (why !== "gone") {
      left.push(object);
      say.line(`${wordsOf(object)} is left: ${why}`);
    }
  }
  return left;
}

/** Undefined: it was removed now. */
async function removed(
  client: Pick<KubeClient, "get" | "delete">,
  object: Reference,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [type, key] = [typeOf(object), keyOf(object as KubeObject)];
  try {
    const live = await client.get(type, key, { signal });
    const { uid, labels } = live.metadata;
    if (labels?.[MANAGED_BY] !== MANAGER_LABEL) {
      return `it is not labelled ${MANAGED_BY}=${MANAGER_LABEL} any more`;
    }
    if (!isInstalled(live)) return "no installation has applied it";
    await client.delete(type, key, {
      signal,
      propagationPolicy: "Background",
      ...(uid === undefined ? {} : { preconditions: { uid } }),
    });
    return undefined;
  } catch (error) {
    if (isNotFound(error)) return "gone";
    if (isForbidden(error)) return "you may not remove it";
    if (isConflict(error)) return "it was replaced at this moment";
    throw error;
  }
}
