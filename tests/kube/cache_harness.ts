/** A shared cache on the real cluster, as a service account with exactly the rights that a test gives it. */
import assert from "node:assert/strict";
import { keyOf, keyText, type KubeObject, type ResourceType } from "../../src/api/object.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { Informer, InformerHandler } from "../../src/kube/informer.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import {
  createSharedCache,
  type RunningCache,
  type SharedCacheOptions,
} from "../../src/kube/cache/shared_cache.ts";
import {
  type Cluster,
  type FaultRig,
  type PolicyRule,
  serviceAccountUser,
  sharedCluster,
  waitFor,
} from "../cluster/mod.ts";

/** Reading what these tests look at; `objects` of the core group only. */
export const READ_CORE: PolicyRule = {
  apiGroups: [""],
  resources: ["configmaps", "secrets", "services"],
  verbs: ["get", "list", "watch"],
};
/** Watching for kinds that come and go. */
export const READ_CRDS: PolicyRule = {
  apiGroups: ["apiextensions.k8s.io"],
  resources: ["customresourcedefinitions"],
  verbs: ["list", "watch"],
};

export interface CacheHarnessOptions {
  /** @default {the shared cluster} */
  cluster?: Cluster;
  /** Rights in the test's namespace. */
  rules?: readonly PolicyRule[];
  /** Rights everywhere. */
  clusterRules?: readonly PolicyRule[];
  cache?: Partial<SharedCacheOptions>;
  /** Puts something between the cache and its client. */
  wrap?: (client: KubeClient) => KubeClient;
}

export interface CacheHarness {
  cluster: Cluster;
  namespace: string;
  /** What the cache reads through: everything may be broken here. */
  faults: FaultRig;
  /** The administrator, past all faults. */
  admin: KubeClient;
  cache: RunningCache;
  /** The cache's user, as the audit log names it. */
  user: string;
  signal: AbortSignal;
  /** Lines at warning level and above. */
  logged: string[];
  /** Starts the cache and waits until it has synced. */
  start(): Promise<void>;
  /** Sets the rights of the cache's user in a namespace; none takes them away. */
  allow(namespace: string, rules: readonly PolicyRule[]): Promise<void>;
}

/** Runs one test in a namespace of its own; afterwards nothing of the cache may be left. */
export async function withCache(
  options: CacheHarnessOptions,
  run: (harness: CacheHarness) => Promise<void>,
): Promise<void> {
  const cluster = options.cluster ?? await sharedCluster();
  const namespace = await cluster.newNamespace("cache");
  const account = { namespace, name: "cache" };
  const faults = await cluster.newFaults();
  const kubeconfig = await cluster.serviceAccountKubeconfig({ ...account, throughFaults: faults });
  const client = createRestClient({ connection: loadKubeConfig({ kubeconfig }) });
  const admin = createRestClient({ connection: loadKubeConfig({ kubeconfig: cluster.kubeconfig }) });
  const abort = new AbortController();
  const logged: string[] = [];
  const log = {
    debug: () => {},
    info: () => {},
    warn: (message: string) => void logged.push(message),
    error: (message: string) => void logged.push(message),
    child: () => log,
  };
  const cache = createSharedCache({
    client: options.wrap?.(client) ?? client,
    freeze: true,
    log,
    ...options.cache,
  });
  const subjects = [{ kind: "ServiceAccount", ...account }];
  const rbac = { apiVersion: "rbac.authorization.k8s.io/v1" };
  const allow = async (where: string, rules: readonly PolicyRule[]) => {
    const metadata = { name: `cache-of-${namespace}`, namespace: where };
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadata.name };
    await cluster.apply([
      { ...rbac, kind: "Role", metadata, rules },
      { ...rbac, kind: "RoleBinding", metadata, roleRef, subjects },
    ]);
    await cluster.rightsInForce(serviceAccountUser(account), rules, where);
  };
  if (options.rules) await allow(namespace, options.rules);
  if (options.clusterRules) {
    const metadata = { name: `cache-of-${namespace}` };
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: metadata.name };
    await cluster.apply([
      { ...rbac, kind: "ClusterRole", metadata, rules: options.clusterRules },
      { ...rbac, kind: "ClusterRoleBinding", metadata, roleRef, subjects },
    ]);
    await cluster.rightsInForce(serviceAccountUser(account), options.clusterRules);
  }
  try {
    await run({
      cluster,
      namespace,
      faults,
      admin,
      cache,
      user: serviceAccountUser(account),
      signal: abort.signal,
      logged,
      allow,
      async start() {
        cache.start(abort.signal);
        await cache.whenSynced(AbortSignal.any([abort.signal, AbortSignal.timeout(60_000)]));
      },
    });
  } finally {
    abort.abort(new Error("the test is over"));
    await cache.whenStopped();
    client.close();
    admin.close();
    await faults.close();
  }
}

/** A ConfigMap. */
export function configMap(namespace: string, name: string, data: Record<string, string> = {}, labels = {}) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name, labels }, data };
}

/** A CRD of a group that no other test has: cheap to create, established in a moment. */
export function testCrd(group: string, plural = "gizmos") {
  const kind = "Gizmo";
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural, singular: "gizmo", kind, listKind: `${kind}List` },
      versions: [{
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      }],
    },
  };
}

/** Its kind. */
export function testKind(group: string, plural = "gizmos"): ResourceType {
  return { group, version: "v1", kind: "Gizmo", plural, namespaced: true };
}

/** Resource versions by key, as the server has them now. */
export async function truthOf(
  admin: KubeClient,
  type: ResourceType,
  namespace: string,
): Promise<Record<string, string>> {
  return versions((await admin.list(type, { namespace })).items);
}

/** The same of anything else. */
export function versions(objects: Iterable<KubeObject>): Record<string, string> {
  const pairs = [...objects].map((object): [string, string] => [
    keyText(keyOf(object)),
    object.metadata.resourceVersion ?? "",
  ]);
  return Object.fromEntries(pairs.sort(([left], [right]) => left < right ? -1 : 1));
}

/** Waits until the cache shows exactly what the server has in a namespace. */
export async function waitForTruth(
  harness: Pick<CacheHarness, "admin" | "namespace">,
  informer: Informer,
  timeoutMs = 60_000,
): Promise<void> {
  await waitFor(async () => {
    const truth = await truthOf(harness.admin, informer.type, harness.namespace);
    assert.deepEqual(versions(informer.list({ namespace: harness.namespace })), truth);
    return true;
  }, { what: "the cache to equal the server", timeoutMs });
}

/** A subscriber that keeps a copy of its own from what it is told, and fails on what makes no sense. */
export function mirror(): {
  known: Map<string, KubeObject>;
  errors: string[];
  handler: InformerHandler<KubeObject>;
} {
  const known = new Map<string, KubeObject>();
  const errors: string[] = [];
  const key = (object: KubeObject) => keyText(keyOf(object));
  const handler: InformerHandler<KubeObject> = {
    added(object) {
      if (known.has(key(object))) errors.push(`${key(object)} was added twice`);
      known.set(key(object), object);
    },
    updated(before, after) {
      if (known.get(key(after)) !== before) errors.push(`${key(after)} changed from what was not told last`);
      known.set(key(after), after);
    },
    deleted(object) {
      if (!known.delete(key(object))) errors.push(`${key(object)} went without having been there`);
    },
  };
  return { known, errors, handler };
}
