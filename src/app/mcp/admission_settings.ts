/** How callers of the MCP server prove who they are, from the configuration. */
import { CertificateError, trustedProxy } from "../../identity/trusted_proxy.ts";
import type { OidcOptions } from "../../identity/oidc.ts";
import type { RequestHeaderConfig } from "../../identity/mod.ts";
import { isLoopback } from "../../telemetry/loopback.ts";
import type { Config } from "../config.ts";

/** Settings with which nobody may be let in; the message says what to do. */
export class AdmissionConfigError extends Error {
  override readonly name = "AdmissionConfigError";
}

/** Absent ways are closed. */
export interface AdmissionSettings {
  /** Nobody has to prove anything: whoever reaches the port has this process' rights. */
  readonly isOff: boolean;
  /** Kubernetes bearer tokens; empty audiences: that of the API server. */
  readonly tokens?: { readonly audiences: readonly string[] };
  readonly oidc?: OidcOptions;
  readonly proxy?: RequestHeaderConfig;
  /** Where its authority was read, and may be read again. */
  readonly proxyCaFile?: string;
  /** Certificates of the cluster's users. */
  readonly x509: boolean;
  readonly impersonate: boolean;
  /** Sorted; empty: all. */
  readonly namespaces: readonly string[];
}

type McpSettings = Pick<
  Config,
  | "mcpBindAddress"
  | "mcpAuth"
  | "mcpTokenAudience"
  | "mcpUrl"
  | "mcpOidcIssuer"
  | "mcpOidcJwksUrl"
  | "mcpOidcCaFile"
  | "mcpOidcAudience"
  | "mcpOidcUsernameClaim"
  | "mcpOidcUsernamePrefix"
  | "mcpOidcGroupsClaim"
  | "mcpOidcGroupsPrefix"
  | "mcpOidcRequiredClaims"
  | "mcpTlsCertFile"
  | "mcpProxyCaFile"
  | "mcpProxyAllowedNames"
  | "mcpImpersonate"
  | "mcpNamespaces"
>;

/**
 * Reads files that the settings name. The command line has checked the same before; nothing is let in by a way around it.
 *
 * @throws {AdmissionConfigError}
 */
export function admissionSettings(config: McpSettings): AdmissionSettings {
  const { mcpAuth: ways, mcpBindAddress: address } = config;
  const isOff = ways.includes("off");
  if (ways.length === 0) throw wrong("--mcp-auth: there must be a way for callers to prove who they are");
  if (isOff && ways.length > 1) throw wrong("--mcp-auth: off cannot be combined with other ways");
  if (isOff && (address === null || !isLoopback(address.hostname))) {
    throw wrong(
      "--mcp-auth=off needs --mcp-bind-address on a loopback address, such as 127.0.0.1:8090: whoever reaches the port " +
        "has this process' rights. Where a connection comes from means nothing: port-forwards come from loopback",
    );
  }
  const hasTls = config.mcpTlsCertFile !== undefined;
  for (const way of ["proxy", "x509"] as const) {
    if (ways.includes(way) && !hasTls) throw wrong(`--mcp-auth=${way} needs TLS: give --mcp-tls-cert-file`);
  }
  return {
    isOff,
    ...(ways.includes("token") ? { tokens: { audiences: config.mcpTokenAudience } } : {}),
    ...(ways.includes("oidc") ? { oidc: oidcOptions(config) } : {}),
    ...(ways.includes("proxy") ? proxyConfig(config) : {}),
    x509: ways.includes("x509"),
    impersonate: config.mcpImpersonate,
    namespaces: [...new Set(config.mcpNamespaces)].sort(),
  };
}

function oidcOptions(config: McpSettings): OidcOptions {
  const { mcpOidcIssuer: issuer, mcpUrl: url, mcpOidcAudience: audiences } = config;
  if (issuer === undefined) throw wrong("--mcp-auth=oidc needs --mcp-oidc-issuer");
  if (url === undefined) throw wrong("--mcp-auth=oidc needs --mcp-url: clients are told whom tokens are for");
  const caPem = config.mcpOidcCaFile === undefined
    ? undefined
    : readPem("--mcp-oidc-ca-file", config.mcpOidcCaFile);
  return {
    issuer,
    jwksUrl: config.mcpOidcJwksUrl,
    audiences: audiences.length > 0 ? audiences : [url],
    usernameClaim: config.mcpOidcUsernameClaim,
    usernamePrefix: config.mcpOidcUsernamePrefix,
    groupsClaim: config.mcpOidcGroupsClaim,
    groupsPrefix: config.mcpOidcGroupsPrefix,
    requiredClaims: Object.fromEntries(config.mcpOidcRequiredClaims.map(claimOf)),
    caPem,
  };
}

function claimOf(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) throw wrong("--mcp-oidc-required-claims must be name=value");
  return [text.slice(0, at), text.slice(at + 1)];
}

function proxyConfig(
  { mcpProxyCaFile: file, mcpProxyAllowedNames: allowedNames }: McpSettings,
): Required<Pick<AdmissionSettings, "proxy" | "proxyCaFile">> {
  if (file === undefined) throw wrong("--mcp-auth=proxy needs --mcp-proxy-ca-file");
  try {
    const proxy = trustedProxy({ caPem: readPem("--mcp-proxy-ca-file", file), allowedNames });
    return { proxy, proxyCaFile: file };
  } catch (error) {
    if (error instanceof CertificateError) throw wrong(`--mcp-proxy-ca-file: ${file}: ${error.message}`);
    throw error;
  }
}

function readPem(flag: string, file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    throw wrong(`${flag}: ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function wrong(message: string): AdmissionConfigError {
  return new AdmissionConfigError(message);
}
