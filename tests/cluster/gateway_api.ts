/** The definitions of the Gateway API, from its Go module, for clusters that tests put them into. */
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import { type GoOptions, needGo, runGo, ToolsError } from "./go_build.ts";
import { cacheHome, exists, removeTree, withFileLock } from "./paths.ts";
import { moduleVersion } from "./tool_list.ts";
import { waitFor } from "./wait.ts";

const MODULE = "sigs.k8s.io/gateway-api";
const MODULE_DIR = join(import.meta.dirname ?? ".", "gateway-api");
/** Under the module's `config/crd/standard`. */
const FILES = ["gatewayclasses", "gateways", "httproutes"].map((kind) =>
  `gateway.networking.k8s.io_${kind}.yaml`
);
const GO_MISSING =
  "the tests of the Gateway API take its definitions from a Go module, and need Go 1.21 or newer, " +
  "which was not found on PATH: install it (https://go.dev/dl/, or as root `apt-get install golang-go`)";

/** Where to get the definitions from. */
export interface GatewayApiOptions {
  /** The Go program. @default {"go"} */
  go?: string;
  /** Overrides the cache's directory. */
  cache?: string;
}

/**
 * Files that define GatewayClass, Gateway and HTTPRoute. Fetched once, verified by hash, and kept outside the work tree.
 *
 * @throws {ToolsError} when Go is missing or the module cannot be had.
 */
export async function gatewayApiFiles(options: GatewayApiOptions = {}): Promise<string[]> {
  const version = moduleVersion(await Deno.readTextFile(join(MODULE_DIR, "go.mod")), MODULE);
  const cache = options.cache ?? join(cacheHome(), "tools");
  const dir = join(cache, `gateway-api-${version}`);
  const files = FILES.map((file) => join(dir, file));
  if (await exists(dir)) return files;
  await Deno.mkdir(cache, { recursive: true });
  await withFileLock(`${dir}.lock`, async () => {
    if (await exists(dir)) return;
    const go: GoOptions = { go: options.go ?? "go", moduleDir: MODULE_DIR };
    await needGo(go, GO_MISSING);
    const answer: unknown = JSON.parse(await runGo(go, ["mod", "download", "-json", MODULE]));
    const source = (answer as { Dir?: unknown }).Dir;
    if (typeof source !== "string") throw new ToolsError(`go mod download ${MODULE} named no directory`);
    const unfinished = `${dir}.${Deno.pid}`;
    await removeTree(unfinished);
    await Deno.mkdir(unfinished);
    for (const file of FILES) {
      const text = await Deno.readTextFile(join(source, "config", "crd", "standard", file));
      await Deno.writeTextFile(join(unfinished, file), text);
    }
    await Deno.rename(unfinished, dir);
  });
  return files;
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
