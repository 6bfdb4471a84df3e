/** Whom a request says to be for, and which page it comes from: what DNS rebinding and foreign pages are stopped by. */

export interface GuardOptions {
  /** The server is reached from this machine alone. */
  readonly isLoopback: boolean;
  /** Beside loopback names: `mcp.example.com`, or with a port. Given, others are refused wherever it listens. @default {[]} */
  readonly allowedHosts?: readonly string[];
  /** Such as `https://app.example.com`. @default {[]} */
  readonly allowedOrigins?: readonly string[];
}

/** Why a request is refused; undefined where it is not. */
export type Guard = (host: string | undefined, origin: string | undefined) => "host" | "origin" | undefined;

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Makes it. */
export function createGuard({ isLoopback, allowedHosts = [], allowedOrigins = [] }: GuardOptions): Guard {
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase().replace(/\/$/, "")));
  const checksHost = isLoopback || hosts.size > 0;
  const isHost = (host: string) => {
    const name = host.toLowerCase();
    const bare = name.replace(/:\d+$/, "");
    return LOOPBACK.test(bare) || hosts.has(name) || hosts.has(bare);
  };
  const isOrigin = (origin: string) =>
    origins.has(origin.toLowerCase()) || (isLoopback && isLoopbackOrigin(origin));
  return (host, origin) => {
    if (checksHost && (host === undefined || !isHost(host))) return "host";
    // No browser leaves it out where another page asks.
    if (origin !== undefined && !isOrigin(origin)) return "origin";
    return undefined;
  };
}

/**
 * What browsers have to hear so that a page may read answers; undefined where it may not. Only pages that are named may:
 * any page of this machine could otherwise use a server that asks nobody who they are.
 */
export function pageHeaders(
  origin: string | undefined,
  allowedOrigins: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (origin === undefined || !allowedOrigins.some((one) => sameOrigin(one, origin))) return undefined;
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers": "Mcp-Session-Id, WWW-Authenticate, Retry-After",
    vary: "Origin",
  };
}

/** What they have to hear before they send anything. */
export const PREFLIGHT_HEADERS = {
  "access-control-allow-methods": "GET, POST, DELETE",
  "access-control-allow-headers":
    "Authorization, Content-Type, Accept, Mcp-Session-Id, Mcp-Protocol-Version, Mcp-Method, Mcp-Name, Last-Event-ID",
  "access-control-max-age": "600",
} as const;

function sameOrigin(left: string, right: string): boolean {
  return left.toLowerCase().replace(/\/$/, "") === right.toLowerCase();
}

/** Whether an address to listen on is of this machine alone. */
export function isLoopbackAddress(hostname: string): boolean {
  return LOOPBACK.test(hostname.toLowerCase()) || hostname === "::1";
}

function isLoopbackOrigin(origin: string): boolean {
  const match = /^https?:\/\/([^/]+?)(?::\d+)?$/i.exec(origin);
  return match !== null && LOOPBACK.test(match[1]!.toLowerCase());
}
