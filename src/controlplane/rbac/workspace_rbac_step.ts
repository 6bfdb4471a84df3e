/** Rights for workspaces, in the control plane's namespace and in each of `spec.rbac.workspaceNamespaces`. */
import { wantedRules } from "../../operator/rbac/wanted_rules.ts";
import { keepWorkspaceRbac } from "../../operator/rbac/workspace_rbac.ts";
import { workspacePlaces } from "../../operator/rbac/workspace_namespaces.ts";
import { RBAC_FINALIZER } from "../finalizer.ts";
import type { Step } from "../step.ts";
import { rbacOwner } from "./owner.ts";

/** Grants what the spec asks for and may be granted, and takes back what was granted before and is not wanted any more. */
export const workspaceRbacStep: Step = {
  name: "WorkspaceRBAC",
  async run(pass, tools) {
    const { rbac } = pass.controlPlane.spec;
    const owner = rbacOwner(pass.object);
    const disabled = {
      reason: "Disabled",
      message: "spec.rbac.workspacePerms is false: Coder is granted no rights",
    };
    await keepWorkspaceRbac(
      {
        owner,
        finalizer: RBAC_FINALIZER,
        ...(rbac.workspacePerms
          ? {
            rules: wantedRules(rbac, (i) => `spec.rbac.extraRules[${i}]`),
            places: workspacePlaces(owner, {
              scope: tools.namespaces,
              allowed: tools.workspaceNamespaces,
              namespaces: tools.kinds.namespaces,
            }),
          }
          : { disabled }),
      },
      pass,
      tools,
    );
  },
};
