/** The environment of the Coder container. */
import type { ControlPlane } from "../api/control_plane.ts";
import type { EnvVar } from "../api/kubernetes/types.ts";
import type { TlsMounts } from "../workload/certificates.ts";
import { type MergedEnv, mergeEnv } from "../workload/env.ts";
import { clusterAccessUrl, RELAY_URL, type ServiceAddress } from "../workload/urls.ts";

/** Where users reach Coder; the operator sets it where nobody else does. */
export const ACCESS_URL = "CODER_ACCESS_URL";

/** What a control plane's Service is reached by. */
export function serviceAddress({ metadata, spec }: ControlPlane): ServiceAddress {
  return {
    name: metadata.name ?? "",
    namespace: metadata.namespace ?? "",
    port: spec.service.port,
    tls: spec.tls.secretNames.length > 0,
  };
}

/** True where the operator would set {@linkcode ACCESS_URL} unless `envFrom` does. */
export function wantsAccessUrl({ spec }: ControlPlane): boolean {
  return spec.envUseClusterAccessURL && !spec.extraEnv.some(({ name }) => name === ACCESS_URL);
}

/** The value of {@linkcode ACCESS_URL} that the operator sets, if it does. `fromSources`: `envFrom` defines it. */
export function injectedAccessUrl(controlPlane: ControlPlane, fromSources: boolean): string | undefined {
  return wantsAccessUrl(controlPlane) && !fromSources
    ? clusterAccessUrl(serviceAddress(controlPlane))
    : undefined;
}

/** The whole environment, in the Go operator's order; each name once, and the user's value wins. */
export function environment(
  { spec }: ControlPlane,
  tls: TlsMounts,
  accessUrl: string | undefined,
): EnvVar[] {
  return mergeEnv([
    { name: "KUBE_POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: "CODER_DERP_SERVER_RELAY_URL", value: RELAY_URL },
    ...(accessUrl === undefined ? [] : [{ name: ACCESS_URL, value: accessUrl }]),
    ...tlsEnvironment(tls),
    ...spec.extraEnv,
  ]).env;
}

/** Names that the user defines more than once. */
export function repeatedNames({ spec }: ControlPlane): MergedEnv["duplicates"] {
  return mergeEnv(spec.extraEnv).duplicates;
}

function tlsEnvironment({ certFiles, keyFiles }: TlsMounts): EnvVar[] {
  if (certFiles.length === 0) return [];
  return [
    { name: "CODER_TLS_ENABLE", value: "true" },
    { name: "CODER_TLS_ADDRESS", value: "0.0.0.0:8443" },
    { name: "CODER_TLS_CERT_FILE", value: certFiles.join(",") },
    { name: "CODER_TLS_KEY_FILE", value: keyFiles.join(",") },
  ];
}
