/**
 * The whole product behind a real API server: installed as `deploy/` ships it, registered, in a process of its own, on
 * fake or real Coders. On a cluster of its own: there is one APIService of this name, and while its server is away no
 * namespace can be deleted.
 */
import { parse } from "yaml";
import type { CoderControlPlane } from "../../src/api/control_plane.ts";
import { type Cluster, startCluster, waitFor } from "../cluster/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import { installOperator } from "../operator/install.ts";
import { freePort, type OperatorProcess, startOperator } from "../operator/process.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const RBAC = "rbac.authorization.k8s.io";

export const API_SERVICE = "v1alpha1.aggregation.coder.com";
/** Long enough for a program that starts from source on a busy machine. */
const READY_MS = 120_000;
/** Where the API is. */
export const API_ROOT = "/apis/aggregation.coder.com/v1alpha1";
export const GROUP = "aggregation.coder.com";
const SERVICE = { namespace: "coder-system", name: "coder-k8s-apiserver" };
const SERVICE_PATH = `/apis/apiregistration.k8s.io/v1/apiservices/${API_SERVICE}`;

/** A Coder that runs already. */
export interface RunningCoder {
  readonly url: string;
  /** Of a site owner. */
  readonly token: string;
}

export interface AppRigOptions {
  /** Given: it is used, and not ended. @default {one of its own} */
  cluster?: Cluster;
  /** Coders by the `namespace/name` of the control planes that they may be given to; see `AppRig.addControlPlane`. */
  coders?: Readonly<Record<string, RunningCoder>>;
  /** Control planes of `coders` that are there from the start. @default {all} */
  present?: readonly string[];
  /** @default {"aggregated-apiserver"} */
  mode?: "aggregated-apiserver" | "all";
  /** Further flags. @default {a list every second} */
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** A compiled binary. @default {from source} */
  binary?: string;
  /** Serves MCP, too, in mode `all`. @default {false} */
  mcp?: boolean;
  /** More processes beside the first, which the API server knows nothing of. @default {0} */
  replicas?: number;
}

/** One process of the product. */
export interface Replica {
  readonly process: OperatorProcess;
  /** On the loopback interface. */
  readonly port: number;
  /** The MCP endpoint; empty where none is served. */
  readonly mcpUrl: string;
}

export interface AppRig extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly replica: Replica;
  /** All of them, `replica` first. */
  readonly replicas: readonly Replica[];
  /** Makes a control plane whose Coder is that of the same key in `coders`, as an operator would leave it. */
  addControlPlane(key: string, options?: ControlPlaneOptions): Promise<void>;
  /** Merge-patches one, as a user. */
  changeControlPlane(key: string, patch: object): Promise<void>;
  removeControlPlane(key: string): Promise<void>;
  /** Merge-patches its status, as the operator. */
  changeStatus(key: string, status: object): Promise<void>;
  /** A kubeconfig of an ordinary ServiceAccount that may read; with `sees: "all"`, also the workspaces of others. */
  reader(options: { namespace: string; name: string; sees?: "all" | "own" }): Promise<string>;
  /** Ends the first replica and starts it anew on its port. */
  restart(): Promise<void>;
  /** Waits for a list of all workspaces of a control plane that the first replica asks for from now on. */
  listed(key: string): Promise<void>;
  /** A request as administrator, below the API's root. */
  // deno-lint-ignore no-explicit-any -- objects as sent
  get(path: string): Promise<any>;
  /** Names of a kind, all namespaces or one, as `kubectl get` has them. */
  names(resource: string, namespace?: string): Promise<string[]>;
}

export interface ControlPlaneOptions {
  readonly spec?: CoderControlPlane["spec"];
  /** @default {true} */
  readonly isReady?: boolean;
}

