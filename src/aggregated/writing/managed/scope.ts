/** Through which door something is written, and what of an object is nobody's there. */
import type { KubeObject, ResourceType } from "../../../api/object.ts";
import { apiVersionOf } from "../../../api/object.ts";
import type { ManagedFieldsEntry } from "../../../api/kubernetes/types.ts";
import { FieldSet } from "./field_set.ts";
import { isEqual, isMap, type Json, type JsonMap, mapOf } from "./json.ts";
import { type Operation, type Owner, type OwnerKey, type Owners, writeOwners } from "./owners.ts";
import type { OwnershipRules } from "./ownership.ts";
import type { Schema } from "./schema.ts";

/** A kind, and the part of it that is written. */
export interface WriteScope {
  readonly type: Pick<ResourceType, "group" | "version" | "kind" | "plural" | "namespaced">;
  /** As `objectSchema` makes it. */
  readonly schema: Schema;
  /** Such as `status`. @default the object itself */
  readonly subresource?: string;
  /**
   * Fields, from the root, that a write in this scope does not change, whatever is sent: they stay as they are, and
   * nobody comes to own them. For an object whose status has a path of its own, or is nobody's to write:
   * `[["status"]]`; for that status: `[["metadata"], ["spec"]]`.
   * @default nothing
   */
  readonly untouched?: readonly (readonly string[])[];
}

/** What a write comes to. */
export interface Written<T extends KubeObject = KubeObject> {
  /** To be stored: with `metadata.managedFields`. */
  readonly object: T;
  /** False where there is nothing to store: at most the times of owners would be others. */
  readonly isChanged: boolean;
}

/** What is never anybody's: it says which object it is, or is set by the server alone. */
const UNOWNED = FieldSet.ofNames(
  ["apiVersion"],
  ["kind"],
  ["metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((name) => ["metadata", name]),
);

export function rulesOf({ schema, untouched = [] }: WriteScope): OwnershipRules {
  return { schema, untouched: FieldSet.ofNames(...untouched), unowned: UNOWNED };
}

export function ownerKey(scope: WriteScope, manager: string, operation: Operation): OwnerKey {
  return {
    manager: manager === "" ? "unknown" : manager,
    operation,
    apiVersion: apiVersionOf(scope.type as ResourceType),
    subresource: scope.subresource ?? "",
  };
}

/** An object without its managed fields, as the engine sees it. An object that is not there is an empty one. */
export function bareObject(object: KubeObject | undefined, { type }: WriteScope): JsonMap {
  if (object === undefined) return { apiVersion: apiVersionOf(type as ResourceType), kind: type.kind };
  const { managedFields: _managed, ...metadata } = object.metadata;
  return { ...object, metadata: withoutEmpty(metadata as unknown as JsonMap) } as unknown as JsonMap;
}

/** Metadata is never stored with anything empty in it. */
function withoutEmpty(metadata: JsonMap): JsonMap {
  return mapOf(
    Object.entries(metadata).filter(([, value]) =>
      value !== null && value !== "" && !(typeof value === "object" && Object.keys(value).length === 0)
    ),
  );
}

/**
 * What is to be stored: with the fields that the scope does not touch as they were, and with the owners; where nothing
 * but times would change, not even those.
 */
export function written<T extends KubeObject>(
  after: JsonMap,
  owners: Owners,
  before: KubeObject | undefined,
  scope: WriteScope,
): Written<T> {
  const bare = bareObject(before, scope);
  const kept = (scope.untouched ?? []).reduce((object, path) => withFieldOf(object, bare, path), after);
  const metadata = withoutEmpty(isMap(kept["metadata"]) ? kept["metadata"] : {});
  const entries = writeOwners(owners);
  const stored = before?.metadata.managedFields ?? [];
  const isSame = before !== undefined && isEqual(comparable({ ...kept, metadata }), comparable(bare)) &&
    isEqual(entries.map(timeless), stored.map(timeless));
  const managedFields = isSame ? stored : entries;
  const object = {
    ...kept,
    metadata: { ...metadata, ...(managedFields.length === 0 ? {} : { managedFields }) },
  };
  return { object: object as unknown as T, isChanged: !isSame };
}

/** The object with a field as another has it. */
function withFieldOf(object: JsonMap, other: JsonMap, [name, ...rest]: readonly string[]): JsonMap {
  if (name === undefined) return object;
  const { [name]: mine, ...others } = object;
  const theirs = Object.hasOwn(other, name) ? other[name] : undefined;
  if (rest.length === 0) return theirs === undefined ? others : { ...others, [name]: theirs };
  if (!isMap(mine) && !isMap(theirs)) return object;
  return { ...others, [name]: withFieldOf(isMap(mine) ? mine : {}, isMap(theirs) ? theirs : {}, rest) };
}

/** Without what only the server sets, and a writer may leave out. */
function comparable(object: JsonMap): Json {
  if (!isMap(object["metadata"])) return object;
  const { uid: _1, resourceVersion: _2, generation: _3, creationTimestamp: _4, selfLink: _5, ...metadata } =
    object["metadata"];
  return { ...object, metadata };
}

function timeless({ time: _time, ...entry }: ManagedFieldsEntry): Omit<ManagedFieldsEntry, "time"> {
  return entry;
}

/** The owners with the time at which one of them wrote, if it is still one. */
export function withTime(owners: Owners, id: string, time: string): Owners {
  const owner: Owner | undefined = owners.get(id);
  return owner === undefined ? owners : new Map(owners).set(id, { ...owner, time });
}
