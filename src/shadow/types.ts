/** What is kept in the cluster of what Coder has no place for. */
import { z } from "zod";
import type { WishRecord, WishStore } from "../actions/mod.ts";
import type { ChangeRecord, ChangeStore } from "../actions/templates/mod.ts";
import type { ObjectMeta } from "../api/kubernetes/types.ts";
import type { ObjectKey } from "../api/object.ts";

export type ShadowKind = "workspaces" | "templates";

/** Parts of metadata that are somebody's, or follow from what somebody has asked for. */
export type ShadowMetadata = Pick<
  ObjectMeta,
  | "labels"
  | "annotations"
  | "finalizers"
  | "ownerReferences"
  | "managedFields"
  | "generation"
  | "deletionTimestamp"
  | "deletionGracePeriodSeconds"
>;

const json: z.ZodType<unknown> = z.unknown();

/** What is kept of one object. Plain data. */
export const shadowRecordSchema = z.object({
  kind: z.enum(["workspaces", "templates"]),
  /** Coder's id. */
  id: z.string(),
  /** Plain name, for people who look at the ConfigMap. */
  name: z.string(),
  metadata: z.custom<ShadowMetadata>((value) => typeof value === "object" && value !== null),
  /**
   * Fields of the spec that Coder does not give back: of workspaces `parameters` (values as of `parametersOf`); of
   * templates `variables`, `provisionerTags` and `source`.
   */
  spec: z.record(z.string(), json).optional(),
  /** Id of the build that `spec.parameters` are of. */
  parametersOf: z.string().optional(),
  /** `status.source` of a template. */
  source: z.record(z.string(), json).optional(),
  /** The last thing that was asked for and could not be done in the background, until something else is asked for. */
  refusal: z.object({ reason: z.string(), message: z.string(), at: z.string() }).optional(),
});
export type ShadowRecord = z.infer<typeof shadowRecordSchema>;

/** A record with what tells whether it has changed since. */
export interface StoredShadow {
  readonly record: ShadowRecord;
  /** Opaque. */
  readonly version: string;
}

/** There is more to keep than a ConfigMap can hold. Nothing was stored. */
export class ShadowTooLargeError extends Error {
  override readonly name = "ShadowTooLargeError";
}

/**
 * Of one Coder, shared by all replicas: a ConfigMap for each object of which there is something to keep, beside the
 * control plane, and gone with it. Methods that return promises reject where it is not known what is stored.
 */
export interface ShadowStore {
  /** As far as this process knows: what it has written itself, at once. */
  get(kind: ShadowKind, id: string): StoredShadow | undefined;
  all(kind: ShadowKind): Iterable<StoredShadow>;
  /** What is stored now. */
  read(kind: ShadowKind, id: string, signal: AbortSignal): Promise<StoredShadow | undefined>;
  /**
   * Stores where `version` is stored (undefined: where nothing is); undefined where somebody else was sooner. A record
   * with nothing to keep is removed; what is returned then has an empty version.
   *
   * @throws {ShadowTooLargeError}
   */
  write(
    record: ShadowRecord,
    version: string | undefined,
    signal: AbortSignal,
  ): Promise<StoredShadow | undefined>;
  /** As `write`: false where somebody else was sooner. */
  remove(kind: ShadowKind, id: string, version: string, signal: AbortSignal): Promise<boolean>;
}

/** Hears of what is kept of an object, synchronously, own writes included. Must not throw. */
export type ShadowListener = (change: { readonly kind: ShadowKind; readonly id: string }) => void;

/** What is kept for one Coder. */
export interface Keeping {
  readonly shadows: ShadowStore;
  readonly wishes: WishStore;
  readonly changes: ChangeStore;
  /** The wish for a workspace, by the workspace's id, as far as this process knows. */
  wishFor(workspace: string): WishRecord | undefined;
  /** The change of a template's files, as far as this process knows. */
  changeOf(template: string): ChangeRecord | undefined;
  /** Coder has this object no more: what is kept of its metadata is removed in the background, as well as may be. */
  gone(kind: ShadowKind, id: string): void;
  /**
   * After a complete list of Coder: removes what is kept of the metadata of objects that are not there. What was stored
   * within the last minutes is left alone, as it may be of an object that the list is older than. Rejects where the API
   * server cannot be reached; what is left is found the next time.
   */
  sweep(kind: ShadowKind, isThere: (id: string) => boolean, signal: AbortSignal): Promise<void>;
}

/** Whose Coder it is, as backends have it. */
export interface KeepingOwner {
  /** `namespace/name` of the control plane, or `static`. */
  readonly id: string;
  readonly namespace: string;
  readonly controlPlane?: ObjectKey | undefined;
  /** Uid of the control plane: what is kept goes with it. Empty where there is none. */
  readonly uid: string;
}

/** What is kept for all Coders. */
export interface Keepings {
  /** The same for the same owner. */
  of(owner: KeepingOwner): Keeping;
  /** Hears of all changes, by the owner's id. Returns the end of it. */
  subscribe(listener: (owner: string, change: Parameters<ShadowListener>[0]) => void): () => void;
  readonly hasSynced: boolean;
  whenSynced(signal: AbortSignal): Promise<void>;
  /** Keeps up to date until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}
