/** What wakes a control plane for its workspace RBAC: that itself, in every namespace, and the namespaces it names. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { keyOf, type ObjectKey } from "../../api/object.ts";
import type { Role, RoleBinding } from "../../api/kubernetes/types.ts";
import type { Predicate } from "../../reconciler/predicate.ts";
import { controllerKeys, type Source, watching } from "../../reconciler/source.ts";
import { controlPlaneOf, type WorkloadKinds } from "../../workload/kinds.ts";
import { rbacOwner } from "./managed_rbac.ts";
import { WORKSPACES_FROM } from "./workspace_namespaces.ts";

/** Index of control planes by the other namespaces in which they want rights. */
const BY_WORKSPACE_NAMESPACE = "workspace-namespace";

/** Adds an index to the control planes; call it once. */
export function workspaceSources(
  { controlPlanes, roles, roleBindings, namespaces }: Pick<
    WorkloadKinds,
    "controlPlanes" | "roles" | "roleBindings" | "namespaces"
  >,
): Source[] {
  controlPlanes.addIndex(
    BY_WORKSPACE_NAMESPACE,
    (object) => [...new Set(rbacOwner(object).workspaceNamespaces)],
  );
  return [
    watching(roles, holders),
    watching(roleBindings, holders),
    ...(namespaces === undefined ? [] : [
      watching(
        namespaces,
        ({ metadata: { name = "" } }) => controlPlanes.byIndex(BY_WORKSPACE_NAMESPACE, name).map(keyOf),
        { predicate: consentChanged },
      ),
    ]),
  ];
}

/** By the owner where there is one; in other namespaces there are labels alone. */
function holders(object: Role | RoleBinding): ObjectKey[] {
  return [...controllerKeys(object, CoderControlPlanes), ...controlPlaneOf(object).map(keyFromText)];
}

function keyFromText(text: string): ObjectKey {
  const slash = text.indexOf("/");
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** A Namespace lets others in, or does so no more, or is on its way out. */
const consentChanged: Predicate = {
  updated: ({ metadata: before }, { metadata: after }) =>
    before.uid !== after.uid || before.deletionTimestamp !== after.deletionTimestamp ||
    before.labels?.[WORKSPACES_FROM] !== after.labels?.[WORKSPACES_FROM] ||
    before.annotations?.[WORKSPACES_FROM] !== after.annotations?.[WORKSPACES_FROM],
};
