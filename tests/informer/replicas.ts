/** Replicas of the aggregated API server over one world, each with copies of its own, behind one APIService. */
import type { AddressInfo } from "node:net";
import { Resources } from "../../src/aggregated/resources/resources.ts";
import { templateStorage, workspaceStorage } from "../../src/aggregated/resources/storages.ts";
import {
  type AnyStorage,
  type ApiServer,
  createApiServer,
  createSelfManagedCertificate,
  type WatchLimits,
} from "../../src/aggregated/serving/mod.ts";
import { createDeployments } from "../../src/coder/mod.ts";
import {
  createAuthenticationConfig,
  createAuthenticator,
  createAuthorizer,
  createTokenReviewer,
  discoveryPaths,
} from "../../src/identity/mod.ts";
import { controlPlaneBackends } from "../../src/inventory/mod.ts";
import { recordingLogger } from "../../src/kube/testing/recording_logger.ts";
import { Health } from "../../src/telemetry/health.ts";
import { allowCertificates, register } from "../aggregated/serving_rig.ts";
import { type Cluster, type FaultRig, serviceAccountUser, waitFor } from "../cluster/mod.ts";
import { identityClient, withdraw } from "../identity/rig.ts";
import { type Balancer, startBalancer } from "./balancer.ts";
import type { Seen } from "./churn.ts";
import type { InformerSpec } from "./types.ts";
import type { Target } from "./wire.ts";
import { type Fact, factOf, type World } from "./world.ts";

const RBAC = "rbac.authorization.k8s.io";
const VERSION = "v1alpha1";
/** Time runs a hundred times as fast: 30 s between two looks at a Coder become 300 ms, half an hour of a watch some seconds. */
const POLL_MS = 300;
/** How long a machine that is busy with other things may take for anything, in milliseconds. */
export const PATIENCE_MS = 180_000;
const WATCH_LIMITS = { minWatchMs: 4_000, bookmarkMs: 700 };

export interface Replica {
  readonly resources: Resources;
  readonly server: ApiServer;
  readonly port: number;
  /** As `expected` of the world. */
  shown(resource: Resource): string[];
  /** What a namespace has, each with its id in Coder, in order. */
  names(resource: Resource, namespace: string): string[];
  /** Of an object by its `namespace/name`. */
  factOf(resource: Resource, key: string): Fact | undefined;
}

const RESOURCES = ["coderworkspaces", "codertemplates"] as const;
export type Resource = typeof RESOURCES[number];

export interface ReplicasRig extends AsyncDisposable {
  readonly group: string;
  readonly namespace: string;
  readonly replicas: readonly Replica[];
  readonly balancer: Balancer;
  /** Of everything that is logged as a warning or an error. */
  readonly logLines: ReturnType<typeof recordingLogger>["lines"];
  /** The replica itself, without the API server before it. */
  direct(replica: number, token: string): Target;
  spec(resource: Resource, spec: Pick<InformerSpec, "name"> & Partial<InformerSpec>): InformerSpec;
  /** A service account that may read everything of the group; a kubeconfig, and its token. */
  reader(throughFaults?: FaultRig): Promise<{ kubeconfig: string; token: string }>;
  /** See {@linkcode Seen}. */
  readonly isSeen: Seen;
  /** Waits until each replica has looked at all: before, it knows nothing of the past of others. */
  ready(): Promise<void>;
  /** Waits until all replicas show what the world has. */
  settled(timeoutMs?: number): Promise<void>;
}

export interface ReplicasOptions {
  readonly random?: () => number;
  /** @default {2} */
  readonly count?: number;
  readonly watchLimits?: Partial<WatchLimits>;
}

