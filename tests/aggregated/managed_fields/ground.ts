/** The kind at the real API server, and what runs on it need. */
import type { ResourceType } from "../../../src/api/object.ts";
import { objectSchema } from "../../../src/aggregated/writing/managed/mod.ts";
import { type Cluster, sharedCluster } from "../../cluster/mod.ts";
import { readKeyPair } from "../../cluster/state.ts";
import { minorOf } from "../../cluster/version.ts";
import { Caller } from "../conformance/caller.ts";
import { registerThings, schema, thingType } from "./kind.ts";
import { MemoryThings } from "./memory_things.ts";
import { RealThings } from "./real_things.ts";
import type { OwnerRef } from "./steps.ts";

export class Ground implements AsyncDisposable {
  readonly #caller: Caller;

  private constructor(
    readonly cluster: Cluster,
    caller: Caller,
    readonly type: ResourceType,
    readonly namespace: string,
    /** Objects that others can belong to. */
    readonly owners: readonly OwnerRef[],
    /** Minor version of Kubernetes. */
    readonly minor: number,
  ) {
    this.#caller = caller;
  }

  static async open(): Promise<Ground> {
    const cluster = await sharedCluster();
    const type = thingType(`g${crypto.randomUUID().slice(0, 8)}.coder.test`);
    await registerThings(cluster, type);
    const namespace = await cluster.newNamespace("managed");
    const owners = await Promise.all(["a", "b", "c"].map(async (name): Promise<OwnerRef> => {
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name } };
      const { metadata } = await cluster.request("POST", `/api/v1/namespaces/${namespace}/configmaps`, body);
      return { name, uid: metadata.uid };
    }));
    const { certPem: cert, keyPem: key } = await readKeyPair(cluster.dir, "admin");
    const address = { host: "127.0.0.1", port: cluster.state.ports.apiserver, ca: cluster.caPem, cert, key };
    return new Ground(cluster, new Caller(address), type, namespace, owners, await minorOf(cluster));
  }

  get apiVersion(): string {
    return `${this.type.group}/${this.type.version}`;
  }

  /** An object at the real API server. */
  real(name: string): RealThings {
    return new RealThings(this.#caller, this.type, this.namespace, name);
  }

  /** An object behind our writer. */
  memory(name: string): MemoryThings {
    const { type, namespace } = this;
    return new MemoryThings({ type, schema }, namespace, name, {
      type,
      schema: objectSchema({ schema }),
      subresource: "status",
      // Of a custom resource, metadata came to be owned through the status, too, though they are not written: until 1.36.
      untouched: this.minor < 36 ? [["spec"]] : [["spec"], ["metadata"]],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#caller[Symbol.dispose]();
    const name = `${this.type.plural}.${this.type.group}`;
    await this.cluster.request("DELETE", `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`);
  }
}
