/** The generic API server at work behind a real kube-apiserver: a group of its own, gadgets in memory, real identities. */
import { createApiServer } from "../../src/aggregated/serving/mod.ts";
import {
  type ApiServer,
  type CertificateSource,
  createSelfManagedCertificate,
  type ResourceDefinition,
  type SelfManagedOptions,
} from "../../src/aggregated/serving/mod.ts";
import {
  type Gadget,
  gadget,
  inGroup,
  writableGadgetDefinition,
} from "../../src/aggregated/serving/testing/gadgets.ts";
import { MemoryStorage } from "../../src/aggregated/serving/testing/memory_storage.ts";
import type { ResourceType } from "../../src/api/object.ts";
import {
  createAuthenticationConfig,
  createAuthenticator,
  createAuthorizer,
  createTokenReviewer,
  discoveryPaths,
} from "../../src/identity/mod.ts";
import type { RestClient } from "../../src/kube/rest/rest_client.ts";
import { recordingLogger } from "../../src/kube/testing/recording_logger.ts";
import { Health } from "../../src/telemetry/health.ts";
import { PrometheusMetrics } from "../../src/telemetry/prometheus.ts";
import { type Cluster, waitFor } from "../cluster/mod.ts";
import { identityClient, withdraw } from "../identity/rig.ts";

const RBAC = "rbac.authorization.k8s.io";

export interface ServingRig extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly group: string;
  /** `/apis/<group>/v1alpha1`. */
  readonly root: string;
  readonly type: ResourceType<Gadget>;
  readonly namespace: string;
  readonly storage: MemoryStorage<Gadget>;
  readonly server: ApiServer;
  readonly port: number;
  readonly certificate: CertificateSource;
  readonly metrics: PrometheusMetrics;
  /** What was asked of the storage, as `verb user`. */
  readonly asked: string[];
  readonly logLines: ReturnType<typeof recordingLogger>["lines"];
  /** Names with their group, for kubectl. */
  readonly resource: string;
  /** A gadget of this group. */
  make(name: string, options?: Parameters<typeof gadget>[2] & { namespace?: string }): Gadget;
}

export interface RigOptions {
  /** @default {writableGadgetDefinition} */
  readonly definition?: ResourceDefinition<Gadget>;
  /** @default none */
  readonly subresources?: (storage: MemoryStorage<Gadget>) => MemoryStorage<Gadget>["subresources"];
  /** Lives of certificates. */
  readonly certificate?: Pick<SelfManagedOptions, "authorityMs" | "servingMs" | "overlapMs" | "lookMs">;
}

