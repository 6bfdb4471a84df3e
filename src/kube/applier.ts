/** The write side that reconcilers use. `server_side_apply.ts` implements it. */
import type { KubeObject, ObjectKey, ResourceType } from "../api/object.ts";

/** The field manager of everything this product applies. */
export const FIELD_MANAGER = "coder-k8s";

/** Records, on each child, the hash of what was last applied: equal hash and matching fields mean "nothing to do". */
export const APPLIED_ANNOTATION = "coder.com/applied";

/** A user's permission to take an existing object over: its value is the owner's name. */
export const ADOPT_ANNOTATION = "coder.com/adopt";

export type ApplyOutcome = "created" | "configured" | "unchanged";

export interface ApplyOptions {
  /** Becomes the controller owner reference (same namespace only). */
  owner?: KubeObject;
  /** The owner's kind: what an earlier object of its name left behind is then removed. @default it is refused */
  ownerType?: ResourceType;
  /**
   * Says whether an existing object that nobody controls is nevertheless ours, such as one in another namespace or one
   * whose owner reference we took away ourselves.
   * @default with an owner: never; without one: where the object carries `coder.com/applied`
   */
  isOurs?: (live: KubeObject) => boolean;
  /**
   * Fields that `desired` leaves to others, such as `["spec", "replicas"]` under an autoscaler. Where we applied them
   * before, they are given up as they are: without this, server-side apply resets them to their default.
   */
  release?: readonly (readonly string[])[];
  signal?: AbortSignal;
}

/** The object exists and is not ours: nothing was written. */
export class ForeignObjectError extends Error {
  override readonly name = "ForeignObjectError";
  constructor(
    message: string,
    readonly resource: string,
    readonly key: ObjectKey,
    /** `controlled`: another controller owns it. `uncontrolled`: nobody does, and no annotation lets us adopt it. */
    readonly kind: "controlled" | "uncontrolled",
  ) {
    super(message);
  }
}

/** Creates and changes objects by server-side apply, as {@linkcode FIELD_MANAGER}. */
export interface Applier {
  /**
   * Makes the live object carry `desired`. Sends nothing where the cache shows that it does already.
   * Throws {@linkcode ForeignObjectError} where the object is somebody else's.
   */
  apply<T extends KubeObject>(
    type: ResourceType<T>,
    desired: T,
    options?: ApplyOptions,
  ): Promise<{ object: T; outcome: ApplyOutcome }>;
  /** Deletes the object where `owner` is its controller. Returns whether a delete was sent. */
  deleteOwned(type: ResourceType, key: ObjectKey, owner: KubeObject, signal?: AbortSignal): Promise<boolean>;
}
