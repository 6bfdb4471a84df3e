/** What the MCP server is told to do. */
import { TOOLSETS } from "../mcp/tool.ts";

/** Ways to say who one is; `off`: nobody has to, on a loopback address alone. */
export const MCP_AUTH = ["token", "oidc", "proxy", "x509", "off"] as const;
export const MCP_TOOL_NAMES = ["plain", "dotted"] as const;
export { TOOLSETS as MCP_TOOLSETS };

/** Whether calls are put on record in a file, for which the process must be able to write. */
export function writesAuditFile({ mcpAuditLog }: Pick<McpConfig, "mcpAuditLog">): boolean {
  return mcpAuditLog !== "-" && mcpAuditLog !== "off";
}

/** Absent texts and empty lists mean that there is none. */
export interface McpConfig {
  /** Any of these lets somebody in. */
  readonly mcpAuth: readonly (typeof MCP_AUTH)[number][];
  /** Of bearer tokens; empty: that of the API server. */
  readonly mcpTokenAudience: readonly string[];
  /** As clients reach it, with its path. */
  readonly mcpUrl?: string | undefined;
  readonly mcpOidcIssuer?: string | undefined;
  /** Absent: as the issuer's discovery document says. */
  readonly mcpOidcJwksUrl?: string | undefined;
  readonly mcpOidcCaFile?: string | undefined;
  /** Empty: `mcpUrl`. */
  readonly mcpOidcAudience: readonly string[];
  readonly mcpOidcUsernameClaim: string;
  readonly mcpOidcUsernamePrefix: string;
  readonly mcpOidcGroupsClaim?: string | undefined;
  readonly mcpOidcGroupsPrefix: string;
  /** `name=value` */
  readonly mcpOidcRequiredClaims: readonly string[];
  readonly mcpTlsCertFile?: string | undefined;
  readonly mcpTlsPrivateKeyFile?: string | undefined;
  /** Authorities of the certificates of trusted proxies. */
  readonly mcpProxyCaFile?: string | undefined;
  /** Empty: any that an authority has signed. */
  readonly mcpProxyAllowedNames: readonly string[];
  /** Callers without a token for the API server are impersonated there. */
  readonly mcpImpersonate: boolean;
  readonly mcpReadOnly: boolean;
  readonly mcpToolsets: readonly (typeof TOOLSETS)[number][];
  /** Empty: all of the toolsets. */
  readonly mcpAllowTools: readonly string[];
  readonly mcpDenyTools: readonly string[];
  readonly mcpToolNames: (typeof MCP_TOOL_NAMES)[number];
  /** Empty: all. */
  readonly mcpNamespaces: readonly string[];
  readonly mcpAllowedOrigins: readonly string[];
  readonly mcpAllowedHosts: readonly string[];
  /** Requests a second and caller; 0: no limit. */
  readonly mcpRateLimit: number;
  readonly mcpRateBurst: number;
  readonly mcpCallTimeout: number;
  /** In bytes. */
  readonly mcpMaxBody: number;
  readonly mcpMaxStreams: number;
  readonly mcpLegacySse: boolean;
  readonly mcpLegacyElicitation: boolean;
  /** `-`: standard output; `off`: none. */
  readonly mcpAuditLog: string;
  /** Whether the page `/ui` is served. */
  readonly mcpUi: boolean;
  /** As which client of the issuer the page lets people sign in; absent: they paste tokens. */
  readonly mcpUiOidcClientId?: string | undefined;
  /** With spaces between them. */
  readonly mcpUiOidcScopes: string;
}
