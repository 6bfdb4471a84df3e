/** The order in which objects are made; the other way round they go. */
import { compareKeys, keyOf, type KubeObject } from "../../api/object.ts";

/** What others need comes first; a kind that is not named comes between the two parts. */
const BEFORE = [
  "CustomResourceDefinition",
  "Namespace",
  "PriorityClass",
  "ServiceAccount",
  "ClusterRole",
  "ClusterRoleBinding",
  "Role",
  "RoleBinding",
  "ConfigMap",
  "Secret",
  "PersistentVolumeClaim",
  "NetworkPolicy",
  "Service",
  "Issuer",
  "Certificate",
];
const AFTER = ["PodDisruptionBudget", "Deployment", "StatefulSet", "APIService"];

function rankOf(kind: string): number {
  const before = BEFORE.indexOf(kind);
  if (before !== -1) return before;
  const after = AFTER.indexOf(kind);
  return after === -1 ? BEFORE.length : BEFORE.length + 1 + after;
}

/** A new list: CRDs and namespaces first, the APIService last, those of one kind by name. */
export function inOrder(objects: readonly KubeObject[]): KubeObject[] {
  return [...objects].sort((a, b) =>
    rankOf(a.kind) - rankOf(b.kind) || (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0) ||
    compareKeys(keyOf(a), keyOf(b))
  );
}
