/** The Role and the RoleBinding that let Coder run workspaces in a namespace, as the Go operator named and marked them. */
import type { PolicyRule, Role, RoleBinding } from "../api/kubernetes/types.ts";
import { workspaceRbacLabels } from "./labels.ts";

/** On workspace RBAC: the UID of the control plane it was made for. */
export const OWNER_UID_ANNOTATION = "coder.com/workspace-rbac-owner-uid";

const RBAC_GROUP = "rbac.authorization.k8s.io";

/** Who is granted the rights, and what the grant is called. */
export interface WorkspaceGrantee {
  /** Namespace of the control plane and its ServiceAccount. */
  namespace: string;
  /** Name of the control plane. */
  name: string;
  /** UID of the control plane. */
  uid: string;
  serviceAccount: string;
  roleName: string;
  bindingName: string;
}

/** The rules that every grant has, in the Go operator's order. */
export function standardRules(enableDeployments: boolean): PolicyRule[] {
  return [
    all("", "pods"),
    all("", "persistentvolumeclaims"),
    ...(enableDeployments ? [all("apps", "deployments")] : []),
  ];
}

function all(group: string, resource: string): PolicyRule {
  const verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
  return { apiGroups: [group], resources: [resource], verbs };
}

/** The Role of a grant in `namespace`. */
export function desiredRole(grantee: WorkspaceGrantee, namespace: string, rules: PolicyRule[]): Role {
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: "Role",
    metadata: metadata(grantee, grantee.roleName, namespace),
    rules,
  };
}

/** The RoleBinding of a grant in `namespace`. */
export function desiredRoleBinding(grantee: WorkspaceGrantee, namespace: string): RoleBinding {
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: "RoleBinding",
    metadata: metadata(grantee, grantee.bindingName, namespace),
    roleRef: { apiGroup: RBAC_GROUP, kind: "Role", name: grantee.roleName },
    subjects: [{ kind: "ServiceAccount", name: grantee.serviceAccount, namespace: grantee.namespace }],
  };
}

function metadata(grantee: WorkspaceGrantee, name: string, namespace: string): Role["metadata"] {
  return {
    name,
    namespace,
    labels: workspaceRbacLabels(grantee.namespace, grantee.name),
    annotations: { [OWNER_UID_ANNOTATION]: grantee.uid },
  };
}
