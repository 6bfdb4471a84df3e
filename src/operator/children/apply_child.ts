/** Puts children in place, and removes them, with their Events. */
import type { KubeObject, ObjectKey, ResourceType } from "../../api/object.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import type { Informer } from "../../kube/informer.ts";
import type { OwnerKind, PassState, Tools } from "../pass/step.ts";
import { recordApply } from "./child_events.ts";

/** Applies a child of the object of a pass, or of a visit. Throws what the applier throws, such as `ForeignObjectError`. */
export async function applyChild<T extends KubeObject>(
  type: ResourceType<T>,
  desired: T,
  { kind, object, signal }: Pick<PassState, "object" | "signal"> & { kind: Pick<OwnerKind, "type"> },
  { applier, events }: Pick<Tools, "applier" | "events">,
  options: { readonly isOurs?: (live: KubeObject) => boolean } = {},
): Promise<T> {
  const result = await applier.apply(type, desired, {
    ...options,
    owner: object,
    ownerType: kind.type,
    signal,
  });
  recordApply(events, object, desired, result.outcome);
  return result.object;
}

/** Deletes a child that is there and ours; `informer` saves the question where it is not. */
export async function removeChild<T extends KubeObject>(
  type: ResourceType<T>,
  key: ObjectKey,
  { object, signal }: Pick<PassState, "object" | "signal">,
  { applier, events }: Pick<Tools, "applier" | "events">,
  informer?: Pick<Informer<T>, "get">,
): Promise<void> {
  if (informer !== undefined) {
    const live = informer.get(key);
    if (live === undefined || !isControlledBy(live, object)) return;
  }
  if (!await applier.deleteOwned(type, key, object, signal)) return;
  events.event(object, "Normal", "Deleted", `Deleted ${type.kind} ${key.name}`, "Delete");
}
