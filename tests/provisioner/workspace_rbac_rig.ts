/** Provisioners and their control plane under an operator of the whole cluster, and what their ServiceAccounts may do. */
import type { KubeObject, ResourceType } from "../../src/api/object.ts";
import { controlPlaneController } from "../../src/controlplane/controller.ts";
import type { Informer, KindOptions, SharedCache } from "../../src/kube/informer.ts";
import { provisionerController } from "../../src/provisioner/controller.ts";
import { waitFor } from "../cluster/mod.ts";
import type { RunningOperator } from "../operator/controllers.ts";
import type { ProvisionerRig } from "./rig.ts";

const RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces";

/** Passes over control planes and provisioners of these namespaces, by an operator that sees every Namespace. */
export function wholeOperator(
  rig: ProvisionerRig,
  namespaces: readonly string[],
  workspaceNamespaces: readonly string[] = [],
): Promise<RunningOperator> {
  return rig.operator((parts) => {
    const options = {
      ...parts,
      cache: withoutOthers(parts.cache, namespaces),
      namespaces: [],
      workspaceNamespaces,
    };
    return [provisionerController(options), controlPlaneController(options)];
  });
}

/** Resources of ours in the namespaces alone, those of other tests being elsewhere; and everything else of the cluster. */
function withoutOthers(cache: SharedCache, namespaces: readonly string[]): SharedCache {
  const informer = <T extends KubeObject>(type: ResourceType<T>, options?: KindOptions<T>): Informer<T> =>
    cache.informer(type, options && type.group === "coder.com" ? { ...options, namespaces } : options);
  return new Proxy(cache, {
    get(target, name) {
      const value = name === "informer" ? informer : Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A request, such as `create apps/deployments`, `get secrets`. */
type RequestText = string;

/** Whether a ServiceAccount may do something in a namespace, as the API server decides. */
export async function mayDo(
  rig: ProvisionerRig,
  account: { namespace: string; name: string },
  namespace: string,
  request: RequestText,
): Promise<boolean> {
  const [verb, path = ""] = request.split(" ");
  const [resource, group = ""] = path.split("/").reverse();
  const review = await rig.cluster.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: `system:serviceaccount:${account.namespace}:${account.name}`,
      resourceAttributes: { namespace, verb, group, resource },
    },
  });
  return review.status.allowed;
}

/** Waits until it may, or may not. */
export async function rightBecomes(
  rig: ProvisionerRig,
  expected: boolean,
  ...request: [account: { namespace: string; name: string }, namespace: string, request: RequestText]
): Promise<void> {
  await waitFor(async () => await mayDo(rig, ...request) === expected, {
    what: `${JSON.stringify(request)} to be ${expected}`,
  });
}

/** Lets workspaces in, by label or by annotation; null takes it back. */
export async function letIn(
  rig: ProvisionerRig,
  namespace: string,
  how: { label?: string | null; annotation?: string | null },
): Promise<void> {
  const consent = (value: string | null | undefined) =>
    value === undefined ? {} : { "coder.com/workspaces-from": value };
  await rig.cluster.request("PATCH", `/api/v1/namespaces/${namespace}`, {
    metadata: { labels: consent(how.label), annotations: consent(how.annotation) },
  });
}

/** Roles and RoleBindings of provisioners in a namespace, as `Role/name`. */
export async function madeIn(rig: ProvisionerRig, namespace: string): Promise<string[]> {
  const query = "?labelSelector=app.kubernetes.io%2Fname%3Dcoder-provisioner";
  const lists = await Promise.all(
    ["roles", "rolebindings"].map((kind) =>
      rig.cluster.request("GET", `${RBAC}/${namespace}/${kind}${query}`)
    ),
  );
  // deno-lint-ignore no-explicit-any -- objects as sent
  return lists.flatMap(({ kind, items }: any) =>
    // deno-lint-ignore no-explicit-any -- objects as sent
    items.map((each: any) => `${kind.replace("List", "")}/${each.metadata.name}`)
  ).sort();
}
