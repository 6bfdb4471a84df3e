/** Those who come from client-side apply: `kubectl apply` before, `kubectl apply --server-side` now. */
import { compare } from "./compare.ts";
import type { FieldSet } from "./field_set.ts";
import { fieldsOf } from "./fields_of.ts";
import { goJson, isMap, type Json, type JsonMap } from "./json.ts";
import type { Schema } from "./schema.ts";
import { objectionsTo } from "./validate.ts";

/** Where client-side apply keeps what it applied last. */
export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
/** The manager for whom the annotation means something: that of `kubectl apply --server-side`. */
export const KUBECTL = "kubectl";
/** All annotations of an object together, in bytes: as many as Kubernetes allows. */
const MAX_ANNOTATIONS = 256 * 1024;

/**
 * The fields that the annotation proves to be of kubectl: they are in what it applied, and still as it applied them.
 * Undefined where there is no annotation, or none that can be understood.
 */
export function fieldsOfLastApplied(live: JsonMap, schema: Schema, apiVersion: string): FieldSet | undefined {
  const last = parse(annotationsOf(live)?.[LAST_APPLIED]);
  if (last === undefined || last["apiVersion"] !== apiVersion) return undefined;
  if (objectionsTo(schema, last).length > 0) return undefined;
  const { added, modified, removed } = compare(schema, last, live);
  return fieldsOf(schema, last).difference(modified).difference(added).difference(removed);
}

/** The object with an annotation that says what was applied now, if it had one; without it where there is no room. */
export function withLastApplied(object: JsonMap, config: JsonMap): JsonMap {
  const annotations = annotationsOf(object);
  if (annotations === undefined || !annotations[LAST_APPLIED]) return object;
  const { [LAST_APPLIED]: _old, ...others } = annotations;
  const all: JsonMap = { ...others, [LAST_APPLIED]: textOf(config) };
  return {
    ...object,
    metadata: { ...metadataOf(object), annotations: sizeOf(all) > MAX_ANNOTATIONS ? others : all },
  };
}

function textOf(config: JsonMap): string {
  const { managedFields: _managed, ...metadata } = metadataOf(config);
  const annotations = annotationsOf(config);
  if (annotations === undefined) return `${goJson({ ...config, metadata })}\n`;
  const { [LAST_APPLIED]: _last, ...others } = annotations;
  return `${goJson({ ...config, metadata: { ...metadata, annotations: others } })}\n`;
}

function sizeOf(annotations: JsonMap): number {
  const encoder = new TextEncoder();
  return Object.entries(annotations).flat().reduce<number>(
    (sum, text) => sum + encoder.encode(String(text)).length,
    0,
  );
}

function annotationsOf(object: JsonMap): JsonMap | undefined {
  const annotations = metadataOf(object)["annotations"];
  return isMap(annotations) ? annotations : undefined;
}

function metadataOf(object: JsonMap): JsonMap {
  const metadata = object["metadata"];
  return isMap(metadata) ? metadata : {};
}

function parse(text: Json | undefined): JsonMap | undefined {
  if (typeof text !== "string" || text === "") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
