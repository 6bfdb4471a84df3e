/** One replica of a small operator on the real cluster: cache, election and manager as the product puts them together. */
import { ConfigMaps, Leases } from "../../src/api/kubernetes/resources.ts";
import type { ConfigMap } from "../../src/api/kubernetes/types.ts";
import type { ObjectKey } from "../../src/api/object.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { runLeaderElection } from "../../src/kube/lease/leader_election.ts";
import { createRestClient, type RestClient } from "../../src/kube/rest/rest_client.ts";
import { createSharedCache } from "../../src/kube/cache/shared_cache.ts";
import { createController } from "../../src/reconciler/controller.ts";
import { createManager, type Manager } from "../../src/reconciler/manager.ts";
import type { ReconcileContext } from "../../src/reconciler/reconcile.ts";
import { owned, primary } from "../../src/reconciler/source.ts";
import { contentChanged } from "../../src/reconciler/predicate.ts";
import { Health } from "../../src/telemetry/health.ts";
import { type Cluster, type FaultRig, waitFor } from "../cluster/mod.ts";

/** The Lease that the replicas of a test compete for. */
export const LEASE = "widgets";

/** One run of the reconcile function, on the test's clock. */
export interface Seen {
  replica: string;
  name: string;
  began: number;
  ended?: number;
  aborted?: boolean;
}

export interface ReplicaOptions {
  cluster: Cluster;
  namespace: string;
  name: string;
  kubeconfig: string;
  /** Every pass of every replica. */
  seen: Seen[];
  /** Runs in each pass before the child is written. */
  dwell?: (key: ObjectKey, context: ReconcileContext) => Promise<void>;
}

export interface Replica extends AsyncDisposable {
  readonly manager: Manager;
  readonly health: Health;
  /** Ends it in order; rejects where the manager failed. */
  stop(): Promise<void>;
}

/** Starts a replica whose reconcile function keeps, for each `<name>` with the label, a copy named `<name>-copy`. */
export function startReplica(options: ReplicaOptions): Replica {
  const { namespace, name: replica, kubeconfig, seen, dwell } = options;
  const client = createRestClient({
    connection: loadKubeConfig({ kubeconfig }),
    userAgent: `replica-${replica}`,
  });
  const leases = client.separate();
  const cache = createSharedCache({ client, freeze: true });
  const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
  const health = new Health();
  const isSource = (object: ConfigMap) => object.metadata.labels?.["test"] === "source";
  const end = new AbortController();

  const controller = createController({
    name: "copies",
    resyncMs: 0,
    watches: [
      primary(informer, {
        predicate: {
          added: isSource,
          updated: (before, after) => isSource(after) && (contentChanged.updated?.(before, after) ?? true),
        },
      }),
      owned(informer, ConfigMaps),
    ],
    async reconcile(key, context) {
      const pass: Seen = { replica, name: key.name, began: performance.now() };
      seen.push(pass);
      try {
        const source = informer.get(key);
        if (source === undefined || !isSource(source)) return;
        await dwell?.(key, context);
        await writeCopy(client, source, context.signal);
      } finally {
        pass.ended = performance.now();
        pass.aborted = context.signal.aborted;
      }
    },
  });
  const manager = createManager({
    cache,
    controllers: [controller],
    health,
    election: {
      run: (callbacks) =>
        runLeaderElection({
          ...callbacks,
          client: leases,
          namespace,
          name: LEASE,
          identity: replica,
          leaseDurationMs: 15_000,
          renewDeadlineMs: 10_000,
          retryPeriodMs: 500,
        }),
    },
  });
  const run = manager.run(end.signal);
  run.catch(() => {});
  const stop = async () => {
    end.abort();
    try {
      await run;
    } finally {
      await cache.whenStopped();
      leases.close();
      client.close();
    }
  };
  return { manager, health, stop, [Symbol.asyncDispose]: () => stop().catch(() => {}) };
}

async function writeCopy(client: RestClient, source: ConfigMap, signal: AbortSignal): Promise<void> {
  const { name = "", namespace = "", uid = "" } = source.metadata;
  const body = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: `${name}-copy`,
      namespace,
      ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name, uid, controller: true }],
    },
    data: source.data ?? {},
  };
  const key = { namespace, name: `${name}-copy` };
  await client.patch(ConfigMaps, key, { type: "apply", body, force: true }, {
    signal,
    fieldManager: "copies",
  });
}

/** An administrator's hands on the namespace of a test. */
export interface Admin {
  readonly client: RestClient;
  put(name: string, data: Record<string, string>): Promise<void>;
  /** Waits until every named source has a copy with the given data. */
  copied(expected: Record<string, Record<string, string>>, deadlineMs?: number): Promise<void>;
  holder(): Promise<string>;
}

export function adminOf(cluster: Cluster, namespace: string): Admin {
  const client = createRestClient({ connection: loadKubeConfig({ kubeconfig: cluster.kubeconfig }) });
  return {
    client,
    async put(name, data) {
      const metadata = { name, namespace, labels: { test: "source" } };
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
      await client.patch(ConfigMaps, { namespace, name }, { type: "apply", body, force: true }, {
        fieldManager: "test",
      });
    },
    async copied(expected, deadlineMs = 60_000) {
      await waitFor(async () => {
        const { items } = await client.list(ConfigMaps, { namespace });
        const data = new Map(items.map((item) => [item.metadata.name, JSON.stringify(item.data ?? {})]));
        return Object.entries(expected).every(([name, want]) =>
          data.get(`${name}-copy`) === JSON.stringify(want)
        );
      }, { what: "every source to have its copy", timeoutMs: deadlineMs });
    },
    async holder() {
      const lease = await client.get(Leases, { namespace, name: LEASE });
      return lease.spec?.holderIdentity ?? "";
    },
  };
}

/** A namespace with one service account for each replica that may do everything in it; A's calls go through `faults`. */
export async function setUp(cluster: Cluster, faults: FaultRig) {
  const namespace = await cluster.newNamespace("manager");
  const subjects = ["a", "b"].map((name) => ({ kind: "ServiceAccount", name, namespace }));
  await cluster.apply([{
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "replicas", namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects,
  }], namespace);
  const a = await cluster.serviceAccountKubeconfig({ namespace, name: "a", throughFaults: faults });
  const b = await cluster.serviceAccountKubeconfig({ namespace, name: "b" });
  return { namespace, a, b };
}
