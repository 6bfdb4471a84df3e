/** What wakes objects for their workspace RBAC: that itself, in every namespace, and the namespaces they name. */
import type { ObjectKey } from "../../api/object.ts";
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

/** A Namespace lets others in, or does so no more, or is on its way out. */
const consentChanged: Predicate = {
  updated: ({ metadata: before }, { metadata: after }) =>
    before.uid !== after.uid || before.deletionTimestamp !== after.deletionTimestamp ||
    before.labels?.[WORKSPACES_FROM] !== after.labels?.[WORKSPACES_FROM] ||
    before.annotations?.[WORKSPACES_FROM] !== after.annotations?.[WORKSPACES_FROM],
};
