/** The rights to run workspaces: those of the control plane, wherever the provisioner may have them, too. */
import { reportUnknown } from "../../operator/rbac/workspace_rbac_report.ts";
import { keepWorkspaceRbac } from "../../operator/rbac/workspace_rbac.ts";
import { liveRights } from "../../operator/rbac/workspace_rights.ts";
import { KEY_FINALIZER } from "../ending.ts";
import { provisionerRights, rbacOwner } from "../rbac.ts";
import type { Step } from "../step.ts";

/** Grants what is wanted and may be granted, and takes back what was granted before and is not wanted any more. */
export const workspaceRbacStep: Step = {
  name: "WorkspaceRBAC",
  async run(pass, tools) {
    const { controlPlane, object, report } = pass;
    const { kinds, namespaces, workspaceNamespaces } = tools;
    const owner = rbacOwner(object);
    const live = liveRights(owner, kinds);
    const rights = provisionerRights(owner, controlPlane, {
      scope: namespaces,
      allowed: workspaceNamespaces,
      namespaces: kinds.namespaces,
      controlPlaneExists: kinds.controlPlanes.get(controlPlane.key) !== undefined,
      live,
    });
    const bound = live.bindings.flatMap(({ subjects = [] }) => subjects.map(({ name }) => name));
    // Where nobody looked for pods, all that have rights may have some.
    const accounts = pass.unused === undefined ? bound : pass.lingering ?? [];
    await keepWorkspaceRbac({ owner, finalizer: KEY_FINALIZER, accounts, ...rights }, pass, tools);
    if ("unknown" in rights && rights.unknown !== undefined) reportUnknown(report, rights.unknown);
  },
};
