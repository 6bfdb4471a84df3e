/** What wakes an object for the ConfigMaps and Secrets that its pods are made from. */
import type { PodTemplateSpec } from "../../api/kubernetes/types.ts";
import { keyOf, type KubeObject, type ObjectKey } from "../../api/object.ts";
import type { Informer } from "../../kube/informer.ts";
import type { Predicate } from "../../reconciler/predicate.ts";
import { type Source, watching } from "../../reconciler/source.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { referenceId, referencesOf } from "../../workload/references.ts";
import type { DataKind } from "./referenced_data.ts";

/** Index of objects by those that their pods are made from, as `Secret/namespace/name`. */
const BY_REFERENCE = "pod-reference";

/** Declares an index of `owners`; once for each cache. `references` gives what {@linkcode templateReferences} gives. */
export function referenceSources<O extends KubeObject>(
  owners: Informer<O>,
  references: (object: O) => string[],
  { configMaps, secrets }: Pick<WorkloadKinds, "configMaps" | "secrets">,
): Source[] {
  owners.addIndex(BY_REFERENCE, references);
  const users = (kind: DataKind) => ({ metadata }: KubeObject): ObjectKey[] =>
    owners.byIndex(BY_REFERENCE, indexValue(kind, metadata.namespace, metadata.name)).map(keyOf);
  return [
    watching(configMaps, users("ConfigMap"), { predicate: anyVersion }),
    watching(secrets, users("Secret"), { predicate: anyVersion }),
  ];
}

/** Of objects that are cached as metadata, a new version is all that is seen of a change of their data. */
export const anyVersion: Predicate = {
  updated: (before, after) => before.metadata.resourceVersion !== after.metadata.resourceVersion,
};

/**
 * What the pods would be made from, found in the very template that is rendered, so that nothing is forgotten here. An
 * object that cannot be read or rendered has no pods to look after.
 */
export function templateReferences({ metadata }: KubeObject, render: () => PodTemplateSpec): string[] {
  try {
    return referencesOf(render()).map(({ kind, name }) => indexValue(kind, metadata.namespace, name));
  } catch {
    return [];
  }
}

function indexValue(kind: DataKind, namespace = "", name = ""): string {
  return referenceId({ kind, name: `${namespace}/${name}` });
}