/** Starts them, and waits until the API server finds them. */
export async function startReplicas(
  cluster: Cluster,
  world: World,
  { random = Math.random, count = 2, watchLimits = {} }: ReplicasOptions = {},
): Promise<ReplicasRig> {
  const namespace = await cluster.newNamespace("informers");
  const group = `i${crypto.randomUUID().slice(0, 8)}.coder.test`;
  const apiService = `${VERSION}.${group}`;
  const service = { namespace, name: "api" };
  const client = await identityClient(cluster, namespace);
  await allowCertificates(cluster, namespace, apiService);
  const stop = new AbortController();
  const { logger: log, lines: logLines } = recordingLogger();
  const config = createAuthenticationConfig({ client });
  const certificate = createSelfManagedCertificate({
    client,
    secret: { namespace, name: "serving-certificate" },
    service,
    apiService,
    log,
    retryMs: 100,
  });
  const running = [config.run(stop.signal), certificate.run(stop.signal)];
  await config.whenSynced(AbortSignal.timeout(PATIENCE_MS));
  await certificate.whenReady(AbortSignal.timeout(PATIENCE_MS));
  const deployments: { close(): void }[] = [];

  async function start(): Promise<Replica> {
    const resources = new Resources({ log });
    const connections = createDeployments({ budget: { perMinute: 1e9, burst: 1e6 } });
    deployments.push(connections);
    const backends = controlPlaneBackends({
      controlPlanes: { subscribe: (handler) => world.subscribe(handler, () => random() * POLL_MS) },
      listener: resources,
      readToken: (reference) => Promise.resolve(`${reference.secret.namespace}/${reference.secret.name}`),
      connect: ({ metadata }, url) =>
        connections.client(`${metadata.namespace}/${metadata.name}`, { url }, world.token(url)),
      copies: { pollMs: POLL_MS, jitter: 0.5, random, requestTimeoutMs: 20_000 },
      log,
    });
    resources.of(backends);
    running.push(backends.run(stop.signal));
    const server = createApiServer({
      served: { group, version: VERSION },
      storages: [inGroup(group, workspaceStorage(resources)), inGroup(group, templateStorage(resources))],
      authenticate: createAuthenticator({ config, reviewToken: createTokenReviewer({ client }) }),
      authorize: createAuthorizer({
        client,
        publicPaths: ["/healthz", "/livez", "/readyz", ...discoveryPaths([{ group, version: VERSION }])],
      }),
      authentication: config,
      certificate,
      health: new Health(),
      version: { version: "0.1.0", commit: "test", built: "2026-01-01T00:00:00Z" },
      watchLimits: { ...WATCH_LIMITS, ...watchLimits },
      log,
    });
    const { port } = await server.listen({ hostname: "127.0.0.1", port: 0 }) as Pick<AddressInfo, "port">;
    const collections = {
      coderworkspaces: resources.workspaces.collection,
      codertemplates: resources.templates.collection,
    };
    return {
      resources,
      server,
      port,
      shown: (resource) => collections[resource].list().items.map(factOf).sort(),
      names: (resource, namespace) =>
        collections[resource].list(namespace).items
          .map(({ metadata }) => `${namespace}/${metadata.name} ${metadata.uid}`).sort(),
      factOf(resource, key) {
        const [namespace = "", name = ""] = key.split("/");
        const object = collections[resource].get({ namespace, name });
        return object === undefined ? undefined : factOf(object);
      },
    };
  }

  const replicas: Replica[] = [];
  for (let index = 0; index < count; index++) replicas.push(await start());
  const balancer = startBalancer(replicas.map(({ port }) => port), random);
  await register(cluster, { group, version: VERSION, apiService, service, port: balancer.port });
  const { spec } = await cluster.request("GET", `/apis/apiregistration.k8s.io/v1/apiservices/${apiService}`);
  const caPem = atob(spec.caBundle);

  return {
    group,
    namespace,
    replicas,
    balancer,
    logLines,
    direct: (replica, token) => ({
      port: replicas[replica]!.port,
      serverName: `${service.name}.${service.namespace}.svc`,
      caPem,
      token,
    }),
    spec: (resource, spec) => ({ group, version: VERSION, resource, ...spec }),
    async reader(throughFaults) {
      const name = "reader";
      await cluster.apply([
        {
          apiVersion: `${RBAC}/v1`,
          kind: "ClusterRole",
          metadata: { name: `reader-${namespace}` },
          rules: [{ apiGroups: [group], resources: ["*"], verbs: ["get", "list", "watch"] }],
        },
        {
          apiVersion: `${RBAC}/v1`,
          kind: "ClusterRoleBinding",
          metadata: { name: `reader-${namespace}` },
          roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: `reader-${namespace}` },
          subjects: [{ kind: "ServiceAccount", name, namespace }],
        },
      ]);
      // A replica remembers for a while that somebody may not.
      await cluster.rightsInForce(serviceAccountUser({ namespace, name }), [
        { apiGroups: [group], resources: ["*"], verbs: ["get"] },
      ]);
      return {
        kubeconfig: await cluster.serviceAccountKubeconfig({
          namespace,
          name,
          ...(throughFaults === undefined ? {} : { throughFaults }),
        }),
        token: await cluster.serviceAccountToken({ namespace, name }),
      };
    },
    isSeen: ({ namespace, name }, id) =>
      RESOURCES.every((resource) => {
        const wanted = world.expected(resource).filter((one) => one.namespace === namespace);
        if (id === undefined) {
          const names = wanted.map(({ key, uid }) => `${key} ${uid}`).sort();
          return replicas.every((replica) =>
            JSON.stringify(replica.names(resource, namespace)) === JSON.stringify(names)
          );
        }
        return wanted.filter(({ controlPlane, uid }) => controlPlane === name && uid === id)
          .every(({ key, fact }) => replicas.every((replica) => replica.factOf(resource, key) === fact));
      }),
    async ready() {
      const looks = () =>
        replicas.flatMap(({ resources }) =>
          resources.backends().flatMap(({ copy }) => [copy.state("workspaces"), copy.state("templates")])
        ).map(({ completeAt }) => completeAt ?? 0);
      await waitFor(() => looks().every((at) => at > 0), {
        what: "the first lists of all replicas",
        timeoutMs: PATIENCE_MS,
      });
      // As when somebody has asked for something that is no older than now: versions from before the first lists of one
      // replica say nothing to it.
      for (const { resources: { workspaces, templates } } of replicas) {
        for (const { collection } of [workspaces, templates]) collection.checkpoint();
      }
    },
    async settled(timeoutMs = PATIENCE_MS) {
      for (const resource of RESOURCES) {
        for (const [index, replica] of replicas.entries()) {
          await waitFor(
            () =>
              JSON.stringify(replica.shown(resource)) ===
                JSON.stringify(world.expected(resource).map(({ fact }) => fact)),
            {
              what: `replica ${index} to show the ${resource} of Coder`,
              timeoutMs,
            },
          );
        }
      }
    },
    async [Symbol.asyncDispose]() {
      await cluster.request("DELETE", `/apis/apiregistration.k8s.io/v1/apiservices/${apiService}`);
      await balancer[Symbol.asyncDispose]();
      await Promise.all(replicas.map(({ server }) => server.close()));
      stop.abort(new Error("the test is over"));
      await Promise.all(running);
      for (const one of deployments) one.close();
      client.close();
      await withdraw(cluster, namespace);
      for (const name of [`serving-${namespace}`, `reader-${namespace}`]) {
        for (const kind of ["clusterrolebindings", "clusterroles"]) {
          const path = `/apis/${RBAC}/v1/${kind}/${name}`;
          if (await cluster.find(path)) await cluster.request("DELETE", path);
        }
      }
    },
  };
}

/** The same storage under a group of the test's own: tests that run at the same time share one cluster. */
function inGroup(group: string, storage: AnyStorage): AnyStorage {
  const { definition } = storage;
  return { ...storage, definition: { ...definition, type: { ...definition.type, group } } };
}
