/** Objects of one namespace as the API server has them now, whatever any cache says. */
import type { Cluster } from "../cluster/mod.ts";
import { waitFor } from "../cluster/mod.ts";

/** A pod, as far as tests ask. */
export interface LivePod {
  readonly name: string;
  readonly uid: string;
  /** Ready, and not being deleted. */
  readonly ready: boolean;
  readonly deleting: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  // deno-lint-ignore no-explicit-any -- as sent
  readonly spec: any;
}

/** See the file's head. Paths are such as `apps/v1/deployments/coder` and `v1/secrets/coder/status`. */
export class LiveObjects {
  constructor(readonly cluster: Cluster, readonly namespace: string) {}

  /** The path that the API server knows. */
  url(resource: string): string {
    const [first = "", second = "", ...rest] = resource.split("/");
    return first === "v1"
      ? `/api/v1/namespaces/${this.namespace}/${[second, ...rest].join("/")}`
      : `/apis/${first}/${second}/namespaces/${this.namespace}/${rest.join("/")}`;
  }

  /** Undefined where there is none. */
  // deno-lint-ignore no-explicit-any -- tests look into objects of any kind
  get(resource: string): Promise<any> {
    return this.cluster.find(this.url(resource));
  }

  /** One request as administrator, under the field manager that is given. */
  // deno-lint-ignore no-explicit-any -- tests look into objects of any kind
  send(method: string, resource: string, body?: unknown, manager?: string): Promise<any> {
    const query = manager === undefined ? "" : `?fieldManager=${manager}`;
    return this.cluster.request(method, this.url(resource) + query, body);
  }

  /** The text at a key of a Secret; undefined where there is none. */
  async secretText(name: string, key: string): Promise<string | undefined> {
    const encoded: string | undefined = (await this.get(`v1/secrets/${name}`))?.data?.[key];
    return encoded === undefined ? undefined : new TextDecoder().decode(Uint8Array.fromBase64(encoded));
  }

  /** A Secret of a user's own, made or overwritten. */
  async putSecret(name: string, texts: Readonly<Record<string, string>>): Promise<void> {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      type: "Opaque",
      stringData: texts,
    };
    const there = await this.get(`v1/secrets/${name}`) !== undefined;
    if (there) await this.send("PATCH", `v1/secrets/${name}`, { stringData: texts });
    else await this.send("POST", "v1/secrets", secret, "a-user");
  }

  /** Pods of a Deployment, by its selector. Empty where there is no Deployment. */
  async pods(deployment: string): Promise<LivePod[]> {
    const object = await this.get(`apps/v1/deployments/${deployment}`);
    if (object === undefined) return [];
    const selector = Object.entries(object.spec.selector.matchLabels).map(([key, value]) =>
      `${key}=${value}`
    );
    const { items } = await this.get(`v1/pods?labelSelector=${encodeURIComponent(selector.join(","))}`);
    // deno-lint-ignore no-explicit-any -- pods as sent
    return items.map(({ metadata, spec, status }: any) => ({
      name: metadata.name,
      uid: metadata.uid,
      deleting: metadata.deletionTimestamp !== undefined,
      ready: metadata.deletionTimestamp === undefined &&
        // deno-lint-ignore no-explicit-any -- conditions as sent
        status.conditions?.some(({ type, status }: any) => type === "Ready" && status === "True") === true,
      annotations: metadata.annotations ?? {},
      spec,
    }));
  }

  /** Waits until a Deployment is rolled out whole: that many pods, all of them ready and of the newest template. */
  async rolledOut(deployment: string, replicas: number): Promise<LivePod[]> {
    return await waitFor(async () => {
      const { metadata, spec, status } = await this.get(`apps/v1/deployments/${deployment}`);
      if (status.observedGeneration !== metadata.generation || (spec.replicas ?? 1) !== replicas) return;
      const { updatedReplicas = 0, availableReplicas = 0 } = status;
      if (updatedReplicas !== replicas || availableReplicas !== replicas) return;
      const pods = await this.pods(deployment);
      return pods.length === replicas && pods.every(({ ready }) => ready) ? pods : undefined;
    }, { what: `${replicas} ready pods of ${deployment}` });
  }

  /**
   * Everything about a workload that a takeover must not change, as text. Not the Deployment's generation: the API server
   * counts changes of its annotations, too.
   */
  async workload(deployment: string): Promise<string> {
    const { metadata, spec } = await this.get(`apps/v1/deployments/${deployment}`);
    const { items } = await this.get("apps/v1/replicasets");
    const sets = items
      // deno-lint-ignore no-explicit-any -- ReplicaSets as sent
      .filter((set: any) => set.metadata.ownerReferences?.[0]?.uid === metadata.uid)
      // deno-lint-ignore no-explicit-any -- ReplicaSets as sent
      .map((set: any) => [set.metadata.uid, set.metadata.generation, set.spec]);
    const pods = (await this.pods(deployment)).map(({ uid }) => uid).sort();
    const { selector, strategy, replicas, template } = spec;
    return JSON.stringify({ uid: metadata.uid, selector, strategy, replicas, template, sets, pods });
  }

  /** Who wrote an object's fields, the status aside, as `manager operation`. */
  async writers(resource: string): Promise<string[]> {
    const { metadata } = await this.get(resource);
    return metadata.managedFields
      // deno-lint-ignore no-explicit-any -- managed fields as sent
      .filter((entry: any) => entry.subresource === undefined)
      // deno-lint-ignore no-explicit-any -- managed fields as sent
      .map((entry: any) => `${entry.manager} ${entry.operation}`);
  }

  /** Reasons of the Events about objects of a name. */
  async eventReasons(name: string): Promise<string[]> {
    const { items } = await this.get("events.k8s.io/v1/events");
    // deno-lint-ignore no-explicit-any -- events as sent
    return items.filter((each: any) => each.regarding?.name === name).map((each: any) => each.reason);
  }
}
