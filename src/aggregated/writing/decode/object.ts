/** From the body of a create or an update to an object of the kind. */
import { apiVersionOf, type KubeObject, type ObjectKey, type ResourceType } from "../../../api/object.ts";
import type { WriteOptions } from "../../serving/query/write_options.ts";
import { badRequest, type StatusError } from "../../serving/status_errors.ts";
import type { ResourceDefinition, WriteRequest } from "../../serving/storage.ts";
import { parseBody } from "./body.ts";
import { refuseFor } from "./causes.ts";
import { objectionsTo } from "./constraints.ts";
import { fit } from "./fit.ts";
import { fieldOf, isJsonObject, type Json, type JsonObject, sortOf } from "./json_value.ts";
import { shapeOf } from "./shape.ts";

/** What is needed of a kind to read its objects. */
export type ObjectDefinition = Pick<ResourceDefinition, "type" | "schema">;

/**
 * The object that a create or an update sends: of this kind, with a namespace, under the name of the path (a create has
 * none), known fields alone. Nothing but types has been checked: see {@linkcode schemaCauses}.
 *
 * @param warn is told of unknown and repeated fields where `fieldValidation` is `Warn`
 * @throws {StatusError} 415 for other media types, 400 for everything else
 */
export function decodeObject(
  { contentType, body, options, key }: Pick<WriteRequest, "contentType" | "body" | "options" | "key">,
  definition: ObjectDefinition,
  warn: (text: string) => void,
): KubeObject {
  const { type } = definition;
  const { value, duplicates } = parseBody({ contentType, body });
  const object = ofKind(value, type);
  const { value: fitted, unknown, mismatches } = fit(object, shapeOf(definition));
  if (mismatches.length > 0) throw cannotBeHandled(type, mismatches.join(", "));
  const objections = [...duplicates, ...unknown.map(unknownField)];
  judge(objections, options.fieldValidation, warn, (list) => cannotBeHandled(type, list));
  return atAddress(fitted as JsonObject, key);
}

/** Rules of the kind's schema that an object breaks; those of `metadata` are in `meta/`. */
export function schemaCauses(object: KubeObject, definition: ObjectDefinition) {
  return objectionsTo(object as unknown as JsonObject, shapeOf(definition));
}

/** @throws {StatusError} 422 with everything that is wrong with the values of the object */
export function checkSchema(object: KubeObject, definition: ObjectDefinition): void {
  refuseFor(schemaCauses(object, definition), object, definition.type);
}

export function unknownField(path: string): string {
  return `unknown field ${JSON.stringify(path)}`;
}

/** Unknown and repeated fields as `fieldValidation` wants them treated. @param refuse makes the error of `Strict` */
export function judge(
  objections: readonly string[],
  fieldValidation: WriteOptions["fieldValidation"],
  warn: (text: string) => void,
  refuse: (list: string) => StatusError,
): void {
  if (objections.length === 0 || fieldValidation === "Ignore") return;
  if (fieldValidation === "Strict") throw refuse(`strict decoding error: ${objections.join(", ")}`);
  objections.forEach(warn);
}

/** Both may be absent: the path says them too. @throws {StatusError} 400 for another kind or version */
export function ofKind(value: Json, type: ResourceType): JsonObject {
  if (!isJsonObject(value)) {
    throw badRequest(`the body must be an object of the kind ${type.kind}, not ${sortOf(value)}`);
  }
  const wanted = { kind: type.kind, apiVersion: apiVersionOf(type) };
  for (const [field, expected] of Object.entries(wanted)) {
    const said = fieldOf(value, field) ?? "";
    if (said === "" || said === expected) continue;
    const what = field === "kind" ? "kind" : "API version";
    throw badRequest(
      `the ${what} in the data (${JSON.stringify(said)}) does not match the expected ${what} (${expected})`,
    );
  }
  return { ...value, ...wanted };
}

/**
 * The same object with its namespace, and metadata without fields that say nothing.
 *
 * @param key `name` is empty where the path has none, which is a create
 * @throws {StatusError} 400 for another name or namespace than that of the path
 */
export function atAddress(object: JsonObject, { namespace, name }: ObjectKey): KubeObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  const said = withoutEmpty((metadata ?? {}) as JsonObject);
  if (name !== "" && (said["name"] ?? "") !== name) {
    throw badRequest(
      `the name of the object (${said["name"] ?? ""}) does not match the name on the URL (${name})`,
    );
  }
  if (namespace !== "" && said["namespace"] !== undefined && said["namespace"] !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  const { namespace: _, ...ofCluster } = said;
  const placed = namespace === "" ? ofCluster : { ...said, namespace };
  return { apiVersion, kind, metadata: placed, ...rest } as unknown as KubeObject;
}

/** Kubernetes leaves out what says nothing, and links, which nobody has any more. A grace period of 0 says something. */
function withoutEmpty({ selfLink: _link, ...metadata }: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(metadata).filter(([name, value]) =>
      name === "deletionGracePeriodSeconds" || !isEmpty(value)
    ),
  );
}

function isEmpty(value: Json): boolean {
  return value === "" || value === 0 ||
    (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}

function cannotBeHandled({ kind, version }: ResourceType, why: string): StatusError {
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`);
}
