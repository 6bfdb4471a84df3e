/** What wakes a control plane for its workspace RBAC: that itself, in every namespace, and the namespaces it names. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { keyOf, type ObjectKey } from "../../api/object.ts";
import { workspaceRbacSources } from "../../operator/rbac/workspace_sources.ts";
import { controllerKeys, type Source } from "../../reconciler/source.ts";
import { controlPlaneOf, type WorkloadKinds } from "../../workload/kinds.ts";
import { rbacOwner } from "./owner.ts";

/** Index of control planes by the other namespaces in which they want rights. */
const BY_WORKSPACE_NAMESPACE = "workspace-namespace";

/** Adds an index to the control planes; call it once. */
export function workspaceSources(
  kinds: Pick<WorkloadKinds, "controlPlanes" | "roles" | "roleBindings" | "namespaces">,
): Source[] {
  const { controlPlanes } = kinds;
  controlPlanes.addIndex(
    BY_WORKSPACE_NAMESPACE,
    (object) => [...new Set(rbacOwner(object).workspaceNamespaces)],
  );
  return workspaceRbacSources({
    ofRbac: (object) => [
      ...controllerKeys(object, CoderControlPlanes),
      ...controlPlaneOf(object).map(keyFromText),
    ],
    ofNamespace: (namespace) => controlPlanes.byIndex(BY_WORKSPACE_NAMESPACE, namespace).map(keyOf),
  }, kinds);
}

function keyFromText(text: string): ObjectKey {
  const slash = text.indexOf("/");
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
