/** Bringing a cluster up, from nothing to Deployments that become ready. */
import { Cluster } from "./cluster.ts";
import { writeFiles } from "./files.ts";
import { destroy, logTail, PartFailedError, startPart } from "./lifecycle.ts";
import { exists } from "./paths.ts";
import { freePorts } from "./ports.ts";
import { type Owner, ownerOf, watchOwner } from "./processes.ts";
import { type ProgressSink, SILENT } from "./progress.ts";
import { type ClusterState, layout, PARTS, writeState } from "./state.ts";
import { ensureTools } from "./tools.ts";
import { waitFor } from "./wait.ts";

/** How a cluster shall be. */
export interface StartOptions {
  /** Shown in errors. @default the name of its directory */
  name?: string;
  /** Where its files go: a directory that is empty or not there yet, and is removed with the cluster. @default a new one */
  dir?: string;
  /**
   * The process that it ends with, however that ends. `null`: nobody, it stays until somebody calls `destroy`.
   * @default this process
   */
  owner?: Owner | null;
  /** Fake nodes. @default {2} */
  nodes?: number;
  /** Where progress of the start (not of a build, which is always shown) goes. @default nowhere */
  progress?: ProgressSink;
}

/** How often other ports are tried when somebody takes one between our look and our use. */
const PORT_ATTEMPTS = 5;

/**
 * Starts etcd, API server, controller manager, scheduler and KWOK on free loopback ports; about 7 s once the programs
 * are built, which happens here when needed.
 *
 * @throws {ToolsError} when the programs are missing and cannot be built
 * @throws {PartFailedError} when a part does not become ready; with the tail of its log
 */
export async function startCluster(options: StartOptions = {}): Promise<Cluster> {
  const tools = await ensureTools();
  const dir = options.dir ?? await Deno.makeTempDir({ prefix: "coder-k8s-cluster-" });
  if (await exists(dir) && (await Array.fromAsync(Deno.readDir(dir))).length > 0) {
    throw new Error(`a cluster cannot be kept in ${dir}, which is not empty: it is removed with the cluster`);
  }
  const name = options.name ?? dir.split("/").at(-1) ?? dir;
  const progress = options.progress ?? SILENT;
  for (let attempt = 1;; attempt++) {
    await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
    const numbers = freePorts(PARTS.length);
    const ports = Object.fromEntries(PARTS.map((part, index) => [part, numbers[index]]));
    const state: ClusterState = {
      version: 1,
      name,
      dir,
      ports: ports as ClusterState["ports"],
      tools,
      nodes: options.nodes ?? 2,
    };
    try {
      if (options.owner !== null) await watchOwner(dir, options.owner ?? ownerOf());
      await bringUp(state, progress);
      return (await Cluster.open(layout(dir).state)).owned();
    } catch (error) {
      await destroy(dir);
      if (!(error instanceof PartFailedError && error.portTaken && attempt < PORT_ATTEMPTS)) throw error;
      progress.write(`  a port was taken meanwhile; trying others\n`);
    }
  }
}

async function bringUp(state: ClusterState, progress: ProgressSink): Promise<void> {
  const started = performance.now();
  const say = (what: string) =>
    progress.write(`  ${((performance.now() - started) / 1000).toFixed(1).padStart(4)} s  ${what}\n`);
  await writeFiles(state);
  await startPart(state, "etcd");
  say("etcd is up");
  await startPart(state, "apiserver");
  say("the API server is ready");
  const others = await Promise.allSettled([
    startPart(state, "controller-manager"),
    startPart(state, "scheduler"),
    startPart(state, "kwok"),
    createNodes(state),
  ]);
  for (const other of others) if (other.status === "rejected") throw other.reason;
  await settled(state);
  say("controllers, scheduler and fake nodes are ready");
  await writeState(state);
}

async function createNodes(state: ClusterState): Promise<void> {
  await using cluster = await Cluster.fromState(state);
  for (let index = 0; index < state.nodes; index++) {
    const name = `node-${index}`;
    const node = {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        labels: {
          "kubernetes.io/hostname": name,
          "kubernetes.io/os": "linux",
          "kubernetes.io/arch": "amd64",
          "type": "kwok",
        },
        annotations: { "kwok.x-k8s.io/node": "fake" },
      },
      status: {
        allocatable: { cpu: "64", memory: "256Gi", "ephemeral-storage": "4Ti", pods: "10000" },
        capacity: { cpu: "64", memory: "256Gi", "ephemeral-storage": "4Ti", pods: "10000" },
      },
    };
    await cluster.request("POST", "/api/v1/nodes", node);
  }
}

/** Pods can be created and run: the default service account is there, nodes are ready and free of taints. */
async function settled(state: ClusterState): Promise<void> {
  await using cluster = await Cluster.fromState(state);
  await waitFor(() => cluster.request("GET", "/api/v1/namespaces/default/serviceaccounts/default"), {
    timeoutMs: 60_000,
    what: `the service account "default" of cluster ${state.name}`,
  });
  await waitFor(async () => {
    const nodes = await cluster.request("GET", "/api/v1/nodes");
    // deno-lint-ignore no-explicit-any -- nodes as the API server gives them
    return nodes.items.every((node: any) =>
      (node.spec.taints ?? []).length === 0 &&
      // deno-lint-ignore no-explicit-any -- as above
      node.status.conditions?.some((condition: any) =>
        condition.type === "Ready" && condition.status === "True"
      )
    );
  }, { timeoutMs: 60_000, what: `ready nodes in cluster ${state.name}` }).catch(async (error: unknown) => {
    const log = layout(state.dir).log("kwok");
    const tail = await exists(log) ? await logTail(log) : "";
    throw new PartFailedError(error instanceof Error ? error.message : String(error), "kwok", tail);
  });
}
