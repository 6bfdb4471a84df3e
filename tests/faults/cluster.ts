/** One cluster for all tests that break things: its API server dies, its RBAC and its CRDs go and come back. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster, startCluster } from "../cluster/mod.ts";
import { exists, withFileLock } from "../cluster/paths.ts";
import { ownerOf } from "../cluster/processes.ts";
import { layout, PARTS } from "../cluster/state.ts";
import { installOperator } from "../operator/install.ts";

/** Names the `cluster.json` of a cluster to use instead, for work on these tests: nobody else may use it meanwhile. */
export const FAULTS_CLUSTER_VARIABLE = "CODER_K8S_FAULTS_CLUSTER";

/**
 * Installs CRDs and RBAC, where they are not there. A garbage collector learns of new kinds within half a minute only,
 * and leaves their children alone until then; a new one knows them from its start.
 */
export async function installDefinitions(cluster: Cluster): Promise<void> {
  await installOperator(cluster);
  await cluster.restart("controller-manager");
}

let opened: Promise<Cluster> | undefined;

/**
 * A cluster that the test files of this process share, one after the other, apart from the one of all other tests. It
 * ends with the process. Every part runs when this resolves.
 */
export async function faultsCluster(): Promise<Cluster> {
  opened ??= open();
  const cluster = await opened;
  // An earlier test may have failed with a part down.
  for (const part of PARTS) await cluster.start(part);
  return cluster;
}

async function open(): Promise<Cluster> {
  const given = Deno.env.get(FAULTS_CLUSTER_VARIABLE);
  if (given) return await Cluster.open(given);
  // Test files are separate module graphs in one process: they meet at a directory that carries its name.
  const { pid, startTime } = ownerOf();
  const dir = join(tmpdir(), `coder-k8s-faults-${pid}-${startTime}`);
  const { state } = layout(dir);
  const lock = `${dir}.lock`;
  try {
    return await withFileLock(lock, async () => {
      if (await exists(state)) return await Cluster.open(state);
      const cluster = await startCluster({ name: `faults-${pid}`, dir });
      await installDefinitions(cluster);
      return await Cluster.open(cluster.statePath);
    });
  } finally {
    await Deno.remove(lock).catch(() => {});
  }
}
