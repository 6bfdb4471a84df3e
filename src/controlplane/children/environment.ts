/** The environment of the Coder container. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { EnvVar } from "../../api/kubernetes/types.ts";
import { ACCESS_URL, WILDCARD_ACCESS_URL } from "../../workload/access_urls.ts";
import type { TlsMounts } from "../../workload/certificates.ts";
import { type MergedEnv, mergeEnv } from "../../workload/env.ts";
import {
  clusterAccessUrl,
  controlPlaneAddress,
  type IpFamily,
  RELAY_URL,
  relayUrl,
} from "../../workload/urls.ts";
import { signInEnvironment } from "./sign_in.ts";

/**
 * The {@linkcode ACCESS_URL} that the first version of this operator, and the Go operator, would have set. It is part of
 * a stored hash, and of nothing else. `fromSources`: `envFrom` defines it.
 */
export function firstAccessUrl(controlPlane: ControlPlane, fromSources: boolean): string | undefined {
  const { spec } = controlPlane;
  const wanted = spec.envUseClusterAccessURL && !spec.extraEnv.some(({ name }) => name === ACCESS_URL);
  return wanted && !fromSources ? clusterAccessUrl(controlPlaneAddress(controlPlane)) : undefined;
}

/** What the environment is made from beside the spec. */
export interface EnvironmentFacts {
  accessUrl?: string | undefined;
  wildcardAccessUrl?: string | undefined;
  /** Family of the pods' own addresses. @default it is not known */
  family?: IpFamily | undefined;
}

/** The whole environment, in the Go operator's order; each name once, and the user's value wins. */
export function environment(
  { spec }: ControlPlane,
  tls: TlsMounts,
  { accessUrl, wildcardAccessUrl, family }: EnvironmentFacts,
): EnvVar[] {
  return mergeEnv([
    { name: "KUBE_POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: RELAY_URL, value: relayUrl(family) },
    ...(accessUrl === undefined ? [] : [{ name: ACCESS_URL, value: accessUrl }]),
    ...(wildcardAccessUrl === undefined ? [] : [{ name: WILDCARD_ACCESS_URL, value: wildcardAccessUrl }]),
    ...tlsEnvironment(tls),
    ...signInEnvironment(spec),
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
