/** The ground of the figures of provisioners and workspace proxies: a cluster, Coders, and the compiled operator. */
import type { CoderControlPlane } from "../../src/api/control_plane.ts";
import type { KubeObject } from "../../src/api/object.ts";
import { type Cluster, startCluster, waitFor } from "../cluster/mod.ts";
import { installOperator } from "../operator/install.ts";
import { type OperatorProcess, startOperator } from "../operator/process.ts";
import { addControlPlane, controlPlanesPath, FakeCoders } from "./control_planes.ts";
import { ToldRows } from "./told_rows.ts";

/** How many of everything. */
export interface Sizes {
  provisioners: number;
  /** Control planes that have provisioners. */
  homes: number;
  proxies: number;
}

/** 15 provisioners and 5 proxies for each control plane, whatever the number. */
export function sizesFor(provisioners: number): Sizes {
  return {
    provisioners,
    homes: Math.max(1, Math.round(provisioners / 15)),
    proxies: Math.max(1, Math.round(provisioners / 3)),
  };
}

/** Where everything is. */
export const NAMESPACE = "provisioners";

/** Path of the objects of a kind of ours, by its plural. */
export function pathOf(plural: string): string {
  return `/apis/coder.com/v1alpha1/namespaces/${NAMESPACE}/${plural}`;
}

/** See the file's head. `await using` ends all of it. */
export class Ground implements AsyncDisposable {
  readonly rows = new ToldRows();

  private constructor(
    readonly cluster: Cluster,
    readonly coders: FakeCoders,
    readonly operator: OperatorProcess,
    readonly sizes: Sizes,
    /** Control planes with objects. */
    readonly homes: readonly string[],
    /** Control planes without any: `quiet` stays so. */
    readonly lone: { readonly quiet: string; readonly first: string; readonly second: string },
    private readonly resources: AsyncDisposableStack,
  ) {}

  /** Every control plane has access, licence and entitlement when it resolves. */
  static async start(sizes: Sizes, binary: string): Promise<Ground> {
    await using stack = new AsyncDisposableStack();
    const cluster = stack.use(await startCluster({ name: `bench-provisioners-${Deno.pid}` }));
    const kubeconfig = await installOperator(cluster);
    await cluster.kubectl(["create", "namespace", NAMESPACE]);
    const homes = Array.from({ length: sizes.homes }, (_, index) => `home-${index}`);
    const lone = { quiet: "quiet", first: "lone-a", second: "lone-b" };
    const names = [...homes, ...Object.values(lone)];
    const coders = stack.use(await FakeCoders.start(names));
    for (const [name, { state }] of coders.all) {
      // What pods of workspace proxies are told.
      state.environment.set("CODER_ACCESS_URL", `https://${name}.example.com`);
    }
    const config = `${cluster.dir}/operator.yaml`;
    await Deno.writeTextFile(config, coders.endpoints(NAMESPACE));
    const operator = stack.use(await startOperator({ kubeconfig, binary, args: [`--config=${config}`] }));
    await operator.ready();
    for (const [name, fake] of coders.all) await addControlPlane(cluster, NAMESPACE, name, fake);
    await waitFor(async () => {
      const { items } = await cluster.request("GET", controlPlanesPath(NAMESPACE)) as {
        items: CoderControlPlane[];
      };
      const late = items.find((plane) => !hasAll(plane));
      return late === undefined || Promise.reject(new Error(JSON.stringify(late.status)));
    }, { what: `${names.length} control planes with entitlements`, timeoutMs: 180_000, intervalMs: 1_000 });
    return new Ground(cluster, coders, operator, sizes, homes, lone, stack.move());
  }

  /** The control plane of the object of that number. */
  home(index: number): string {
    return this.homes[index % this.homes.length] ?? "";
  }

  /** Creates an object of ours. */
  create(plural: string, kind: string, name: string, spec: unknown): Promise<KubeObject> {
    const object = { apiVersion: "coder.com/v1alpha1", kind, metadata: { name }, spec };
    return this.cluster.request("POST", pathOf(plural), object);
  }

  /** Resident memory of the operator now, as a row. */
  memory(what: string): void {
    const { rss } = this.operator.memory();
    this.rows.push({
      what: `memory, ${what} (resident)`,
      measured: `${(rss / 1e6).toFixed(0)} MB`,
      value: rss,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.resources.disposeAsync();
  }
}

function hasAll({ status }: CoderControlPlane): boolean {
  return status?.operatorAccessReady === true && status.url !== undefined &&
    status.externalProvisionerDaemonsEntitlement === "entitled";
}
