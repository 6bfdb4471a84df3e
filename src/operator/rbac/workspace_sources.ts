/** What wakes objects for their workspace RBAC: that itself, in every namespace, and the namespaces they name. */
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { keyOf, type ObjectKey } from "../../api/object.ts";
import type { Informer } from "../../kube/informer.ts";
import type { Role, RoleBinding } from "../../api/kubernetes/types.ts";
import type { Predicate } from "../../reconciler/predicate.ts";
import { type Source, watching } from "../../reconciler/source.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { WORKSPACES_FROM } from "./workspace_namespaces.ts";

/** Whom a change concerns. */
export interface WorkspaceHolders {
  /** By the owner reference where there is one; in other namespaces there are labels alone. */
  readonly ofRbac: (object: Role | RoleBinding) => readonly ObjectKey[];
  /** Those that want rights in a namespace. */
  readonly ofNamespace: (namespace: string) => readonly ObjectKey[];
}

/** An operator of few namespaces watches no Namespaces. */
export function workspaceRbacSources(
  { ofRbac, ofNamespace }: WorkspaceHolders,
  { roles, roleBindings, namespaces }: Pick<WorkloadKinds, "roles" | "roleBindings" | "namespaces">,
): Source[] {
  return [
    watching(roles, ofRbac),
    watching(roleBindings, ofRbac),
    ...(namespaces === undefined ? [] : [
      watching(namespaces, ({ metadata: { name = "" } }) => ofNamespace(name), { predicate: consentChanged }),
    ]),
  ];
}

/** Index of control planes by the other namespaces in which they want rights. */
const BY_WORKSPACE_NAMESPACE = "workspace-namespace";

const indexed = new WeakSet<object>();

/** The control planes whose specs name a namespace for workspaces. All who ask share the index. */
export function controlPlanesNaming(
  controlPlanes: Pick<Informer<CoderControlPlane>, "addIndex" | "byIndex">,
): (namespace: string) => ObjectKey[] {
  if (!indexed.has(controlPlanes)) {
    indexed.add(controlPlanes);
    controlPlanes.addIndex(BY_WORKSPACE_NAMESPACE, (object) => [...new Set(namedNamespaces(object))]);
  }
  return (namespace) => controlPlanes.byIndex(BY_WORKSPACE_NAMESPACE, namespace).map(keyOf);
}

/** `spec.rbac.workspaceNamespaces` of an object that may be invalid otherwise. */
export function namedNamespaces({ spec }: CoderControlPlane): string[] {
  const listed: unknown = spec?.rbac?.workspaceNamespaces;
  return (Array.isArray(listed) ? listed : []).flatMap((each) =>
    typeof each === "string" && each.trim() !== "" ? [each.trim()] : []
  );
}

/** A Namespace lets others in, or does so no more, or is on its way out. */
const consentChanged: Predicate = {
  updated: ({ metadata: before }, { metadata: after }) =>
    before.uid !== after.uid || before.deletionTimestamp !== after.deletionTimestamp ||
    before.labels?.[WORKSPACES_FROM] !== after.labels?.[WORKSPACES_FROM] ||
    before.annotations?.[WORKSPACES_FROM] !== after.annotations?.[WORKSPACES_FROM],
};
