/** What wakes a control plane for the ConfigMaps and Secrets that its pods are made from. */
import { type CoderControlPlane, parseControlPlane } from "../../api/control_plane.ts";
import { keyOf, type KubeObject, type ObjectKey } from "../../api/object.ts";
import type { Predicate } from "../../reconciler/predicate.ts";
import { type Source, watching } from "../../reconciler/source.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { referenceId, referencesOf } from "../../workload/references.ts";
import type { DataKind } from "./referenced_data.ts";
import { podTemplate } from "./pod_template.ts";

/** Index of control planes by the objects that their pods are made from, as `Secret/namespace/name`. */
const BY_REFERENCE = "pod-reference";

/** Declares its index; once for each cache. */
export function referenceSources({ configMaps, controlPlanes, secrets }: WorkloadKinds): Source[] {
  controlPlanes.addIndex(BY_REFERENCE, podReferences);
  const users = (kind: DataKind) => ({ metadata }: KubeObject): ObjectKey[] =>
    controlPlanes.byIndex(BY_REFERENCE, indexValue(kind, metadata.namespace, metadata.name)).map(keyOf);
  return [
    watching(configMaps, users("ConfigMap"), { predicate: anyVersion }),
    watching(secrets, users("Secret"), { predicate: anyVersion }),
  ];
}

/** Of objects that are cached as metadata, a new version is all that is seen of a change of their data. */
const anyVersion: Predicate = {
  updated: (before, after) => before.metadata.resourceVersion !== after.metadata.resourceVersion,
};

/**
 * What the pods would be made from, found in the very template that is rendered, so that nothing is forgotten here. An
 * object that cannot be read or rendered has no pods to look after.
 */
export function podReferences(object: CoderControlPlane): string[] {
  const { namespace } = object.metadata;
  try {
    return referencesOf(podTemplate(parseControlPlane(object), {})).map(({ kind, name }) =>
      indexValue(kind, namespace, name)
    );
  } catch {
    return [];
  }
}

function indexValue(kind: DataKind, namespace = "", name = ""): string {
  return referenceId({ kind, name: `${namespace}/${name}` });
}