/** Starts it, and waits until the API server calls it available and has discovered it. */
export async function startAppRig(options: AppRigOptions = {}): Promise<AppRig> {
  const cluster = options.cluster ?? await startCluster({ name: "aggregated" });
  try {
    return await start(cluster, options);
  } catch (error) {
    if (options.cluster === undefined) await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

async function start(cluster: Cluster, options: AppRigOptions): Promise<AppRig> {
  const { coders = {}, mode = "aggregated-apiserver", args = ["--coder-poll-interval=1s"], env } = options;
  const kubeconfig = await installOperator(cluster);
  const startReplica = async (port: number, mcpPort: number): Promise<Replica> => ({
    port,
    mcpUrl: mcpPort === 0 ? "" : `http://127.0.0.1:${mcpPort}/mcp`,
    process: await startOperator({
      kubeconfig,
      mode,
      ...(options.binary === undefined ? {} : { binary: options.binary }),
      ...(env === undefined ? {} : { env }),
      args: [
        `--aggregated-bind-address=127.0.0.1:${port}`,
        ...(mode === "all" ? [`--mcp-bind-address=${mcpPort === 0 ? "0" : `127.0.0.1:${mcpPort}`}`] : []),
        "--coder-access=direct",
        ...Object.entries(coders).map(([key, { url }]) => `--control-plane-endpoint=${key}=${url}`),
        ...args,
      ],
    }),
  });
  const replicas: Replica[] = [];
  const namespaces = new Set<string>();

  async function ensureNamespace(name: string): Promise<void> {
    if (namespaces.has(name) || await cluster.find(`/api/v1/namespaces/${name}`) !== undefined) return;
    await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    namespaces.add(name);
  }

  async function addControlPlane(key: string, { spec = {}, isReady = true }: ControlPlaneOptions = {}) {
    const coder = coders[key];
    if (coder === undefined) throw new Error(`there is no Coder for ${key}`);
    const { namespace, name } = partsOf(key);
    await ensureNamespace(namespace);
    const secret = `${name}-operator-token`;
    await cluster.apply([
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { namespace, name: secret },
        stringData: { token: coder.token },
      },
      { apiVersion: "coder.com/v1alpha1", kind: "CoderControlPlane", metadata: { namespace, name }, spec },
    ]);
    await changeStatus(key, {
      url: `http://${name}.${namespace}.svc.cluster.local:80`,
      operatorTokenSecretRef: { name: secret, key: "token" },
      operatorAccessReady: isReady,
    });
  }

  const pathOf = (key: string) => {
    const { namespace, name } = partsOf(key);
    return `/apis/coder.com/v1alpha1/namespaces/${namespace}/codercontrolplanes/${name}`;
  };
  const changeControlPlane = async (key: string, patch: object) =>
    void await cluster.request("PATCH", pathOf(key), patch);
  const changeStatus = async (key: string, status: object) =>
    void await cluster.request("PATCH", `${pathOf(key)}/status`, { status });

  for (const key of options.present ?? Object.keys(coders)) await addControlPlane(key);
  for (let index = 0; index <= (options.replicas ?? 0); index++) {
    replicas.push(await startReplica(await freePort(), options.mcp === true ? await freePort() : 0));
  }
  const [first] = replicas as [Replica];
  await register(cluster, first.port);
  await Promise.all(replicas.map(({ process }) => process.ready(READY_MS)));
  await available(cluster).catch((error) => {
    throw new Error(`${error.message}\n${first.process.lines.slice(-40).join("\n")}`);
  });

  const get = (path: string) => cluster.request("GET", `${API_ROOT}${path}`);
  return {
    cluster,
    get replica() {
      return replicas[0]!;
    },
    replicas,
    addControlPlane,
    changeControlPlane,
    changeStatus,
    removeControlPlane: async (key) => void await cluster.request("DELETE", pathOf(key)),
    async reader({ namespace, name, sees = "all" }) {
      await ensureNamespace(namespace);
      const subjects = [{ kind: "ServiceAccount", name, namespace }];
      const roles = [
        "coder-k8s-workspaces-view",
        ...(sees === "all" ? ["coder-k8s-workspaces-of-others"] : []),
      ];
      const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, name });
      await cluster.apply(roles.map((role) => ({
        apiVersion: `${RBAC}/v1`,
        kind: "ClusterRoleBinding",
        metadata: { name: `${role}-${namespace}-${name}` },
        roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
        subjects,
      })));
      await untilAllowed(cluster, `system:serviceaccount:${namespace}:${name}`, [
        ...["coderworkspaces", "coderworkspaces/log"].map((resource) => ({
          verb: "get",
          group: GROUP,
          resource,
        })),
        { verb: "list", group: GROUP, resource: "coderworkspaces" },
        ...(sees === "all" ? [{ verb: "all", group: GROUP, resource: "coderworkspaces/others" }] : []),
      ]);
      return kubeconfig;
    },
    async restart() {
      const { port, process, mcpUrl } = replicas[0]!;
      await process.stop();
      replicas[0] = await startReplica(port, mcpUrl === "" ? 0 : Number(new URL(mcpUrl).port));
      await replicas[0].process.ready(READY_MS);
      await available(cluster);
    },
    async listed(key) {
      const line = new RegExp(
        `^coder_k8s_inventory_age_seconds\\{coder="${key}",kind="workspaces"\\} (\\S+)$`,
        "m",
      );
      const begun = performance.now();
      await waitFor(async () => {
        const seconds = (performance.now() - begun) / 1_000;
        const [, age] = line.exec(await replicas[0]!.process.metrics()) ?? [];
        return age !== undefined && Number(age) < seconds;
      }, { what: `a list of the workspaces of ${key}`, timeoutMs: 240_000, intervalMs: 200 });
    },
    get,
    async names(resource, namespace) {
      const scope = namespace === undefined ? "" : `/namespaces/${namespace}`;
      const { items } = await get(`${scope}/${resource}`);
      return items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    },
    async [Symbol.asyncDispose]() {
      await cluster.request("DELETE", SERVICE_PATH).catch(() => {});
      await Promise.all(replicas.map(({ process }) => process[Symbol.asyncDispose]()));
      if (options.cluster === undefined) await cluster[Symbol.asyncDispose]();
    },
  };
}

