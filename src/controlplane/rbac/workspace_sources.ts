/** What wakes a control plane for its workspace RBAC: that itself, in every namespace, and the namespaces it names. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import type { ObjectKey } from "../../api/object.ts";
import { controlPlanesNaming, workspaceRbacSources } from "../../operator/rbac/workspace_sources.ts";
import { controllerKeys, type Source } from "../../reconciler/source.ts";
import { controlPlaneOf, type WorkloadKinds } from "../../workload/kinds.ts";

/** See {@linkcode workspaceRbacSources}. */
export function workspaceSources(
  kinds: Pick<WorkloadKinds, "controlPlanes" | "roles" | "roleBindings" | "namespaces">,
): Source[] {
  return workspaceRbacSources({
    ofRbac: (object) => [
      ...controllerKeys(object, CoderControlPlanes),
      ...controlPlaneOf(object).map(keyFromText),
    ],
    ofNamespace: controlPlanesNaming(kinds.controlPlanes),
  }, kinds);
}

function keyFromText(text: string): ObjectKey {
  const slash = text.indexOf("/");
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
