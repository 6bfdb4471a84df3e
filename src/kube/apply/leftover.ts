/** Children that an earlier object of the same name left behind: they stand in the way of its successor's. */
import { keyOf, type KubeObject, type ResourceType } from "../../api/object.ts";
import type { CallOptions, KubeClient } from "../client.ts";
import { isConflict, isNotFound } from "../errors.ts";
import { controllerOf } from "./owner_references.ts";

/** Who wants the child's place. */
export interface Successor {
  owner: KubeObject;
  ownerType: ResourceType;
}

/**
 * Deletes `live` where its controller was an earlier object of the owner's kind and name. Kubernetes' garbage collector
 * does so too, but may take minutes, for instance after the API server was away. That the earlier object is gone is
 * asked of the API server: where its name belongs to `owner`, it can belong to no other; a cache alone may be behind.
 *
 * Returns true where `live` is not there any more in the state that was seen: it is worth looking again.
 */
export async function removeLeftover(
  client: Pick<KubeClient, "get" | "delete">,
  type: ResourceType,
  live: KubeObject,
  { owner, ownerType }: Successor,
  call: CallOptions = {},
): Promise<boolean> {
  if (!isOfNamesake(live, owner, ownerType) || live.metadata.deletionTimestamp !== undefined) return false;
  try {
    const living = await client.get(ownerType, keyOf(owner), call);
    if (living.metadata.uid !== owner.metadata.uid) return false;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
  const { uid, resourceVersion } = live.metadata;
  try {
    await client.delete(type, keyOf(live), {
      ...call,
      preconditions: {
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
  return true;
}

/** Its controller has the owner's kind (in any version) and name, but is another object. */
function isOfNamesake(live: KubeObject, owner: KubeObject, ownerType: ResourceType): boolean {
  const controller = controllerOf(live);
  if (controller === undefined || owner.metadata.uid === undefined) return false;
  const slash = controller.apiVersion.indexOf("/");
  const group = slash < 0 ? "" : controller.apiVersion.slice(0, slash);
  return group === ownerType.group && controller.kind === ownerType.kind &&
    controller.name === owner.metadata.name && controller.uid !== owner.metadata.uid &&
    (live.metadata.namespace ?? "") === (owner.metadata.namespace ?? "");
}
