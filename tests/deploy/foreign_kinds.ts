/** Kinds that manifests of ours have objects of, and that a cluster has only where somebody has installed them. */
import { join } from "node:path";
import { type Cluster, gatewayApiFiles } from "../cluster/mod.ts";
import { moduleFiles } from "../cluster/module_files.ts";

const HERE = import.meta.dirname ?? ".";

/**
 * Puts cert-manager's, the Gateway API's and the Prometheus operator's definitions into a cluster of the test's own: they
 * are seen by everybody in it.
 */
export async function installForeignKinds(cluster: Cluster): Promise<void> {
  const files = [
    ...await gatewayApiFiles(),
    ...await certManagerFiles(),
    join(HERE, "crds", "prometheus-operator.yaml"),
  ].flatMap((file) => ["-f", file]);
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", ...files]);
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=120s", ...files]);
}

/** Files that define Certificate and Issuer. @throws {ToolsError} */
function certManagerFiles(): Promise<string[]> {
  return moduleFiles({
    name: "cert-manager",
    module: "github.com/cert-manager/cert-manager",
    moduleDir: join(HERE, "cert-manager"),
    files: ["certificates", "issuers"].map((kind) => `deploy/crds/cert-manager.io_${kind}.yaml`),
    need: "the tests of manifests take cert-manager's definitions",
  });
}
