/** Owners of an object: with one of them deleted, the garbage collector deletes it. */
import type { OwnerReference } from "../../../api/kubernetes/types.ts";
import type { KubeObject } from "../../../api/object.ts";
import type { StatusCause } from "../../serving/status_errors.ts";
import { invalidValue } from "../decode/causes.ts";
import { type Json, sameJson } from "../decode/json_value.ts";

const FIELD = "metadata.ownerReferences";

/** What is wrong with them. Their fields may be missing: they come from outside. */
export function ownerCauses(references: readonly Partial<OwnerReference>[]): StatusCause[] {
  const controllers = references.filter(({ controller }) => controller === true);
  const [first, ...others] = controllers.map(({ kind = "", name = "" }) => `${kind}/${name}`);
  return [
    ...references.flatMap(referenceCauses),
    ...others.map((other) =>
      invalidValue(FIELD, other, `only one reference can have controller set to true, as ${first} has`)
    ),
  ];
}

function referenceCauses(reference: Partial<OwnerReference>): StatusCause[] {
  const { apiVersion = "", kind = "", name = "", uid = "" } = reference;
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
  return [
    ...(version === "" || apiVersion.split("/").length > 2
      ? [invalidValue(`${FIELD}.apiVersion`, apiVersion, "version must not be empty")]
      : []),
    ...Object.entries({ kind, name, uid }).filter(([, value]) => value === "").map(([field]) =>
      invalidValue(`${FIELD}.${field}`, "", "must not be empty")
    ),
    ...(apiVersion === "v1" && kind === "Event"
      ? [invalidValue(FIELD, name, "events are disallowed from being owners")]
      : []),
  ];
}

/** The same object without references that are there twice, word for word. @param warn hears of those */
export function withoutRepeatedOwners<T extends KubeObject>(object: T, warn: (text: string) => void): T {
  const { ownerReferences } = object.metadata;
  if (ownerReferences === undefined) return object;
  const byUid = new Map<string, OwnerReference[]>();
  const repeated: string[] = [];
  const kept = ownerReferences.filter((reference) => {
    const same = byUid.get(reference.uid) ?? [];
    if (same.some((one) => sameJson(one as unknown as Json, reference as unknown as Json))) {
      repeated.push(reference.uid);
      return false;
    }
    byUid.set(reference.uid, [...same, reference]);
    return true;
  });
  if (repeated.length === 0) return object;
  warn(
    `metadata.ownerReferences contains duplicate entries, which are left out. Duplicate UID(s): ${
      repeated.join(", ")
    }`,
  );
  return { ...object, metadata: { ...object.metadata, ownerReferences: kept } };
}
