/** What is told of a write to who keeps books: who, what, and what came of it. Never a value. */
import type { KubeObject, ObjectKey } from "../../../api/object.ts";
import type { KubeUser } from "../../../identity/mod.ts";
import { StatusError } from "../../serving/status_errors.ts";
import type { WriteRequest } from "../../serving/storage.ts";
import { isJsonObject, type Json, type JsonObject, sameJson } from "../decode/json_value.ts";

export interface WriteRecord {
  readonly user: KubeUser;
  readonly verb: WriteRequest["verb"];
  readonly kind: string;
  /** `name` is empty where there was none yet, and where a collection was refused as a whole. */
  readonly key: ObjectKey;
  /** Empty where it is not known. */
  readonly uid: string;
  /** As managed fields name it. */
  readonly manager: string;
  /**
   * What is another than before, or was to be: `spec.running`, `metadata.labels[app]`. Paths without values, at most
   * {@linkcode MAX_PATHS}.
   */
  readonly changed: readonly string[];
  /** As the client gets it. */
  readonly code: number;
  /** Of a refusal, such as `Conflict`. */
  readonly reason?: string;
}

/** Told once of every write that is no dry run, when it is over; of a collection for each object. Must not throw. */
export type WriteAuditHook = (record: WriteRecord) => void;

/** What is found out on the way. */
export interface Trace {
  name?: string;
  uid?: string;
  changed?: readonly string[];
  /** Where a deletion's body says so. */
  isDryRun?: boolean;
}

export const MAX_PATHS = 100;

/** @param before absent: it is new */
export function traceOf(after: KubeObject, before?: KubeObject): Trace {
  const uid = after.metadata.uid ?? before?.metadata.uid;
  return {
    name: after.metadata.name ?? "",
    ...(uid === undefined ? {} : { uid }),
    changed: changedPaths(after, before),
  };
}

/** How an error ends a request. */
export function resultOf(error: unknown): { code: number; reason: string } {
  return error instanceof StatusError
    ? { code: error.code, reason: error.reason }
    : { code: 500, reason: "InternalError" };
}

/** Where two objects differ, two levels deep; labels, annotations and the like by their names. */
export function changedPaths(after: KubeObject, before: KubeObject | undefined): string[] {
  const [is, was] = [contentOf(after), contentOf(before)];
  const own = differing(is, was).flatMap((name) => {
    const [left, right] = [is[name], was[name]];
    return isJsonObject(left) && (isJsonObject(right) || right === undefined)
      ? differing(left, right ?? {}).map((below) => `${name}.${below}`)
      : [name];
  });
  const [meta, metaBefore] = [metaOf(after), metaOf(before)];
  const ofMeta = differing(meta, metaBefore).flatMap((name) => {
    if (name !== "labels" && name !== "annotations") return [`metadata.${name}`];
    return differing(mapOf(meta[name]), mapOf(metaBefore[name])).map((key) => `metadata.${name}[${key}]`);
  });
  return [...own, ...ofMeta].slice(0, MAX_PATHS);
}

function differing(left: JsonObject, right: JsonObject): string[] {
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].filter((name) => {
    const [one, other] = [left[name], right[name]];
    return one === undefined || other === undefined ? one !== other : !sameJson(one, other);
  }).sort();
}

/** What people write: neither the status, nor what says which object it is. */
function contentOf(object: KubeObject | undefined): JsonObject {
  if (object === undefined) return {};
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = object;
  const { status: _status, ...content } = rest as unknown as JsonObject;
  return content;
}

const TOLD = ["labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp"] as const;

function metaOf(object: KubeObject | undefined): JsonObject {
  const metadata = (object?.metadata ?? {}) as unknown as JsonObject;
  return Object.fromEntries(
    TOLD.flatMap((name) => metadata[name] === undefined ? [] : [[name, metadata[name]]]),
  );
}

function mapOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
