/** Looks at the workspace RBAC of control planes, and writes it as the Go operator does. */
import type { Condition, PolicyRule } from "../../src/api/kubernetes/types.ts";
import { canonicalJson } from "../../src/kube/apply/canonical_json.ts";
import { workspaceScopeHash } from "../../src/workload/names.ts";
import { waitFor } from "../cluster/mod.ts";
import type { Rig } from "./rig.ts";

const RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces";

/** The verbs of the standard rules. */
export const ALL_VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/** The standard rules as everybody may write them down. */
export const STANDARD: PolicyRule[] = [
  { apiGroups: [""], resources: ["pods"], verbs: ALL_VERBS },
  { apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: ALL_VERBS },
  { apiGroups: ["apps"], resources: ["deployments"], verbs: ALL_VERBS },
];

/** What `coder`'s RBAC is called. */
export function namesFor(rig: Rig, account = "coder"): { role: string; binding: string } {
  const scope = workspaceScopeHash(rig.namespace, "coder");
  return { role: `${account}-${scope}-workspace-perms`, binding: `${account}-${scope}` };
}

/** The path of a Role or RoleBinding, or of their collections. */
export const roles = (namespace: string, name = "") => `${RBAC}/${namespace}/roles${name && `/${name}`}`;
export const bindings = (namespace: string, name = "") =>
  `${RBAC}/${namespace}/rolebindings${name && `/${name}`}`;

/** The rules that are bound to the ServiceAccount in a namespace; undefined where none are. */
export async function rulesOf(
  rig: Rig,
  namespace: string,
  account = "coder",
): Promise<PolicyRule[] | undefined> {
  const { role, binding } = namesFor(rig, account);
  const bound = await rig.cluster.find(bindings(namespace, binding));
  const found = await rig.cluster.find(roles(namespace, role));
  return bound?.roleRef.name === role && bound.subjects?.[0]?.name === account ? found?.rules : undefined;
}

/** Waits until the rules in a namespace are these; undefined: nothing is granted. */
export async function rulesBecome(
  rig: Rig,
  namespace: string,
  rules: PolicyRule[] | undefined,
  account = "coder",
): Promise<void> {
  const wanted = canonicalJson(rules);
  await waitFor(async () => {
    const now = canonicalJson(await rulesOf(rig, namespace, account));
    return now === wanted || Promise.reject(new Error(`${namespace} has ${now}`));
  }, { what: `the rights in ${namespace} to be ${wanted}` });
}

/** Every Role and RoleBinding of the operator's in a namespace, as `Role/name`. */
export async function madeIn(rig: Rig, namespace: string): Promise<string[]> {
  const query = "?labelSelector=coder.com%2Fcontrol-plane%3Dcoder";
  const lists = await Promise.all(
    [roles(namespace), bindings(namespace)].map((path) => rig.cluster.request("GET", path + query)),
  );
  // deno-lint-ignore no-explicit-any -- objects as sent
  return lists.flatMap(({ kind, items }: any) =>
    // deno-lint-ignore no-explicit-any -- objects as sent
    items.map((each: any) => `${kind.replace("List", "")}/${each.metadata.name}`)
  ).sort();
}

/** Waits until the condition has a reason and its message all of `parts`. */
export async function rbacCondition(rig: Rig, reason: string, ...parts: RegExp[]): Promise<Condition> {
  return await waitFor(async () => {
    const object = await rig.controlPlane("coder");
    const found = object?.status?.conditions?.find(({ type }) => type === "WorkspaceRBAC");
    const fits = found?.reason === reason && found.observedGeneration === object?.metadata.generation &&
      parts.every((part) => part.test(found.message));
    return fits ? found : Promise.reject(new Error(JSON.stringify(found)));
  }, { what: `WorkspaceRBAC to say ${reason} ${parts.join(" ")}` });
}

/** Opts a namespace in by label, or out again with null. */
export async function optIn(rig: Rig, namespace: string, from: string | null = rig.namespace): Promise<void> {
  await rig.cluster.request("PATCH", `/api/v1/namespaces/${namespace}`, {
    metadata: { labels: { "coder.com/workspaces-from": from } },
  });
}

/** Whether the ServiceAccount of `coder` may do something, as the API server decides. */
export async function mayDo(
  rig: Rig,
  resourceAttributes: {
    namespace: string;
    verb: string;
    resource: string;
    group?: string;
    subresource?: string;
  },
): Promise<boolean> {
  const review = await rig.cluster.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user: `system:serviceaccount:${rig.namespace}:coder`, resourceAttributes },
  });
  return review.status.allowed;
}

/** Rights as a finished reconcile of the Go operator leaves them; `legacy`: as its older versions did. */
export async function goGrant(
  rig: Rig,
  namespace: string,
  options: { uid: string; rules: PolicyRule[]; legacy?: boolean; manager?: string },
): Promise<void> {
  const { role, binding } = namesFor(rig);
  const metadata = {
    namespace,
    creationTimestamp: null,
    labels: {
      "app.kubernetes.io/name": "coder-control-plane",
      "app.kubernetes.io/instance": "coder",
      "app.kubernetes.io/managed-by": "coder-k8s",
      "coder.com/control-plane": "coder",
      "coder.com/control-plane-namespace": rig.namespace,
    },
    ...(!options.legacy && { annotations: { "coder.com/workspace-rbac-owner-uid": options.uid } }),
    ...(namespace === rig.namespace && {
      ownerReferences: [{
        apiVersion: "coder.com/v1alpha1",
        kind: "CoderControlPlane",
        name: "coder",
        uid: options.uid,
        controller: true,
        blockOwnerDeletion: true,
      }],
    }),
  };
  const manager = `?fieldManager=${options.manager ?? "manager"}`;
  await rig.cluster.request("POST", roles(namespace) + manager, {
    metadata: { ...metadata, name: role },
    rules: options.rules,
  });
  await rig.cluster.request("POST", bindings(namespace) + manager, {
    metadata: { ...metadata, name: binding },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role },
    subjects: [{ kind: "ServiceAccount", name: "coder", namespace: rig.namespace }],
  });
}
