/** An applier on the real cluster with a cache of its own, and a record of all that it asks of the API server. */
import type { KubeObject, ObjectKey, ResourceType } from "../../src/api/object.ts";
import {
  ConfigMaps,
  Deployments,
  Ingresses,
  RoleBindings,
  Secrets,
  ServiceAccounts,
  Services,
} from "../../src/api/kubernetes/resources.ts";
import type { ConfigMap } from "../../src/api/kubernetes/types.ts";
import type { Applier } from "../../src/kube/applier.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { SharedCache } from "../../src/kube/informer.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { createApplier } from "../../src/kube/apply/server_side_apply.ts";
import { createSharedCache } from "../../src/kube/cache/shared_cache.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { type Cluster, sharedCluster, waitFor } from "../cluster/mod.ts";

export type Verb = "get" | "create" | "update" | "patch" | "delete";

/** One request of the applier. */
export interface Recorded {
  verb: Verb;
  resource: string;
  name: string;
  /** `apply` or `json`. */
  patch?: string;
}

export interface ApplyHarness {
  cluster: Cluster;
  namespace: string;
  /** What tests use themselves: not recorded. */
  client: KubeClient;
  cache: SharedCache;
  applier: Applier;
  /** A stored object that owns what the tests apply; real, because garbage collection is real. */
  owner: ConfigMap;
  /** What the applier asked for, since the last `clear`. */
  requests: Recorded[];
  clear(): void;
  /** Runs once, before the next request of the applier for which `when` holds: the other writer in a race. */
  before(when: (request: Recorded) => boolean, run: () => Promise<unknown>): void;
  /** A second applier with the same cache that remembers nothing, as after a restart. */
  restarted(): Applier;
  /** The live object. */
  live<T extends KubeObject>(type: ResourceType<T>, name: string): Promise<T>;
  /** Waits until the cache shows the version that the server has. */
  caughtUp(type: ResourceType, name: string): Promise<void>;
}

/** Runs one test in a namespace of its own. */
export async function withApplier(run: (harness: ApplyHarness) => Promise<void>): Promise<void> {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("apply");
  const client = createRestClient({ connection: loadKubeConfig({ kubeconfig: cluster.kubeconfig }) });
  const stop = new AbortController();
  const cache = createSharedCache({ client, freeze: true });
  try {
    const kinds = [Deployments, Services, ServiceAccounts, Ingresses, RoleBindings];
    for (const type of kinds) cache.informer(type as ResourceType, { namespaces: [namespace] });
    for (const type of [Secrets, ConfigMaps]) {
      cache.informer(type as ResourceType, { namespaces: [namespace], metadataOnly: true });
    }
    cache.start(stop.signal);
    await cache.whenSynced(AbortSignal.timeout(60_000));
    const owner = await newOwner(client, namespace, "coder");
    const recorder = record(client);
    const make = () => createApplier({ client: recorder.client, cache, log: silentLogger });
    await run({
      cluster,
      namespace,
      client,
      cache,
      owner,
      applier: make(),
      restarted: make,
      requests: recorder.requests,
      clear: () => void recorder.requests.splice(0),
      before: recorder.before,
      live: (type, name) => client.get(type, { namespace, name }),
      caughtUp: async (type, name) => {
        await waitFor(async () => {
          const live = await client.get(type, { namespace, name });
          const cached = cache.informer(type).get({ namespace, name });
          return cached?.metadata.resourceVersion === live.metadata.resourceVersion;
        }, { what: `the cache to show ${name} as it is`, intervalMs: 20 });
      },
    });
  } finally {
    stop.abort();
    await cache.whenStopped();
    client.close();
  }
}

/** Stores an object that can own others. */
export async function newOwner(client: KubeClient, namespace: string, name: string): Promise<ConfigMap> {
  const stored = await client.create(ConfigMaps, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace, name },
  });
  return { ...stored, apiVersion: "v1", kind: "ConfigMap" };
}

function record(client: KubeClient) {
  const requests: Recorded[] = [];
  let pending: { when: (request: Recorded) => boolean; run: () => Promise<unknown> } | undefined;
  const note = async (verb: Verb, type: ResourceType, name: string, patch?: string) => {
    const request: Recorded = {
      verb,
      resource: type.plural,
      name,
      ...(patch === undefined ? {} : { patch }),
    };
    if (pending?.when(request)) {
      const { run } = pending;
      pending = undefined;
      await run();
    }
    requests.push(request);
  };
  const recorded: KubeClient = {
    get: async (type, key: ObjectKey, options) => {
      await note("get", type, key.name);
      return await client.get(type, key, options);
    },
    create: async (type, object, options) => {
      await note("create", type, object.metadata.name ?? "");
      return await client.create(type, object, options);
    },
    update: async (type, object, options) => {
      await note("update", type, object.metadata.name ?? "");
      return await client.update(type, object, options);
    },
    patch: async (type, key, patch, options) => {
      await note("patch", type, key.name, patch.type);
      return await client.patch(type, key, patch, options);
    },
    delete: async (type, key, options) => {
      await note("delete", type, key.name);
      return await client.delete(type, key, options);
    },
    list: (type, options) => client.list(type, options),
    watch: (type, options) => client.watch(type, options),
    raw: (method, path, options) => client.raw(method, path, options),
  };
  const before: ApplyHarness["before"] = (when, run) => {
    pending = { when, run };
  };
  return { client: recorded, requests, before };
}
