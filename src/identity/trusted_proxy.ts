/** Who may prove by certificate who they are, or who others are, at a port of our own. */
import { parseCaBundle } from "./certificates.ts";
import type { AuthenticationConfig, RequestHeaderConfig } from "./request_header.ts";
import type { AuthenticationConfigSource } from "./request_header_watch.ts";

export { CertificateError } from "./certificate.ts";

export interface TrustedProxyOptions {
  /** Authorities of the proxies' certificates. They should sign nothing else. */
  readonly caPem: string;
  /** Common names of the proxies. @default {any} */
  readonly allowedNames?: readonly string[] | undefined;
}

/** Headers as the API server's own front proxy sends them. @throws {CertificateError} where the bundle cannot be read */
export function trustedProxy({ caPem, allowedNames = [] }: TrustedProxyOptions): RequestHeaderConfig {
  return {
    ca: parseCaBundle(caPem),
    allowedNames,
    usernameHeaders: ["x-remote-user"],
    uidHeaders: ["x-remote-uid"],
    groupHeaders: ["x-remote-group"],
    extraHeaderPrefixes: ["x-remote-extra-"],
  };
}

export interface OwnPortOptions {
  /** Read each time: it may change. */
  readonly proxy?: RequestHeaderConfig | undefined;
  /** Users' certificates are those of the cluster. @default {users have none} */
  readonly cluster?: Pick<AuthenticationConfigSource, "current" | "hasSynced"> | undefined;
}

/** What certificates mean at a port of our own. The cluster's front proxy speaks for nobody there. */
export function ownPortConfig(
  options: OwnPortOptions,
): Pick<AuthenticationConfigSource, "current" | "hasSynced"> {
  const { cluster } = options;
  return {
    get current(): AuthenticationConfig {
      const { proxy } = options;
      const clientCa = cluster?.current.clientCa;
      const isSafe = proxy !== undefined && !speaksForAll(proxy, clientCa);
      return {
        ...(clientCa === undefined ? {} : { clientCa }),
        ...(isSafe ? { requestHeader: proxy } : {}),
      };
    },
    get hasSynced() {
      return cluster?.hasSynced ?? true;
    },
  };
}

/** Whether every user with a certificate could say to be anybody: such a proxy is not believed. */
export function speaksForAll(
  { ca, allowedNames }: RequestHeaderConfig,
  clientCa: AuthenticationConfig["clientCa"],
): boolean {
  if (allowedNames.length > 0 || clientCa === undefined) return false;
  return ca.authorities.some(({ fingerprint }) =>
    clientCa.authorities.some((other) => other.fingerprint === fingerprint)
  );
}
