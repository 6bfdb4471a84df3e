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
  owners.addIndex(BY_REFERENCE, onceForGeneration(references));
  const users = (kind: DataKind) => ({ metadata }: KubeObject): ObjectKey[] =>
    owners.byIndex(BY_REFERENCE, indexValue(kind, metadata.namespace, metadata.name)).map(keyOf);
  return [
    watching(configMaps, users("ConfigMap"), { predicate: anyVersion }),
    watching(secrets, users("Secret"), { predicate: anyVersion }),
  ];
}

/** As many objects as are remembered; the oldest go first, which costs one more rendering. */
const REMEMBERED = 10_000;

/** A status that changes, as it does several times for every change of the spec, changes no reference. */
function onceForGeneration<O extends KubeObject>(
  references: (object: O) => string[],
): (object: O) => string[] {
  const known = new Map<string, { readonly generation: number; readonly references: string[] }>();
  return (object) => {
    const { generation, uid = "" } = object.metadata;
    if (generation === undefined || uid === "") return references(object);
    const before = known.get(uid);
    if (before?.generation === generation) return before.references;
    const found = references(object);
    known.delete(uid);
    known.set(uid, { generation, references: found });
    for (const oldest of known.keys()) {
      if (known.size <= REMEMBERED) break;
      known.delete(oldest);
    }
    return found;
  };
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
