/** The Role and the RoleBinding that let Coder run workspaces in a namespace, as the Go operator named and marked them. */
import type { PolicyRule, Role, RoleBinding } from "../api/kubernetes/types.ts";

/** On workspace RBAC: the UID of the control plane, or the provisioner, that it was made for. */
export const OWNER_UID_ANNOTATION = "coder.com/workspace-rbac-owner-uid";

const RBAC_GROUP = "rbac.authorization.k8s.io";

/** What a grant is called. */
export interface GrantNames {
  readonly roleName: string;
  readonly bindingName: string;
}

/** Who is granted the rights, and what the grants are called. */
export interface WorkspaceGrantee {
  /** Namespace of the control plane, or the provisioner, and of its ServiceAccount. */
  readonly namespace: string;
  /** UID of the control plane, or the provisioner. */
  readonly uid: string;
  readonly serviceAccount: string;
  /** Of every Role and RoleBinding. */
  readonly labels: Readonly<Record<string, string>>;
  /** What the grant to one of its ServiceAccounts is called in a namespace. */
  names(namespace: string, serviceAccount: string): GrantNames;
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
    metadata: metadata(grantee, namesIn(grantee, namespace).roleName, namespace),
    rules,
  };
}

/** The RoleBinding of a grant in `namespace`. */
export function desiredRoleBinding(grantee: WorkspaceGrantee, namespace: string): RoleBinding {
  const { roleName, bindingName } = namesIn(grantee, namespace);
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: "RoleBinding",
    metadata: metadata(grantee, bindingName, namespace),
    roleRef: { apiGroup: RBAC_GROUP, kind: "Role", name: roleName },
    subjects: [{ kind: "ServiceAccount", name: grantee.serviceAccount, namespace: grantee.namespace }],
  };
}

/** What the grant to the present ServiceAccount is called in a namespace. */
export function namesIn(grantee: WorkspaceGrantee, namespace: string): GrantNames {
  return grantee.names(namespace, grantee.serviceAccount);
}

function metadata(grantee: WorkspaceGrantee, name: string, namespace: string): Role["metadata"] {
  return {
    name,
    namespace,
    labels: { ...grantee.labels },
    annotations: { [OWNER_UID_ANNOTATION]: grantee.uid },
  };
}