/** The shipped roles and the shipped APIService, with the port at which the test's Service is. */
export async function register(cluster: Cluster, port: number): Promise<void> {
  await cluster.kubectl(["apply", "-f", `${root}/deploy/base/roles.yaml`]);
  await cluster.externalService(SERVICE);
  const manifest = parse(await Deno.readTextFile(`${root}/deploy/base/apiservice.yaml`));
  manifest.spec.service.port = port;
  await cluster.apply(manifest);
}

/** Waits until the API server reaches the product, and clients find its kinds. */
export async function available(cluster: Cluster): Promise<void> {
  let last = "";
  await waitFor(async () => {
    const { status, spec } = await cluster.request("GET", SERVICE_PATH);
    const condition = status?.conditions?.find(({ type }: Record<string, string>) => type === "Available");
    last = `${condition?.reason}: ${condition?.message} (${spec.caBundle === undefined ? "no" : "a"} bundle)`;
    return condition?.status === "True";
  }, { what: `the APIService ${API_SERVICE} to be available`, timeoutMs: 120_000 }).catch((error) => {
    throw new Error(`${error.message}; ${last}`);
  });
  await waitFor(async () => {
    const args = ["api-resources", "--api-group", "aggregation.coder.com", "-o", "name"];
    return (await cluster.kubectl(args)).stdout.includes("coderworkspaces");
  }, { what: "the API server to have discovered the kinds", timeoutMs: 120_000 });
}

function partsOf(key: string): { namespace: string; name: string } {
  const [namespace = "", name = ""] = key.split("/");
  return { namespace, name };
}
