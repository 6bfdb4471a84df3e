/** Replicas that keep things in ConfigMaps of a real cluster, under the rights that are shipped. */
import { CoderControlPlanes } from "../../src/api/control_plane.ts";
import type { ConfigMap } from "../../src/api/kubernetes/types.ts";
import { apiVersionOf } from "../../src/api/object.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { createKeepings, type Keeping, type KeepingOwner, type Keepings } from "../../src/shadow/mod.ts";
import { type Cluster, type FaultRig, sharedCluster } from "../cluster/mod.ts";
import { installOperator } from "../operator/install.ts";

/** Label selector of all that is kept. */
export const KEPT = "aggregation.coder.com/keeps";

export interface KeepingReplica extends AsyncDisposable {
  readonly keepings: Keepings;
  readonly keeping: Keeping;
}

export class KeepingRig implements AsyncDisposable {
  private constructor(
    readonly cluster: Cluster,
    readonly namespace: string,
    readonly faults: FaultRig,
    readonly owner: KeepingOwner,
    private readonly kubeconfig: string,
  ) {}

  /** With one control plane, `acme`, in a namespace of its own. */
  static async start(): Promise<KeepingRig> {
    const cluster = await sharedCluster();
    await installOperator(cluster);
    const faults = await cluster.newFaults();
    const kubeconfig = await cluster.serviceAccountKubeconfig({
      namespace: "coder-system",
      name: "coder-k8s",
      throughFaults: faults,
    });
    const namespace = await cluster.newNamespace("kept");
    return new KeepingRig(cluster, namespace, faults, await controlPlane(cluster, namespace), kubeconfig);
  }

  /** The same control plane, deleted and made anew. */
  async anew(): Promise<KeepingOwner> {
    await this.cluster.kubectl(["delete", "codercontrolplane", "acme", "--namespace", this.namespace]);
    return await controlPlane(this.cluster, this.namespace);
  }

  /** One process, which knows all that is kept. */
  async replica(owner = this.owner): Promise<KeepingReplica> {
    const client = createRestClient({
      connection: loadKubeConfig({ kubeconfig: this.kubeconfig }),
      qps: 1_000,
      burst: 1_000,
    });
    const keepings = createKeepings({ client, namespaces: [this.namespace] });
    const end = new AbortController();
    const run = keepings.run(end.signal);
    await keepings.whenSynced(AbortSignal.timeout(120_000));
    return {
      keepings,
      keeping: keepings.of(owner),
      async [Symbol.asyncDispose]() {
        end.abort(new Error("the test is over"));
        await run;
        client.close();
      },
    };
  }

  /** What is stored. */
  async stored(): Promise<ConfigMap[]> {
    const path = `/api/v1/namespaces/${this.namespace}/configmaps?labelSelector=${KEPT}`;
    return (await this.cluster.request("GET", path)).items;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.faults.close();
  }
}

async function controlPlane(cluster: Cluster, namespace: string): Promise<KeepingOwner> {
  const { group, version, plural, kind } = CoderControlPlanes;
  const { metadata } = await cluster.request(
    "POST",
    `/apis/${group}/${version}/namespaces/${namespace}/${plural}`,
    { apiVersion: apiVersionOf(CoderControlPlanes), kind, metadata: { name: "acme" }, spec: { replicas: 0 } },
  );
  const key = { namespace, name: "acme" };
  return { id: `${namespace}/acme`, namespace, controlPlane: key, uid: metadata.uid };
}
