/** One cluster for many test files. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster } from "./cluster.ts";
import { exists, withFileLock } from "./paths.ts";
import { ownerOf } from "./processes.ts";
import type { ProgressSink } from "./progress.ts";
import { startCluster } from "./start.ts";
import { layout } from "./state.ts";

/** Names the `cluster.json` of the cluster that `sharedCluster` shall use. */
export const SHARED_CLUSTER_VARIABLE = "CODER_K8S_TEST_CLUSTER";

let shared: Promise<Cluster> | undefined;

/**
 * The cluster that all test files share: the one that `CODER_K8S_TEST_CLUSTER` names (set by `withSharedCluster`, or
 * by hand after `deno task cluster:up`), else one that is started for this process and ends with it. Use namespaces of
 * your own; start a cluster of your own to stop or kill parts. Disposing of it ends nothing but its fault rigs.
 */
export function sharedCluster(): Promise<Cluster> {
  shared ??= find();
  return shared;
}

/** Runs `run` while one cluster is up, named in the environment so that child processes share it; then ends it. */
export async function withSharedCluster<T>(
  run: (cluster: Cluster) => Promise<T>,
  options: { progress?: ProgressSink } = {},
): Promise<T> {
  const given = Deno.env.get(SHARED_CLUSTER_VARIABLE);
  await using cluster = given
    ? await Cluster.open(given)
    : await startCluster({ name: "shared", ...options });
  Deno.env.set(SHARED_CLUSTER_VARIABLE, cluster.statePath);
  try {
    return await run(cluster);
  } finally {
    if (!given) Deno.env.delete(SHARED_CLUSTER_VARIABLE);
  }
}

async function find(): Promise<Cluster> {
  const given = Deno.env.get(SHARED_CLUSTER_VARIABLE);
  if (given) return await Cluster.open(given);
  // Test files are separate module graphs in one process: they meet at a directory that carries its name.
  const { pid, startTime } = ownerOf();
  const dir = join(tmpdir(), `coder-k8s-shared-${pid}-${startTime}`);
  const state = layout(dir).state;
  const lock = `${dir}.lock`;
  try {
    return await withFileLock(lock, async () => {
      if (await exists(state)) return await Cluster.open(state);
      const cluster = await startCluster({ name: `shared-${pid}`, dir });
      return await Cluster.open(cluster.statePath);
    });
  } finally {
    await Deno.remove(lock).catch(() => {});
  }
}
