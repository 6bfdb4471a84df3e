/** The options of the MCP server, as part of the one schema. */
import { MCP_AUTH, MCP_TOOL_NAMES, MCP_TOOLSETS } from "../app/config.ts";
import { type OptionMeta, optionMeta } from "./option_meta.ts";
import {
  boolean,
  choice,
  choices,
  duration,
  httpUrl,
  namespaceList,
  number,
  text,
  textList,
  textOrEmpty,
} from "./values.ts";

const of = (meta: Omit<OptionMeta, "group">): OptionMeta => ({ group: "MCP server", ...meta });
const file = (help: string, what: string) =>
  text(what).optional().register(optionMeta, of({ value: "file", file: true, help }));

export const mcpOptions = {
  mcpAuth: choices(MCP_AUTH).prefault(["token"]).register(
    optionMeta,
    of({
      value: "way,...",
      choices: MCP_AUTH,
      repeat: true,
      defaultText: "token",
      help:
        "How callers prove who they are: a Kubernetes bearer token, --mcp-oidc-*, a trusted proxy (--mcp-proxy-*), a " +
        "client certificate of the cluster's, or off, on loopback alone.",
    }),
  ),
  mcpTokenAudience: textList("an audience").prefault([]).register(
    optionMeta,
    of({
      value: "name,...",
      repeat: true,
      defaultText: "the API server's own",
      help:
        "Audiences that Kubernetes bearer tokens may be for. Tokens for another one than the API server's are not " +
        "handed on to it.",
    }),
  ),
  mcpUrl: httpUrl().optional().register(
    optionMeta,
    of({
      value: "url",
      help: "Where clients reach the endpoint, path included: https://mcp.example.com/mcp.",
    }),
  ),
  mcpOidcIssuer: httpUrl({ isExact: true }).optional().register(
    optionMeta,
    of({ value: "url", help: "The OpenID Connect issuer whose tokens are taken; needs --mcp-url." }),
  ),
  mcpOidcJwksUrl: httpUrl().optional().register(
    optionMeta,
    of({ value: "url", defaultText: "as the issuer says", help: "Where the issuer's keys are." }),
  ),
  mcpOidcCaFile: file("Certificates to verify the issuer's with.", "the path of a PEM file"),
  mcpOidcAudience: textList("an audience").prefault([]).register(
    optionMeta,
    of({
      value: "name,...",
      repeat: true,
      defaultText: "--mcp-url",
      help: "Audiences of its tokens; one must match.",
    }),
  ),
  mcpOidcUsernameClaim: text("the name of a claim").prefault("sub").register(
    optionMeta,
    of({ value: "claim", help: "The claim that is the user's name." }),
  ),
  mcpOidcUsernamePrefix: textOrEmpty().prefault("oidc:").register(
    optionMeta,
    of({ value: "text", help: "Comes before such names, so that nobody is taken for somebody else." }),
  ),
  mcpOidcGroupsClaim: text("the name of a claim").optional().register(
    optionMeta,
    of({ value: "claim", help: "The claim with the user's groups." }),
  ),
  mcpOidcGroupsPrefix: textOrEmpty().prefault("oidc:").register(
    optionMeta,
    of({ value: "text", help: "Comes before such groups, for the same reason." }),
  ),
  mcpOidcRequiredClaims: textList("name=value").prefault([]).register(
    optionMeta,
    of({ value: "name=value,...", repeat: true, help: "Claims that a token must have." }),
  ),
  mcpTlsCertFile: file(
    "Certificate chain to serve with; read again when it changes. Without it the endpoint is plain HTTP.",
    "the path of a PEM file",
  ),
  mcpTlsPrivateKeyFile: file("The private key of --mcp-tls-cert-file.", "the path of a PEM file"),
  mcpProxyCaFile: file(
    "Certificates that have signed those of trusted proxies, whose X-Remote-* headers say who is calling.",
    "the path of a PEM file",
  ),
  mcpProxyAllowedNames: textList("a common name").prefault([]).register(
    optionMeta,
    of({
      value: "name,...",
      repeat: true,
      defaultText: "all",
      help: "Common names that such certificates may have.",
    }),
  ),
  mcpImpersonate: boolean().prefault("false").register(
    optionMeta,
    of({
      help:
        "Call Kubernetes as callers who have no token for it, by impersonation; needs deploy/components/" +
        "mcp-impersonation.",
    }),
  ),
  mcpReadOnly: boolean().prefault("false").register(
    optionMeta,
    of({ help: "Offer no tool that changes anything." }),
  ),
  mcpToolsets: choices(MCP_TOOLSETS).prefault(["core"]).register(
    optionMeta,
    of({
      value: "name,...",
      choices: MCP_TOOLSETS,
      repeat: true,
      defaultText: "core",
      help: "Groups of tools that clients get; each tool costs every conversation tokens.",
    }),
  ),
  mcpAllowTools: textList("the name of a tool").prefault([]).register(
    optionMeta,
    of({ value: "name,...", repeat: true, help: "These tools and no others, of whatever group." }),
  ),
  mcpDenyTools: textList("the name of a tool").prefault([]).register(
    optionMeta,
    of({ value: "name,...", repeat: true, help: "Tools that are not offered." }),
  ),
  mcpToolNames: choice(MCP_TOOL_NAMES).prefault("plain").register(
    optionMeta,
    of({
      value: "form",
      choices: MCP_TOOL_NAMES,
      help:
        "Names of tools: plain ones (letters, digits, _ and -) are taken by every client, dotted ones are as documents have them.",
    }),
  ),
  mcpNamespaces: namespaceList().prefault([]).register(
    optionMeta,
    of({ value: "name,...", repeat: true, defaultText: "all", help: "Namespaces that tools reach." }),
  ),
  mcpAllowedOrigins: textList("an origin").prefault([]).register(
    optionMeta,
    of({ value: "origin,...", repeat: true, help: "Web pages that may call: https://app.example.com." }),
  ),
  mcpAllowedHosts: textList("a host name").prefault([]).register(
    optionMeta,
    of({
      value: "host,...",
      repeat: true,
      defaultText: "loopback names on a loopback address, all otherwise",
      help: "Names in the Host header that are answered.",
    }),
  ),
  mcpRateLimit: number({ min: 0, max: 1_000_000, fraction: true }).prefault("50").register(
    optionMeta,
    of({ value: "number", help: "Requests a second that one caller may make; 0 means no limit." }),
  ),
  mcpRateBurst: number({ min: 1, max: 1_000_000 }).prefault("200").register(
    optionMeta,
    of({ value: "number", help: "Requests of a caller that may come at once." }),
  ),
  mcpCallTimeout: duration({ min: 1_000, max: 3_600_000 }).prefault("60s").register(
    optionMeta,
    of({ value: "duration", help: "Deadline of one call; tools that wait end with it." }),
  ),
  mcpMaxBody: number({ min: 1_024, max: 104_857_600 }).prefault("4194304").register(
    optionMeta,
    of({ value: "bytes", help: "The largest request; larger ones are answered with 413." }),
  ),
  mcpMaxStreams: number({ min: 1, max: 100_000 }).prefault("1024").register(
    optionMeta,
    of({ value: "number", help: "Streams that may be open at a time." }),
  ),
  mcpLegacySse: boolean().prefault("false").register(
    optionMeta,
    of({
      help: "Serve the transport of 2024 too (GET /sse): with several replicas it needs session affinity.",
    }),
  ),
  mcpLegacyElicitation: boolean().prefault("false").register(
    optionMeta,
    of({
      help:
        "Ask people through clients of before 2026 too, over HTTP: with several replicas it does not work.",
    }),
  ),
  mcpAuditLog: text("a path, - or off").prefault("-").register(
    optionMeta,
    of({
      value: "file",
      file: true,
      help: "Where every call is put on record: a file, - (standard output) or off.",
    }),
  ),
  mcpUi: boolean().prefault("true").register(
    optionMeta,
    of({ help: "Serve a page for people at /ui, which shows what they may see." }),
  ),
  mcpUiOidcClientId: text("a client ID").optional().register(
    optionMeta,
    of({
      value: "id",
      help: "The page's public client at --mcp-oidc-issuer, to sign in with; without it tokens are pasted.",
    }),
  ),
  mcpUiOidcScopes: text("scopes").prefault("openid").register(
    optionMeta,
    of({ value: "text", help: "Scopes that the page asks for, with spaces between them." }),
  ),
} as const;
