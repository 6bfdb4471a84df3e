/** The same objects twice: in a CustomResourceDefinition, and behind the aggregated API; and three ways to ask. */
import { Buffer } from "node:buffer";
import type { Gadget } from "../../../src/aggregated/serving/testing/gadgets.ts";
import { type Cluster, waitFor } from "../../cluster/mod.ts";
import { readKeyPair } from "../../cluster/state.ts";
import { serveGadgets, type ServingRig } from "../serving_rig.ts";
import { type Address, Caller } from "./caller.ts";
import { gadgetCrd, twinDefinition } from "./gadget_crd.ts";

/** Who answers: kube-apiserver itself, our server behind kube-apiserver, or our server asked directly. */
export type Side = "crd" | "front" | "direct";
export const SIDES: readonly Side[] = ["crd", "front", "direct"];

export interface Twin {
  readonly side: Side;
  readonly group: string;
  readonly caller: Caller;
  /** What stands for `{name}` in paths of cases. */
  readonly words: Map<string, string>;
}

export type GadgetContent = {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  spec: Gadget["spec"];
  status?: Gadget["status"];
};

/** Two kinds with the same objects. */
export class Twins implements AsyncDisposable {
  readonly twins: Readonly<Record<Side, Twin>>;

  private constructor(
    readonly cluster: Cluster,
    readonly rig: ServingRig,
    readonly group: string,
    front: Address,
    direct: Address,
  ) {
    const caller = new Caller(front);
    this.twins = {
      crd: { side: "crd", group, caller, words: new Map() },
      front: { side: "front", group: rig.group, caller, words: new Map() },
      direct: { side: "direct", group: rig.group, caller: new Caller(direct), words: new Map() },
    };
    for (const { group, words } of Object.values(this.twins)) {
      const root = `/apis/${group}/${rig.type.version}`;
      words.set("group", group).set("root", root).set("ns", rig.namespace)
        .set("here", `${root}/namespaces/${rig.namespace}/gadgets`);
    }
  }

  static async start(cluster: Cluster): Promise<Twins> {
    const rig = await serveGadgets(cluster, {
      definition: twinDefinition,
      subresources: (storage) => ({
        status: { verbs: ["get", "patch", "update"], get: (...args) => storage.get(...args) },
      }),
    });
    const group = `c${crypto.randomUUID().slice(0, 8)}.coder.test`;
    await cluster.apply(gadgetCrd(group));
    await waitFor(() => cluster.find(`/apis/${group}/${rig.type.version}/gadgets`), {
      what: "the custom resource to be served",
    });
    const { certPem: cert, keyPem: key } = await readKeyPair(cluster.dir, "admin");
    const secret = `/api/v1/namespaces/${rig.namespace}/secrets/serving-certificate`;
    const { data } = await cluster.request("GET", secret);
    const identity = { host: "127.0.0.1", cert, key };
    return new Twins(cluster, rig, group, {
      ...identity,
      port: cluster.state.ports.apiserver,
      ca: cluster.caPem,
    }, {
      ...identity,
      port: rig.port,
      ca: Buffer.from(data["ca.crt"], "base64").toString("utf8"),
      servername: `api.${rig.namespace}.svc`,
    });
  }

  get namespace(): string {
    return this.rig.namespace;
  }

  /** Creates, or replaces: what kube-apiserver made of it is put behind the aggregated API, field by field. */
  async put(name: string, content: GadgetContent, namespace = this.namespace): Promise<void> {
    const { labels, annotations, spec, status } = content;
    const path = this.#path(namespace, name);
    const body = {
      apiVersion: `${this.group}/v1alpha1`,
      kind: "Gadget",
      metadata: { name, namespace, labels, annotations },
      spec,
    };
    const before = await this.cluster.find(path);
    const stored = before === undefined
      ? await this.cluster.request("POST", this.#path(namespace), body)
      : await this.cluster.request("PUT", path, {
        ...body,
        metadata: { ...body.metadata, resourceVersion: before.metadata.resourceVersion },
      });
    // Where nothing has changed nobody is told.
    if (stored.metadata.resourceVersion !== before?.metadata.resourceVersion) this.#putBehind(stored);
    if (status === undefined) return;
    this.#putBehind(await this.cluster.request("PUT", `${path}/status`, { ...stored, status }));
  }

  #putBehind(stored: unknown): void {
    this.rig.storage.put(JSON.parse(JSON.stringify(stored).replaceAll(this.group, this.rig.group)));
  }

  async remove(name: string, namespace = this.namespace): Promise<void> {
    await this.cluster.request("DELETE", this.#path(namespace, name));
    this.rig.storage.remove({ namespace, name });
  }

  /** The same two kinds, asked by somebody else: a service account without rights, or nobody. */
  async as(who: "stranger" | "nobody"): Promise<Pick<Twins, "twins"> & Disposable> {
    const { namespace, cluster } = this;
    const token = who === "nobody" ? [] : [await cluster.serviceAccountToken({ namespace, name: who })];
    const [crd, front, direct] = SIDES.map((side) => {
      const twin = this.twins[side];
      return { ...twin, caller: twin.caller.as(...token) };
    }) as [Twin, Twin, Twin];
    return {
      twins: { crd, front, direct },
      [Symbol.dispose]: () => [crd, front, direct].forEach(({ caller }) => caller[Symbol.dispose]()),
    };
  }

  /** Keeps the present version of each side under a name. */
  async mark(word: string): Promise<void> {
    const list = await this.cluster.request("GET", this.#path(this.namespace));
    this.twins.crd.words.set(word, list.metadata.resourceVersion);
    for (const side of ["front", "direct"] as const) {
      this.twins[side].words.set(word, this.rig.storage.version);
    }
  }

  /** Makes both forget everything up to now. */
  async compact(): Promise<void> {
    const list = await this.cluster.request("GET", this.#path(this.namespace));
    const { certPem: cert, keyPem: key } = await readKeyPair(this.cluster.dir, "apiserver");
    using etcd = new Caller({
      host: "127.0.0.1",
      port: this.cluster.state.ports.etcd,
      ca: this.cluster.caPem,
      cert,
      key,
    });
    const { code, text } = await etcd.call({
      method: "POST",
      path: "/v3/kv/compaction",
      body: JSON.stringify({ revision: list.metadata.resourceVersion, physical: true }),
    });
    if (code !== 200) throw new Error(`etcd does not compact: ${code} ${text}`);
    this.rig.storage.compact();
  }

  #path(namespace: string, name?: string): string {
    return `/apis/${this.group}/${this.rig.type.version}/namespaces/${namespace}/gadgets${
      name === undefined ? "" : `/${name}`
    }`;
  }

  async [Symbol.asyncDispose]() {
    for (const { caller } of Object.values(this.twins)) caller[Symbol.dispose]();
    await this.cluster.request(
      "DELETE",
      `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.${this.group}`,
    );
    await this.rig[Symbol.asyncDispose]();
  }
}

/** `{here}/a?resourceVersion={now}` for one side. @throws for words that it has not */
export function fill(template: string, { words }: Twin): string {
  return template.replace(/\{(\w+)\}/g, (_, word: string) => {
    const value = words.get(word);
    if (value === undefined) throw new Error(`no side knows {${word}}, in ${template}`);
    return value;
  });
}
