/** How Coder is reached: one pool of connections a deployment, directly or through the API server. */
import {
  createDeployments,
  createServiceProxyTransport,
  createSockets,
  createTransport,
  type Deployments,
} from "../coder/mod.ts";
import { KUBE_PROXY_SCHEME, parseKubeProxy, type ReachOptions } from "../operator/visit/reach.ts";
import { createServiceProxySender } from "../kube/rest/service_proxy.ts";
import type { RestClient } from "../kube/rest/rest_client.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { readCoderAuthorities } from "./coder_authorities.ts";
import type { Config } from "./config.ts";
import { proxiedCall, proxiedSocket } from "./proxied_calls.ts";

/** The ways to all Coders, shared by all parts: connections, and the request budget of each deployment. */
export interface CoderAccess {
  readonly deployments: Deployments;
  readonly reach: ReachOptions;
}

/** What they are made with. */
interface CoderCore {
  readonly config: Config;
  readonly client: RestClient;
  readonly metrics: Metrics;
}

/** Makes them. Throws as {@linkcode coderDeployments}. */
export function coderAccess(core: CoderCore): CoderAccess {
  return { deployments: coderDeployments(core), reach: reachOptions(core) };
}

/** Where the operator reaches a control plane's Coder, by the configuration. */
export function reachOptions({ config, client }: CoderCore): ReachOptions {
  const outside = client.connection.source !== "in-cluster";
  const route = config.coderAccess === "auto" ? (outside ? "kube-proxy" : "direct") : config.coderAccess;
  return { endpoints: config.controlPlaneEndpoint, route, clusterDomain: config.clusterDomain };
}

/**
 * The connections to all deployments; `close` ends them.
 * Throws where the file of `--coder-ca-file` cannot be read or holds no certificate.
 */
export function coderDeployments({ client, config, metrics }: CoderCore): Deployments {
  const ca = config.coderCaFile === undefined ? undefined : readCoderAuthorities(config.coderCaFile);
  const sender = createServiceProxySender(client.connection);
  const sockets = createSockets();
  const deployments = createDeployments({
    metrics,
    connect: (_key, address) => {
      const proxied = address.url.startsWith(KUBE_PROXY_SCHEME) ? parseKubeProxy(address.url) : undefined;
      return proxied === undefined
        ? createTransport(ca === undefined ? address : { ca, ...address })
        : createServiceProxyTransport({
          ...proxied,
          send: (request) => proxiedCall(sender, request),
          connect: (request) => proxiedSocket(sender, sockets, request),
        });
    },
  });
  return {
    ...deployments,
    get size() {
      return deployments.size;
    },
    close() {
      deployments.close();
      sockets.close();
      sender.close();
    },
  };
}
