/** The end of a provisioner's workspace RBAC in other namespaces. */
import type { CoderProvisioner } from "../api/provisioner.ts";
import { cleanUpRbac, tellCleanUp } from "../operator/rbac/clean_up.ts";
import { namedNamespaces } from "../operator/rbac/workspace_sources.ts";
import { referredKey } from "../operator/visit/control_plane_ref.ts";
import type { WorkloadKinds } from "../workload/kinds.ts";
import { rbacOwner } from "./rbac.ts";
import type { PassState, Tools } from "./step.ts";

/** Removes it, and says so. Throws where something is left that could not be removed: then the provisioner must be held. */
export async function removeWorkspaceRbac(
  { object, signal }: Pick<PassState, "object" | "signal">,
  { client, events, kinds, namespaces }: Pick<Tools, "client" | "events" | "kinds" | "namespaces">,
): Promise<void> {
  const others = placesOf(object, kinds);
  const result = await cleanUpRbac(rbacOwner(object), { client, namespaces, others, signal });
  tellCleanUp(result, object, events);
}

/** Where an operator of more namespaces may have granted rights. The object may have any shape. */
function placesOf(
  { metadata: { namespace = "" }, spec }: CoderProvisioner,
  { controlPlanes }: Pick<WorkloadKinds, "controlPlanes">,
): string[] {
  const { namespace: given, name }: { namespace?: unknown; name?: unknown } = spec?.controlPlaneRef ?? {};
  if (typeof name !== "string") return [];
  const ref = { name, namespace: typeof given === "string" ? given : undefined };
  const key = referredKey(ref, { namespace });
  const controlPlane = controlPlanes.get(key);
  return controlPlane === undefined ? [] : [key.namespace, ...namedNamespaces(controlPlane)];
}
