/** A patch of one of the three kinds that are no apply, and what it makes of an object. */
import type { KubeObject, ResourceType } from "../../../api/object.ts";
import { badRequest, invalid, StatusError, unsupportedMediaType } from "../../serving/status_errors.ts";
import type { WriteRequest } from "../../serving/storage.ts";
import { asBadRequest, parseJsonBytes } from "../decode/body.ts";
import { forbiddenValue } from "../decode/causes.ts";
import { fit } from "../decode/fit.ts";
import { isJsonObject, type Json, type JsonObject } from "../decode/json_value.ts";
import { atAddress, judge, type ObjectDefinition, ofKind, unknownField } from "../decode/object.ts";
import { type Shape, shapeOf } from "../decode/shape.ts";
import { makesNoObject } from "./errors.ts";
import { applyJsonPatch, unknownOperationFields } from "./json_patch.ts";
import { applyMergePatch } from "./merge_patch.ts";
import { applyStrategicPatch } from "./strategic_patch.ts";

export const JSON_PATCH = "application/json-patch+json";
export const MERGE_PATCH = "application/merge-patch+json";
export const STRATEGIC_PATCH = "application/strategic-merge-patch+json";
/** What {@linkcode applyPatch} takes. */
export const PATCH_TYPES: readonly string[] = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH];

/**
 * What `current` is with the patch, as {@linkcode decodeObject} would give it: nothing but types has been checked.
 *
 * @param current as a client sees it; stays as it is
 * @param warn is told of unknown and repeated fields where `fieldValidation` is `Warn`
 * @throws {StatusError} 415 for other media types, 400 for what is no patch or changes the name, 413 and 422 as
 * {@linkcode applyJsonPatch} has them, 422 where the result is no object of the kind
 */
export function applyPatch(
  { contentType, body, options, key }: Pick<WriteRequest, "contentType" | "body" | "options" | "key">,
  current: KubeObject,
  definition: ObjectDefinition,
  warn: (text: string) => void,
): KubeObject {
  if (!PATCH_TYPES.includes(contentType)) throw unsupportedMediaType(PATCH_TYPES);
  if (options.force) {
    const cause = forbiddenValue("force", "may not be specified for non-apply patch");
    throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [cause]);
  }
  const shape = shapeOf(definition);
  const { patch, objections } = readPatch(contentType, body);
  const document = current as unknown as JsonObject;
  const patched = patchedBy(contentType, document, patch, shape);
  if (!isJsonObject(patched)) throw makesNoObject("the result is no object");
  const { value, unknown, mismatches } = fit(stillOfKind(patched, definition.type), shape);
  if (mismatches.length > 0) throw makesNoObject(mismatches.join(", "));
  judge([...objections, ...unknown.map(unknownField)], options.fieldValidation, warn, makesNoObject);
  return atAddress(value as JsonObject, key);
}

function stillOfKind(patched: JsonObject, type: ResourceType): JsonObject {
  try {
    return ofKind(patched, type);
  } catch (error) {
    throw error instanceof StatusError ? makesNoObject(error.message) : error;
  }
}

function readPatch(contentType: string, body: Uint8Array): { patch: Json; objections: string[] } {
  try {
    const { value, duplicates } = parseJsonBytes(body);
    if (contentType !== JSON_PATCH) return { patch: value, objections: [...duplicates] };
    const objections = [...duplicates, ...unknownOperationFields(value).map(unknownField)];
    return { patch: value, objections: objections.map((objection) => `json patch ${objection}`) };
  } catch (error) {
    throw asBadRequest(error, "error decoding patch");
  }
}

function patchedBy(contentType: string, document: JsonObject, patch: Json, shape: Shape): Json {
  try {
    if (contentType === JSON_PATCH) return applyJsonPatch(document, patch);
    if (contentType === MERGE_PATCH) return applyMergePatch(document, patch);
    return applyStrategicPatch(document, patch, shape);
  } catch (error) {
    throw ofStack(error);
  }
}

/** A patch can make an object deeper than a body may be. */
function ofStack(error: unknown): StatusError | unknown {
  return error instanceof RangeError ? badRequest("the patch makes an object that is too deep") : error;
}
