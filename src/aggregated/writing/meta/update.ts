/** What becomes of an object that a client wants to change. */
import type { ObjectMeta } from "../../../api/kubernetes/types.ts";
import type { KubeObject } from "../../../api/object.ts";
import { badRequest, conflict, invalid, type StatusCause } from "../../serving/status_errors.ts";
import { forbiddenValue, invalidValue, refuseFor } from "../decode/causes.ts";
import { type Json, sameJson } from "../decode/json_value.ts";
import { schemaCauses } from "../decode/object.ts";
import type { KindRules } from "./rules.ts";
import { metaCauses } from "./validate.ts";

/** What the client supposes. */
export interface Suppositions {
  /** The object was sent whole, so that its uid is a condition; a patch makes it a change. */
  readonly isWhole: boolean;
}

/**
 * Whether a change may be made to the object as it is now.
 *
 * @throws {StatusError} 409 where it is another one, or has changed; 422 or 400 where a version must be said and is not
 */
export function checkSuppositions(
  object: KubeObject,
  current: KubeObject,
  { definition: { type }, unversioned = "Invalid", isSameVersion = Object.is }: KindRules,
  { isWhole }: Suppositions,
): void {
  const name = current.metadata.name ?? "";
  const { uid = "", resourceVersion = "" } = object.metadata;
  if (isWhole && uid !== "" && uid !== current.metadata.uid) {
    throw conflict(
      type,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`,
    );
  }
  if (resourceVersion === "" && unversioned === "BadRequest") {
    throw badRequest("metadata.resourceVersion must be specified for an update");
  }
  if (resourceVersion === "" || resourceVersion === "0" && unversioned !== "BadRequest") {
    if (unversioned === "Allowed") return;
    const cause = invalidValue("metadata.resourceVersion", 0, "must be specified for an update");
    throw invalid({ group: type.group, kind: type.plural }, name, [cause]);
  }
  if (!/^\d+$/.test(resourceVersion)) {
    const cause = invalidValue("metadata.resourceVersion", resourceVersion, "must be a number");
    throw invalid({ group: type.group, kind: type.plural }, name, [cause]);
  }
  if (!isSameVersion(resourceVersion, current.metadata.resourceVersion ?? "")) {
    throw conflict(
      type,
      name,
      "the object has been modified; please apply your changes to the latest version and try again",
    );
  }
}

/**
 * The same object with everything of `current` that an update does not change: what servers say, and the status. Another
 * generation where anything but metadata is another.
 *
 * @param current without defaults that it did not have when it was stored
 */
export function prepareForUpdate(object: KubeObject, current: KubeObject): KubeObject {
  const was = current.metadata;
  const { generation: _said, ...said } = object.metadata;
  const kept: Partial<ObjectMeta> = {
    ...defined("creationTimestamp", was.creationTimestamp),
    ...defined("deletionTimestamp", was.deletionTimestamp),
    ...defined(
      "deletionGracePeriodSeconds",
      said.deletionGracePeriodSeconds ?? was.deletionGracePeriodSeconds,
    ),
    ...defined("uid", said.uid ?? was.uid),
    // What was said has been compared, and may be another one of the same content.
    ...defined("resourceVersion", was.resourceVersion),
  };
  const { status: _status, ...content } = object as KubeObject & { status?: unknown };
  const { status } = current as KubeObject & { status?: unknown };
  const result = { ...content, ...(status === undefined ? {} : { status }), metadata: { ...said, ...kept } };
  const before = was.generation ?? 0;
  const generation = sameContent(result, current) ? before : before + 1;
  return { ...result, metadata: { ...result.metadata, ...(generation === 0 ? {} : { generation }) } };
}

/**
 * @param object as {@linkcode prepareForUpdate} makes it
 * @throws {StatusError} 422 with everything that is wrong with it, or may not be changed
 */
export function checkChanged(object: KubeObject, current: KubeObject, kind: KindRules): void {
  const { definition } = kind;
  const causes = [
    ...metaCauses(object, { namespaced: definition.type.namespaced, ...kind }),
    ...changeCauses(object.metadata, current.metadata),
    ...newCauses(schemaCauses(object, definition), () => schemaCauses(current, definition)),
  ];
  refuseFor(causes, object, definition.type);
}

/** Whether nothing would be written: the version alone may differ. */
export function isUnchanged(object: KubeObject, current: KubeObject): boolean {
  const { resourceVersion: _one, ...metadata } = object.metadata;
  const { resourceVersion: _other, ...before } = current.metadata;
  return sameJson(metadata as unknown as Json, before as unknown as Json) && sameContent(object, current);
}

const IMMUTABLE = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const;

function changeCauses(meta: ObjectMeta, was: ObjectMeta): StatusCause[] {
  const changed = IMMUTABLE.filter((name) => meta[name] !== was[name]);
  const added = was.deletionTimestamp === undefined
    ? []
    : (meta.finalizers ?? []).filter((name) => !(was.finalizers ?? []).includes(name));
  return [
    ...(added.length === 0 ? [] : [
      forbiddenValue(
        "metadata.finalizers",
        `no new finalizers can be added if the object is being deleted, found new finalizers ${
          added.join(", ")
        }`,
      ),
    ]),
    ...changed.map((name) => invalidValue(`metadata.${name}`, meta[name] ?? "", "field is immutable")),
  ];
}

/** A value that was wrong before, and is as it was, stops nobody: rules may be younger than objects. */
function newCauses(causes: StatusCause[], before: () => StatusCause[]): StatusCause[] {
  if (causes.length === 0) return causes;
  const old = new Set(before().map(causeText));
  return causes.filter((cause) => !old.has(causeText(cause)));
}

function causeText({ reason = "", field = "", message }: StatusCause): string {
  return `${reason} ${field} ${message}`;
}

function sameContent(
  { metadata: _one, ...object }: KubeObject,
  { metadata: _other, ...current }: KubeObject,
) {
  return sameJson(object as unknown as Json, current as unknown as Json);
}

function defined<K extends keyof ObjectMeta>(name: K, value: ObjectMeta[K] | undefined): Partial<ObjectMeta> {
  return value === undefined ? {} : { [name]: value };
}
