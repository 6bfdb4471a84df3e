/** Installs what the operator needs into a test cluster, exactly as the manifests ship it. */
import type { Cluster } from "../cluster/mod.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** The user that the operator is to the API server. */
export const OPERATOR_USER = "system:serviceaccount:coder-system:coder-k8s";

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
    await cluster.kubectl(["apply", "-f", `${root}/deploy/${manifest}.yaml`]);
  }
  const crds = ["codercontrolplanes", "coderprovisioners", "coderworkspaceproxies"].map((name) =>
    `crd/${name}.coder.com`
  );
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=30s", ...crds]);
  return await cluster.serviceAccountKubeconfig({
    namespace: "coder-system",
    name: "coder-k8s",
    ...(options.throughFaults === undefined ? {} : { throughFaults: options.throughFaults }),
  });
}
