/** What becomes of an object that a client wants to create, before a storage has it. */
import type { KubeObject } from "../../../api/object.ts";
import { refuseFor } from "../decode/causes.ts";
import { schemaCauses } from "../decode/object.ts";
import { generateName } from "./generate_name.ts";
import type { KindRules } from "./rules.ts";
import { metaCauses } from "./validate.ts";

/**
 * The same object without what servers alone may say (uid, times, version, status), as generation 1, under a made name
 * where it asks for one. After `AlreadyExists` a made name is worth another try, from the object that was sent.
 *
 * @param random see {@linkcode generateName}
 */
export function prepareForCreate(object: KubeObject, random?: (below: number) => number): KubeObject {
  const {
    uid: _uid,
    resourceVersion: _version,
    creationTimestamp: _created,
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    ...said
  } = object.metadata;
  const { status: _status, ...content } = object as KubeObject & { status?: unknown };
  const prefix = said.generateName ?? "";
  const name = (said.name ?? "") === "" && prefix !== "" ? { name: generateName(prefix, random) } : {};
  return { ...content, metadata: { ...said, ...name, generation: 1 } };
}

/** A name that the server was to make. Then another one is worth a try where it is taken. */
export function asksForName({ metadata }: KubeObject): boolean {
  return (metadata.name ?? "") === "" && (metadata.generateName ?? "") !== "";
}

/**
 * @param object as {@linkcode prepareForCreate} makes it
 * @throws {StatusError} 422 with everything that is wrong with it
 */
export function checkNew(object: KubeObject, kind: KindRules): void {
  const causes = [
    ...metaCauses(object, { namespaced: kind.definition.type.namespaced, ...kind }),
    ...schemaCauses(object, kind.definition),
  ];
  refuseFor(causes, object, kind.definition.type);
}
