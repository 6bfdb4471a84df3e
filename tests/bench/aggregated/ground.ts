/** What the aggregated API is measured on: the product in a process of its own, Coder in another, an ordinary caller. */
import { API_ROOT, type AppRig, startAppRig } from "../../aggregated/app_rig.ts";
import type { Cluster } from "../../cluster/mod.ts";
import { createControlPlane } from "../control_planes.ts";
import { processorSecondsOf } from "../processor.ts";
import type { Order } from "./coder_process.ts";
import { ConfigMaps } from "./config_maps.ts";
import { LineProcess } from "./line_process.ts";
import type { Caller, LoadClient } from "./load.ts";

export interface GroundOptions {
  readonly cluster: Cluster;
  readonly binary: string;
  readonly load: LoadClient;
  /** Where control plane and ConfigMaps are. */
  readonly namespace: string;
  readonly workspaces: number;
  /** @default {"aggregated-apiserver"} */
  readonly mode?: "aggregated-apiserver" | "all";
  /** Serves MCP, too. @default {false} */
  readonly mcp?: boolean;
  /** Flags of the product. @default {none} */
  readonly args?: readonly string[];
}

/** Of the control plane. */
const NAME = "coder";

/** Requests to Coder. */
export interface Counted {
  readonly requests: number;
  readonly routes: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

export interface Ground extends AsyncDisposable {
  readonly rig: AppRig;
  readonly load: LoadClient;
  /** A ServiceAccount that may read workspaces, those of others included, and ConfigMaps. */
  readonly caller: Caller;
  /** Another one, that may change them, too. */
  writer(): Promise<Caller>;
  readonly configMaps: ConfigMaps;
  /** Of the namespace. */
  readonly workspacesPath: string;
  /** Names of all workspaces. */
  names(): Promise<string[]>;
  order(order: Order): Promise<unknown>;
  /** Requests since the last time. Throws where one was none that may be. */
  counted(): Promise<Counted>;
  /** Seconds that the product has computed. */
  processorSeconds(): number;
  /** Resident memory of the product, in bytes. */
  memory(): { rss: number; peak: number };
}

/** Starts all of it, with as many ConfigMaps as workspaces, of the same size. */
export async function startGround(options: GroundOptions): Promise<Ground> {
  const {
    cluster,
    binary,
    load,
    namespace,
    workspaces,
    mode = "aggregated-apiserver",
    mcp = false,
    args = [],
  } = options;
  const coder = new LineProcess(Deno.execPath(), [
    "run",
    "-A",
    new URL("./coder_process.ts", import.meta.url).pathname,
    String(workspaces),
    namespace,
    NAME,
  ]);
  const running = await coder.next() as { url: string; token: string };
  const rig = await startAppRig({
    cluster,
    binary,
    mode,
    mcp,
    coders: { [`${namespace}/${NAME}`]: running },
    // In mode all it is the operator that says whether Coder can be asked.
    ...(mode === "all" ? { present: [] } : {}),
    args: [...args],
  });
  const workspacesPath = `${API_ROOT}/namespaces/${namespace}/coderworkspaces`;
  await rig.reader({ namespace, name: "reader" });
  if (mode === "all") {
    await createControlPlane(cluster, { namespace, name: NAME, token: running.token, spec: {} });
  }
  await allowConfigMaps(cluster, namespace, "reader", ["get", "list", "watch"]);
  const callerOf = async (name: string): Promise<Caller> => ({
    server: cluster.url,
    caPem: cluster.caPem,
    token: await cluster.serviceAccountToken({ namespace, name }),
  });
  const caller = await callerOf("reader");
  const list = await untilListed(cluster, workspacesPath, workspaces);
  const configMaps = await ConfigMaps.open(cluster, namespace);
  await configMaps.fill(workspaces, list, workspaces);
  const { process } = rig.replica;
  return {
    rig,
    load,
    caller,
    async writer() {
      await rig.reader({ namespace, name: "writer" });
      await allowConfigMaps(cluster, namespace, "writer", ["get", "list", "watch", "patch"]);
      await cluster.apply({
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: `coder-k8s-workspaces-edit-${namespace}` },
        roleRef: {
          apiGroup: "rbac.authorization.k8s.io",
          kind: "ClusterRole",
          name: "coder-k8s-workspaces-edit",
        },
        subjects: [{ kind: "ServiceAccount", name: "writer", namespace }],
      });
      return await callerOf("writer");
    },
    configMaps,
    workspacesPath,
    names: () => rig.names("coderworkspaces", namespace),
    order: (order) => coder.ask(order),
    async counted() {
      const counted = await coder.ask({ count: true } satisfies Order) as Counted;
      const [violation] = counted.violations;
      if (violation !== undefined) throw new Error(`Coder was asked wrongly: ${violation}`);
      return counted;
    },
    processorSeconds: () => processorSecondsOf(process.pid),
    memory: () => process.memory(),
    async [Symbol.asyncDispose]() {
      configMaps[Symbol.dispose]();
      await rig[Symbol.asyncDispose]();
      await coder[Symbol.asyncDispose]();
    },
  };
}

async function untilListed(cluster: Cluster, path: string, count: number): Promise<string> {
  const end = performance.now() + 180_000;
  for (;;) {
    const list = await cluster.request("GET", path, undefined, { timeoutMs: 60_000 });
    if (list.items.length === count) return JSON.stringify(list);
    if (performance.now() > end) {
      throw new Error(`after 180 s ${list.items.length} of ${count} workspaces are listed`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function allowConfigMaps(
  cluster: Cluster,
  namespace: string,
  account: string,
  verbs: readonly string[],
): Promise<void> {
  const rbac = "rbac.authorization.k8s.io";
  const name = `configmaps-${account}`;
  await cluster.apply([
    {
      apiVersion: `${rbac}/v1`,
      kind: "Role",
      metadata: { namespace, name },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata: { namespace, name },
      roleRef: { apiGroup: rbac, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name: account, namespace }],
    },
  ]);
}
