/** What the aggregated API is served with: files that somebody else renews, or a certificate of our own. */
import {
  type CertificateSource,
  createFileCertificate,
  createSelfManagedCertificate,
} from "../../aggregated/serving/mod.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Core } from "../part.ts";

/** The name of our APIService. */
export const API_SERVICE = "v1alpha1.aggregation.coder.com";

/** Makes it; nothing is read before it runs. */
export function servingCertificate(
  { config, ownNamespace: namespace }: Pick<Core, "config" | "ownNamespace">,
  client: KubeClient,
  log: Logger,
): CertificateSource {
  const { tlsCertFile: certFile, tlsPrivateKeyFile: keyFile, aggregatedService, clusterDomain } = config;
  if (certFile !== undefined && keyFile !== undefined) {
    return createFileCertificate({ certFile, keyFile, log });
  }
  return createSelfManagedCertificate({
    client,
    secret: { namespace, name: `${aggregatedService}-tls` },
    service: { namespace, name: aggregatedService },
    apiService: API_SERVICE,
    clusterDomain,
    log,
  });
}
