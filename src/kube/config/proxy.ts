/** Which HTTP proxy a server is reached through. */
import { KubeConfigError } from "./connection.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The cluster's `proxy-url`, else `HTTPS_PROXY`/`HTTP_PROXY` unless `NO_PROXY` (or being local) excludes the server;
 * the same rules as Go's. Throws for a proxy that is not `http://` or `https://`.
 */
export function proxyFor(
  server: URL,
  proxyUrl: string | undefined,
  env: Environment,
  source: string,
): URL | undefined {
  if (proxyUrl) return parseProxy(proxyUrl, `proxy-url of ${source}`);
  const name = server.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = env[name] || env[name.toLowerCase()];
  if (!value || isExcluded(server, env["NO_PROXY"] || env["no_proxy"] || "")) return undefined;
  return parseProxy(value.includes("://") ? value : `http://${value}`, name);
}

function parseProxy(text: string, where: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  // The address may carry a password: only its scheme is repeated.
  const scheme = url === undefined ? "an address that cannot be read" : `${url.protocol}//`;
  throw new KubeConfigError(
    `The proxy in ${where} is ${scheme}; only http:// and https:// proxies are supported.`,
  );
}

function isExcluded(server: URL, noProxy: string): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const port = server.port || (server.protocol === "https:" ? "443" : "80");
  if (host === "localhost" || host === "::1" || /^127\./.test(host)) return true;
  return noProxy.split(/[\s,]+/).filter((entry) => entry !== "").some((entry) => {
    if (entry === "*") return true;
    const [, name = "", onlyPort] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    if (onlyPort !== undefined && onlyPort !== port) return false;
    if (name.includes("/")) return isInBlock(host, name);
    const domain = name.replace(/^\*?\./, "");
    return host === domain || host.endsWith(`.${domain}`);
  });
}

/** IPv4 address in a block such as `10.0.0.0/8`. */
function isInBlock(host: string, block: string): boolean {
  const [network = "", bits = ""] = block.split("/");
  const address = toNumber(host);
  const base = toNumber(network);
  const length = Number(bits);
  if (address === undefined || base === undefined || !(length >= 0 && length <= 32)) return false;
  const size = 2 ** (32 - length);
  return Math.floor(address / size) === Math.floor(base / size);
}

function toNumber(address: string): number | undefined {
  const parts = address.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}
