/** Rules of `metadata` that hold for every object, new or changed. */
import type { KubeObject } from "../../../api/object.ts";
import type { ObjectMeta } from "../../../api/kubernetes/types.ts";
import type { StatusCause } from "../../serving/status_errors.ts";
import { forbiddenValue, invalidValue, required, tooLong } from "../decode/causes.ts";
import { LAST_APPLIED } from "../managed/last_applied.ts";
import {
  labelValueObjections,
  type NameRule,
  namespaceObjections,
  pathName,
  qualifiedNameObjections,
  subdomainName,
} from "./names.ts";
import { ownerCauses } from "./owner_references.ts";

/** Of keys and values together. */
export const MAX_ANNOTATION_BYTES = 256 * 1024;
export const ORPHAN = "orphan";
export const FOREGROUND = "foregroundDeletion";

export interface MetaRules {
  readonly namespaced: boolean;
  /** @default {@linkcode subdomainName} */
  readonly nameRule?: NameRule;
}

/** What is wrong with the metadata of an object, however it came to be. */
export function metaCauses({ metadata }: KubeObject, rules: MetaRules): StatusCause[] {
  const { generation = 0, labels = {}, annotations = {}, ownerReferences = [], finalizers = [] } = metadata;
  return [
    ...nameCauses(metadata, rules),
    ...namespaceCauses(metadata.namespace ?? "", rules),
    ...(generation < 0
      ? [invalidValue("metadata.generation", generation, "must be greater than or equal to 0")]
      : []),
    ...labelCauses(labels),
    ...annotationCauses(annotations),
    ...ownerCauses(ownerReferences),
    ...finalizerCauses(finalizers),
  ];
}

function nameCauses({ name = "", generateName = "" }: ObjectMeta, rules: MetaRules): StatusCause[] {
  const { nameRule = subdomainName } = rules;
  const objections = (value: string, isPrefix: boolean) => [
    ...new Set([...nameRule(value, isPrefix), ...pathName(value, isPrefix)]),
  ];
  const prefix = generateName === "" ? [] : objections(generateName, true);
  return [
    ...prefix.map((why) => invalidValue("metadata.generateName", generateName, why)),
    ...(name === ""
      ? [required("metadata.name", "name or generateName is required")]
      : objections(name, false).map((why) => invalidValue("metadata.name", name, why))),
  ];
}

function namespaceCauses(namespace: string, { namespaced }: MetaRules): StatusCause[] {
  const field = "metadata.namespace";
  if (!namespaced) return namespace === "" ? [] : [forbiddenValue(field, "not allowed on this type")];
  if (namespace === "") return [required(field)];
  return namespaceObjections(namespace).map((why) => invalidValue(field, namespace, why));
}

function labelCauses(labels: Readonly<Record<string, string>>): StatusCause[] {
  const field = "metadata.labels";
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameObjections(key).map((why) => invalidValue(field, key, why)),
    ...labelValueObjections(value).map((why) => invalidValue(field, value, why)),
  ]);
}

function annotationCauses(annotations: Readonly<Record<string, string>>): StatusCause[] {
  const field = "metadata.annotations";
  const entries = Object.entries(annotations);
  const encoder = new TextEncoder();
  const size = entries.flat().reduce((sum, text) => sum + encoder.encode(text).length, 0);
  return [
    ...entries.flatMap(([key]) =>
      qualifiedNameObjections(key.toLowerCase()).map((why) => invalidValue(field, key, why))
    ),
    ...(size > MAX_ANNOTATION_BYTES ? [tooManyBytes(field, LAST_APPLIED in annotations)] : []),
  ];
}

/** @param isOfApply client-side apply keeps there what it applied: that is what nearly always is too large */
function tooManyBytes(field: string, isOfApply: boolean): StatusCause {
  const cause = tooLong(field, MAX_ANNOTATION_BYTES);
  if (!isOfApply) return cause;
  const advice = `${LAST_APPLIED} has no room for the object: use kubectl apply --server-side`;
  return { ...cause, message: `${cause.message}; ${advice}` };
}

function finalizerCauses(finalizers: readonly string[]): StatusCause[] {
  const field = "metadata.finalizers";
  const isBoth = finalizers.includes(ORPHAN) && finalizers.includes(FOREGROUND);
  return [
    ...finalizers.flatMap((name) =>
      qualifiedNameObjections(name).map((why) => invalidValue(field, name, why))
    ),
    ...(isBoth
      ? [invalidValue(field, [...finalizers], `${ORPHAN} and ${FOREGROUND} cannot be both set`)]
      : []),
  ];
}

/** What should be better about finalizers that are new. They are taken all the same. */
export function finalizerWarnings(object: KubeObject, before?: KubeObject): string[] {
  const old = new Set(before?.metadata.finalizers ?? []);
  const added = new Set((object.metadata.finalizers ?? []).filter((name) => !old.has(name)));
  return [...added].sort().filter((name) => !name.includes("/") && !STANDARD.includes(name)).map((name) => {
    const better = name.includes(".") ? "name including a path (/)" : "name";
    return `metadata.finalizers: ${
      JSON.stringify(name)
    }: prefer a domain-qualified finalizer ${better} to avoid accidental conflicts with other finalizer writers`;
  });
}

const STANDARD = [ORPHAN, FOREGROUND, "kubernetes"];
