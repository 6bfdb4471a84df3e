/** What wakes a provisioner for its workspace RBAC. */
import type { CoderProvisioner } from "../api/provisioner.ts";
import { keyOf, type ObjectKey } from "../api/object.ts";
import { canonicalJson } from "../kube/apply/canonical_json.ts";
import { controlPlanesNaming, workspaceRbacSources } from "../operator/rbac/workspace_sources.ts";
import { type Source, watching } from "../reconciler/source.ts";
import { granteeUids, type WorkloadKinds } from "../workload/kinds.ts";

/** Index of provisioners by their UID. */
const BY_UID = "grantee";

/**
 * The RBAC itself, in every namespace; namespaces where rights are wanted; `spec.rbac` of the control plane. Adds an index
 * to the provisioners; call it once.
 *
 * @param users the provisioners that name a control plane
 */
export function provisionerRbacSources(
  kinds: Pick<WorkloadKinds, "controlPlanes" | "provisioners" | "roles" | "roleBindings" | "namespaces">,
  users: (controlPlane: ObjectKey) => readonly ObjectKey[],
): Source[] {
  const { controlPlanes, provisioners } = kinds;
  provisioners.addIndex(BY_UID, ({ metadata: { uid } }: CoderProvisioner) => uid === undefined ? [] : [uid]);
  const naming = controlPlanesNaming(controlPlanes);
  return [
    ...workspaceRbacSources({
      ofRbac: (object) => granteeUids(object).flatMap((uid) => provisioners.byIndex(BY_UID, uid)).map(keyOf),
      ofNamespace: (namespace) =>
        [...controlPlanes.list({ namespace }).map(keyOf), ...naming(namespace)].flatMap(users),
    }, kinds),
    watching(controlPlanes, (object) => users(keyOf(object)), {
      predicate: {
        // That it comes, goes, or may not be used any more is told to all whom it concerns anyway.
        added: () => false,
        deleted: () => false,
        updated: (before, after) => canonicalJson(before.spec?.rbac) !== canonicalJson(after.spec?.rbac),
      },
    }),
  ];
}
