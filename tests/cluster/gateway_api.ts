/** The definitions of the Gateway API, from its Go module, for clusters that tests put them into. */
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import { moduleFiles, type ModuleFilesOptions } from "./module_files.ts";
import { waitFor } from "./wait.ts";

/** Where to get the definitions from. */
export type GatewayApiOptions = ModuleFilesOptions;

/**
 * Files that define GatewayClass, Gateway and HTTPRoute. Fetched once, verified by hash, and kept outside the work tree.
 *
 * @throws {ToolsError} when Go is missing or the module cannot be had.
 */
export function gatewayApiFiles(options: GatewayApiOptions = {}): Promise<string[]> {
  return moduleFiles({
    name: "gateway-api",
    module: "sigs.k8s.io/gateway-api",
    moduleDir: join(import.meta.dirname ?? ".", "gateway-api"),
    files: ["gatewayclasses", "gateways", "httproutes"].map((kind) =>
      `config/crd/standard/gateway.networking.k8s.io_${kind}.yaml`
    ),
    need: "the tests of the Gateway API take its definitions",
  }, options);
}

const CRDS = ["gatewayclasses", "gateways", "httproutes"].map((name) =>
  `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}.gateway.networking.k8s.io`
);

/** Puts the definitions into a cluster of the test's own: they are seen by everybody in it. */
export async function installGatewayApi(cluster: Cluster, options: GatewayApiOptions = {}): Promise<void> {
  const files = (await gatewayApiFiles(options)).flatMap((file) => ["-f", file]);
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", ...files]);
  for (const path of CRDS) {
    await waitFor(async () => {
      const crd = await cluster.find(path);
      return crd?.status?.conditions?.some((each: { type: string; status: string }) =>
        each.type === "Established" && each.status === "True"
      );
    }, { what: `${path} to be established` });
  }
}

/** Takes them away again, and with them every object of their kinds. */
export async function removeGatewayApi(cluster: Cluster): Promise<void> {
  await Promise.all(CRDS.map((path) => cluster.request("DELETE", path)));
  for (const path of CRDS) {
    await waitFor(async () => await cluster.find(path) === undefined, { what: `${path} to be gone` });
  }
}
