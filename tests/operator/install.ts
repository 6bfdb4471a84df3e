/** Installs what the operator needs into a test cluster, exactly as the manifests ship it. */
import { type Cluster, waitFor } from "../cluster/mod.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** The user that the operator is to the API server. */
export const OPERATOR_USER = "system:serviceaccount:coder-system:coder-k8s";

/** One right of each binding that the operator needs from its first moment on. */
const RIGHTS = [
  { group: "coder.com", resource: "codercontrolplanes", verb: "patch" },
  { group: "authentication.k8s.io", resource: "tokenreviews", verb: "create" },
  { group: "coordination.k8s.io", resource: "leases", verb: "create", namespace: "coder-system" },
  { group: "apiextensions.k8s.io", resource: "customresourcedefinitions", verb: "watch" },
  { resource: "namespaces", verb: "watch" },
  { resource: "namespaces", verb: "get" },
  { resource: "configmaps", verb: "update" },
  {
    group: "apiregistration.k8s.io",
    resource: "apiservices",
    name: "v1alpha1.aggregation.coder.com",
    verb: "patch",
  },
  {
    resource: "configmaps",
    name: "extension-apiserver-authentication",
    verb: "get",
    namespace: "kube-system",
  },
];

/** The API server learns of bindings a moment after they were made. */
async function untilAllowed(cluster: Cluster): Promise<void> {
  for (const resourceAttributes of RIGHTS) {
    await waitFor(async () => {
      const review = { spec: { user: OPERATOR_USER, resourceAttributes } };
      const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
      return (await cluster.request("POST", path, review)).status.allowed;
    }, { what: `the operator to be allowed ${JSON.stringify(resourceAttributes)}` });
  }
}

/**
 * Applies CRDs, namespace and RBAC (once; applying again changes nothing) and returns a kubeconfig of the operator's
 * own ServiceAccount, so that it runs under the shipped rules and no others.
 */
export async function installOperator(
  cluster: Cluster,
  options: { throughFaults?: boolean } = {},
): Promise<string> {
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-k", `${root}/crd`]);
  for (const manifest of ["namespace", "rbac"]) {
    await cluster.kubectl(["apply", "-f", `${root}/deploy/base/${manifest}.yaml`]);
  }
  const crds = ["codercontrolplanes", "coderprovisioners", "coderworkspaceproxies"].map((name) =>
    `crd/${name}.coder.com`
  );
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", ...crds]);
  await untilAllowed(cluster);
  return await cluster.serviceAccountKubeconfig({
    namespace: "coder-system",
    name: "coder-k8s",
    ...(options.throughFaults === undefined ? {} : { throughFaults: options.throughFaults }),
  });
}
