/** Kubeconfigs of every kind for the real cluster, and clients made from them. */
import { join } from "node:path";
import { loadKubeConfig, type LoadOptions } from "../../src/kube/config/kube_config.ts";
import {
  createRestClient,
  type RestClient,
  type RestClientOptions,
} from "../../src/kube/rest/rest_client.ts";
import { type Cluster, type PolicyRule, serviceAccountUser, sharedCluster } from "../cluster/mod.ts";

export interface ClientHarness {
  cluster: Cluster;
  namespace: string;
  /** As administrator, straight to the API server. */
  admin: RestClient;
  /** A directory for files of the test. */
  directory: string;
  /** Writes a kubeconfig of our making: the API server's address and authority unless told otherwise; its path. */
  kubeconfig(user: object, cluster?: Record<string, unknown>): Promise<string>;
  /** A client from a kubeconfig; closed with the test. */
  client(kubeconfig: string, options?: Partial<RestClientOptions>, load?: LoadOptions): RestClient;
  /** Allows a service account of the namespace some verbs on resources there. */
  allow(name: string, rules: PolicyRule[]): Promise<void>;
}

/** Runs one test in a namespace and a directory of its own. */
export async function withClient(run: (harness: ClientHarness) => Promise<void>): Promise<void> {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("client");
  const directory = await Deno.makeTempDir({ prefix: "client-test-" });
  const clients: RestClient[] = [];
  const client: ClientHarness["client"] = (kubeconfig, options = {}, load = {}) => {
    const made = createRestClient({ connection: loadKubeConfig({ kubeconfig, ...load }), ...options });
    clients.push(made);
    return made;
  };
  try {
    await run({
      cluster,
      namespace,
      directory,
      client,
      admin: client(cluster.kubeconfig),
      async kubeconfig(user, changes = {}) {
        const file = join(directory, `${crypto.randomUUID()}.kubeconfig`);
        const entry = { server: cluster.url, "certificate-authority-data": btoa(cluster.caPem), ...changes };
        await Deno.writeTextFile(
          file,
          JSON.stringify({
            apiVersion: "v1",
            kind: "Config",
            clusters: [{ name: "c", cluster: entry }],
            users: [{ name: "u", user }],
            contexts: [{ name: "ctx", context: { cluster: "c", user: "u", namespace } }],
            "current-context": "ctx",
          }),
        );
        return file;
      },
      async allow(name, rules) {
        const metadata = { name, namespace };
        const apiGroup = "rbac.authorization.k8s.io";
        await cluster.apply([
          { apiVersion: `${apiGroup}/v1`, kind: "Role", metadata, rules },
          {
            apiVersion: `${apiGroup}/v1`,
            kind: "RoleBinding",
            metadata,
            roleRef: { apiGroup, kind: "Role", name },
            subjects: [{ kind: "ServiceAccount", name, namespace }],
          },
        ]);
        await cluster.rightsInForce(serviceAccountUser({ namespace, name }), rules, namespace);
      },
    });
  } finally {
    for (const made of clients) made.close();
    await Deno.remove(directory, { recursive: true });
  }
}
