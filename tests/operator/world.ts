/** The ground of a test of the whole: a namespace of the shared cluster, Coders in it, and operators that come and go. */
import { type Cluster, sharedCluster } from "../cluster/mod.ts";
import { CoderHome, type CoderHomeOptions } from "./coder_home.ts";
import { type RunningOperator, type StartControllers, startControllers } from "./controllers.ts";
import { installOperator } from "./install.ts";
import { LiveObjects } from "./live_objects.ts";

export interface WorldOptions {
  /** @default {the shared one} */
  cluster?: Cluster;
  /** The control planes at the start; the first one is `coder`. @default {one, with all defaults} */
  coders?: readonly CoderHomeOptions[];
}

export interface WorldOperatorOptions {
  /** @default {that of the operator's own ServiceAccount, under the shipped RBAC} */
  kubeconfig?: string;
  /** @default {the home namespace and those of all control planes} */
  namespaces?: readonly [string, ...string[]];
}

const installations = new WeakMap<Cluster, Promise<string>>();

/** See the file's head. `await using` ends the Coders and fails where a request broke their rules. */
export class World implements AsyncDisposable {
  readonly #coders: CoderHome[] = [];

  protected constructor(
    /** The home namespace. */
    readonly live: LiveObjects,
    /** Of the operator's own ServiceAccount. */
    readonly kubeconfig: string,
  ) {}

  /** CRDs and RBAC are installed once a cluster; the namespace is new. */
  protected static async ground(
    prefix: string,
    { cluster: own }: WorldOptions,
  ): Promise<{ live: LiveObjects; kubeconfig: string }> {
    const cluster = own ?? await sharedCluster();
    const installed = installations.get(cluster) ?? installOperator(cluster);
    installations.set(cluster, installed);
    const kubeconfig = await installed;
    return { kubeconfig, live: new LiveObjects(cluster, await cluster.newNamespace(prefix)) };
  }

  get cluster(): Cluster {
    return this.live.cluster;
  }

  get namespace(): string {
    return this.live.namespace;
  }

  /** The first control plane. */
  get coder(): CoderHome {
    const [first] = this.#coders;
    if (first === undefined) throw new Error("this world was made without a Coder");
    return first;
  }

  /** All control planes, in the order in which they were made. */
  get coders(): readonly CoderHome[] {
    return this.#coders;
  }

  /** One more control plane; in another namespace where one is given. */
  async addCoder(options: CoderHomeOptions & { namespace?: string } = {}): Promise<CoderHome> {
    const { namespace = this.namespace, ...given } = options;
    const home = await CoderHome.make(new LiveObjects(this.cluster, namespace), given);
    this.#coders.push(home);
    return home;
  }

  /** Runs controllers of the product, who find every control plane's fake under its name. */
  async operator(start: StartControllers, options: WorldOperatorOptions = {}): Promise<RunningOperator> {
    const others = new Set(this.#coders.map(({ namespace }) => namespace));
    others.delete(this.namespace);
    const { kubeconfig = this.kubeconfig, namespaces = [this.namespace, ...others] } = options;
    const endpoints = new Map(this.#coders.map(({ key, fake }) => [key, fake.url]));
    return await startControllers({ kubeconfig, namespaces, endpoints, start });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const home of this.#coders) await home[Symbol.asyncDispose]();
  }
}
