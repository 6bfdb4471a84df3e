/** What the shipped manifests grant to the product's accounts. */
import { parseAllDocuments } from "yaml";
import { ensureTools, type PolicyRule, serviceAccountUser } from "../cluster/mod.ts";
import { runKubectl } from "../cluster/kubectl.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Users that the parts of the product are. */
export const ACCOUNTS = {
  operator: serviceAccountUser({ namespace: "coder-system", name: "coder-k8s" }),
  apiserver: serviceAccountUser({ namespace: "coder-system", name: "coder-k8s-apiserver" }),
  mcp: serviceAccountUser({ namespace: "coder-system", name: "coder-k8s-mcp" }),
  coordinator: serviceAccountUser({ namespace: "coder-sessions", name: "coordinator" }),
} as const;

/** One rule that a role gives to somebody. */
export interface Grant extends PolicyRule {
  /** `ClusterRole/manager-role`. */
  readonly role: string;
}

/** Roles that every cluster has, as far as we use them: they are as they are. */
const BUILT_IN: Readonly<Record<string, readonly PolicyRule[]>> = {
  "ClusterRole/system:auth-delegator": [
    { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
    { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
  ],
  "kube-system/Role/extension-apiserver-authentication-reader": [{
    apiGroups: [""],
    resources: ["configmaps"],
    resourceNames: ["extension-apiserver-authentication"],
    verbs: ["list", "watch"],
  }],
};

/** As far as roles and bindings are concerned. */
interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: PolicyRule[];
  roleRef?: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace?: string }[] | null;
}

/** Objects of a folder below `deploy/`, as kubectl renders it. */
export async function rendered(folder: string): Promise<Manifest[]> {
  const { path: { kubectl } } = await ensureTools();
  const { stdout } = await runKubectl(kubectl, [
    "kustomize",
    folder.startsWith("/") ? folder : `${root}/deploy/${folder}`,
  ], {
    kubeconfig: "/dev/null",
  });
  return parseAllDocuments(stdout).map((document) => document.toJS());
}

/** Every rule that `user` has by the bindings among `objects`, with the namespace where it holds. */
export function grantsOf(objects: readonly Manifest[], user: string): Grant[] {
  return objects.filter(({ kind }) => kind.endsWith("RoleBinding")).flatMap((binding) => {
    const isBound = (binding.subjects ?? []).some(({ kind, name, namespace = "" }) =>
      kind === "ServiceAccount" && serviceAccountUser({ namespace, name }) === user
    );
    if (!isBound || binding.roleRef === undefined) return [];
    const { namespace } = binding.metadata;
    const { kind, name } = binding.roleRef;
    const role = `${kind === "Role" ? `${namespace}/` : ""}${kind}/${name}`;
    const found = objects.find((object) =>
      object.kind === kind && object.metadata.name === name &&
      (kind === "ClusterRole" || object.metadata.namespace === namespace)
    );
    const rules = found?.rules ?? BUILT_IN[role];
    if (rules === undefined) {
      throw new Error(`${binding.kind} ${binding.metadata.name} names ${role}, which is nowhere`);
    }
    return rules.map((rule) => ({ ...rule, role, ...(namespace === undefined ? {} : { namespace }) }));
  });
}