/** Starts the server, registers it, and waits until the API server calls it available. */
export async function serveGadgets(cluster: Cluster, options: RigOptions = {}): Promise<ServingRig> {
  const namespace = await cluster.newNamespace("serving");
  const group = `g${crypto.randomUUID().slice(0, 8)}.coder.test`;
  const version = "v1alpha1";
  const apiService = `${version}.${group}`;
  const service = { namespace, name: "api" };
  const client = await identityClient(cluster, namespace);
  await allowCertificates(cluster, namespace, apiService);

  const stop = new AbortController();
  const { logger: log, lines: logLines } = recordingLogger();
  const metrics = new PrometheusMetrics();
  const config = createAuthenticationConfig({ client });
  const certificate = createSelfManagedCertificate({
    client,
    secret: { namespace, name: "serving-certificate" },
    service,
    apiService,
    log,
    retryMs: 100,
    ...options.certificate,
  });
  const storage = new MemoryStorage(
    inGroup(group, options.definition ?? writableGadgetDefinition),
    BigInt(Date.now()) * 1_000_000n,
  );
  storage.subresources = options.subresources?.(storage) ?? {};
  const asked: string[] = [];
  storage.hook = (what, { user }) => void asked.push(`${what} ${user.name}`);
  const server = createApiServer({
    served: { group, version },
    storages: [storage],
    authenticate: createAuthenticator({ config, reviewToken: createTokenReviewer({ client }) }),
    authorize: createAuthorizer({
      client,
      publicPaths: ["/healthz", "/livez", "/readyz", ...discoveryPaths([{ group, version }])],
    }),
    authentication: config,
    certificate,
    health: new Health(),
    version: { version: "0.1.0", commit: "test", built: "2026-01-01T00:00:00Z" },
    scrape: metrics,
    metrics,
    log,
  });
  const running = [config.run(stop.signal), certificate.run(stop.signal)];
  await config.whenSynced(AbortSignal.timeout(120_000));
  await certificate.whenReady(AbortSignal.timeout(120_000));
  const { port } = await server.listen({ hostname: "127.0.0.1", port: 0 });
  await register(cluster, { group, version, apiService, service, port });
  return {
    cluster,
    group,
    root: `/apis/${group}/${version}`,
    type: storage.definition.type,
    namespace,
    storage,
    server,
    port,
    certificate,
    metrics,
    asked,
    logLines,
    resource: `gadgets.${group}`,
    make(name, { namespace: other, ...rest } = {}) {
      return { ...gadget(other ?? namespace, name, rest), apiVersion: `${group}/${version}` };
    },
    async [Symbol.asyncDispose]() {
      await cluster.request("DELETE", `/apis/apiregistration.k8s.io/v1/apiservices/${apiService}`);
      await server.close();
      stop.abort(new Error("the test is over"));
      await Promise.all(running);
      close(client);
      await withdraw(cluster, namespace);
      await cluster.request("DELETE", `/apis/${RBAC}/v1/clusterroles/serving-${namespace}`);
      await cluster.request("DELETE", `/apis/${RBAC}/v1/clusterrolebindings/serving-${namespace}`);
    },
  };
}

/** An APIService as a manifest has it: without a bundle, which the server writes itself. */
export async function register(
  cluster: Cluster,
  { group, version, apiService, service, port }: {
    group: string;
    version: string;
    apiService: string;
    service: { namespace: string; name: string };
    port: number;
  },
): Promise<void> {
  await cluster.externalService(service);
  await cluster.apply({
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: apiService },
    spec: {
      group,
      version,
      groupPriorityMinimum: 1_000,
      versionPriority: 100,
      service: { ...service, port },
    },
  });
  await waitFor(async () => {
    const { status, spec } = await cluster.request(
      "GET",
      `/apis/apiregistration.k8s.io/v1/apiservices/${apiService}`,
    );
    return spec.caBundle !== undefined &&
      status?.conditions?.some(({ type, status }: Record<string, string>) =>
        type === "Available" && status === "True"
      );
  }, { what: `the APIService ${apiService} to be available`, timeoutMs: 120_000 });
  await waitFor(async () => {
    const { stdout } = await cluster.kubectl(["api-resources", "--api-group", group, "-o", "name"]);
    return stdout.trim() !== "";
  }, { what: `the API server to have discovered ${group}`, timeoutMs: 120_000 });
}

/** What keeping certificates needs: one Secret, and one field of one APIService. */
export async function allowCertificates(
  cluster: Cluster,
  namespace: string,
  apiService: string,
): Promise<void> {
  const subjects = [{ kind: "ServiceAccount", name: "identity", namespace }];
  await cluster.apply([
    {
      apiVersion: `${RBAC}/v1`,
      kind: "Role",
      metadata: { name: "serving", namespace },
      rules: [
        { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
        {
          apiGroups: [""],
          resources: ["secrets"],
          resourceNames: ["serving-certificate"],
          verbs: ["get", "update"],
        },
      ],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { name: "serving", namespace },
      roleRef: { apiGroup: RBAC, kind: "Role", name: "serving" },
      subjects,
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: { name: `serving-${namespace}` },
      rules: [{
        apiGroups: ["apiregistration.k8s.io"],
        resources: ["apiservices"],
        resourceNames: [apiService],
        verbs: ["get", "patch"],
      }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: `serving-${namespace}` },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: `serving-${namespace}` },
      subjects,
    },
  ]);
}

function close(client: RestClient): void {
  client.close();
}
