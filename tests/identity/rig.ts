/** The identity room at work on a real cluster: its own service account, and a small aggregated API that says who asks. */
import { createServer, request, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import {
  askedAuthorities,
  type AuthenticationConfigSource,
  createAuthenticationConfig,
  createAuthenticator,
  createAuthorizer,
  createTokenReviewer,
  type MaybeTlsSocket,
  peerCertificates,
  type Refusal,
} from "../../src/identity/mod.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient, type RestClient } from "../../src/kube/rest/rest_client.ts";
import { type Cluster, type KeyPair, serviceAccountUser } from "../cluster/mod.ts";
import { untilAllowed } from "../deploy/access.ts";

const RBAC = "rbac.authorization.k8s.io";

/** What a server of this kind needs, as the API server's documentation has it: two bindings. */
export interface IdentityRights {
  /** To review tokens and access. @default {true} */
  reviews?: boolean;
  /** To read the authentication ConfigMap. @default {true} */
  config?: boolean;
}

/** A service account of a namespace with these rights, which count already, and a client as it; close the client. */
export async function identityClient(
  cluster: Cluster,
  namespace: string,
  { reviews = true, config = true }: IdentityRights = {},
): Promise<RestClient> {
  const name = "identity";
  const subjects = [{ kind: "ServiceAccount", name, namespace }];
  const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, name });
  if (reviews) {
    await cluster.apply({
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: `identity-${namespace}` },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "system:auth-delegator" },
      subjects,
    });
  }
  if (config) {
    await cluster.apply({
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { name: `identity-${namespace}`, namespace: "kube-system" },
      roleRef: { apiGroup: RBAC, kind: "Role", name: "extension-apiserver-authentication-reader" },
      subjects,
    });
  }
  const configMap = {
    resource: "configmaps",
    namespace: "kube-system",
    name: "extension-apiserver-authentication",
  };
  await untilAllowed(cluster, serviceAccountUser({ namespace, name }), [
    ...(reviews
      ? [
        { verb: "create", group: "authentication.k8s.io", resource: "tokenreviews" },
        { verb: "create", group: "authorization.k8s.io", resource: "subjectaccessreviews" },
      ]
      : []),
    ...(config ? [{ ...configMap, verb: "list" }, { ...configMap, verb: "watch" }] : []),
  ]);
  return createRestClient({ connection: loadKubeConfig({ kubeconfig }) });
}

/** Takes away what `identityClient` gave outside of the namespace. */
export async function withdraw(cluster: Cluster, namespace: string): Promise<void> {
  const paths = [
    `/apis/${RBAC}/v1/clusterrolebindings/identity-${namespace}`,
    `/apis/${RBAC}/v1/namespaces/kube-system/rolebindings/identity-${namespace}`,
  ];
  for (const path of paths) if (await cluster.find(path)) await cluster.request("DELETE", path);
}

/** The server's answer to whoever asks. */
export interface WhoAmI {
  code: number;
  /** Such as `requestheader`; absent for anonymous callers and refusals. */
  method?: string;
  name?: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
  message?: string;
}

/** An aggregated API `<group>/v1` with one resource, `whoami`, that everything in front of has let through. */
export interface WhoAmIServer extends AsyncDisposable {
  readonly group: string;
  readonly path: string;
  readonly port: number;
  readonly config: AuthenticationConfigSource;
  /** Certificates that callers showed, DER in hex. */
  readonly shown: Set<string>;
  /** Asks without the API server between. */
  direct(
    options?: { identity?: KeyPair; headers?: Record<string, string | string[]>; path?: string },
  ): Promise<WhoAmI>;
}

/** Starts it and registers it at the cluster; ends both. */
export async function serveWhoAmI(cluster: Cluster): Promise<WhoAmIServer> {
  const namespace = await cluster.newNamespace("identity");
  const client = await identityClient(cluster, namespace);
  const abort = new AbortController();
  const config = createAuthenticationConfig({ client });
  const running = config.run(abort.signal);
  const authenticate = createAuthenticator({ config, reviewToken: createTokenReviewer({ client }) });
  const authorize = createAuthorizer({ client });
  await config.whenSynced(AbortSignal.timeout(120_000));

  const group = `whoami-${crypto.randomUUID().slice(0, 8)}.example.com`;
  const path = `/apis/${group}/v1/whoami`;
  const service = { namespace, name: "whoami" };
  const serving = await cluster.issueServiceCertificate(service);
  const tls = (): ServerOptions => ({
    cert: serving.certPem,
    key: serving.keyPem,
    ca: askedAuthorities(config.current),
    requestCert: true,
    rejectUnauthorized: false,
  });
  const shown = new Set<string>();
  const server = createServer(tls(), async (incoming, response) => {
    const url = incoming.url?.split("?", 1)[0] ?? "";
    const peer = peerCertificates(incoming.socket as MaybeTlsSocket);
    if (peer !== undefined) shown.add(peer.leaf.toHex());
    const send = (code: number, body: unknown) => {
      response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const refuse = ({ code, reason, message, closeConnection }: Refusal) => {
      if (closeConnection) response.setHeader("connection", "close");
      send(code, { apiVersion: "v1", kind: "Status", status: "Failure", code, reason, message });
    };
    const who = await authenticate({ peer, rawHeaders: incoming.rawHeaders });
    if (who.kind === "refused") return refuse(who.refusal);
    const wanted = url === path
      ? { verb: "list", group, version: "v1", resource: "whoami" }
      : { verb: "get", path: url };
    const answer = await authorize(who.user, wanted);
    if (!answer.allowed) return refuse(answer.refusal);
    if (url !== path) {
      return send(200, { kind: "APIResourceList", groupVersion: `${group}/v1`, resources: [] });
    }
    send(200, { ...who.user, ...(who.kind === "user" ? { method: who.method } : {}) });
  });
  config.subscribe(() => server.setSecureContext(tls()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  await cluster.externalService(service);
  await cluster.apply({
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: `v1.${group}` },
    spec: {
      group,
      version: "v1",
      groupPriorityMinimum: 1000,
      versionPriority: 10,
      caBundle: btoa(cluster.caPem),
      service: { ...service, port },
    },
  });
  return {
    group,
    path,
    port,
    config,
    shown,
    direct: (options = {}) => ask(port, cluster.caPem, { path, ...options }),
    async [Symbol.asyncDispose]() {
      await cluster.request("DELETE", `/apis/apiregistration.k8s.io/v1/apiservices/v1.${group}`);
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      abort.abort(new Error("the test is over"));
      await running;
      client.close();
      await withdraw(cluster, namespace);
    },
  };
}

function ask(
  port: number,
  ca: string,
  { path, identity, headers }: {
    path: string;
    identity?: KeyPair;
    headers?: Record<string, string | string[]>;
  },
): Promise<WhoAmI> {
  const { promise, resolve, reject } = Promise.withResolvers<WhoAmI>();
  const credentials = identity === undefined ? {} : { cert: identity.certPem, key: identity.keyPem };
  request(
    { host: "127.0.0.1", port, path, ca, agent: false, headers, timeout: 10_000, ...credentials },
    (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (chunk) => body += chunk).once("error", reject)
        .once("end", () => resolve({ ...JSON.parse(body), code: answer.statusCode ?? 0 }));
    },
  ).once("error", reject).end();
  return promise;
}
