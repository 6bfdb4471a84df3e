/** What the Gateways of a route tell about it: whether HTTPS leads to it, and at which addresses. */
import type { Gateway } from "../api/gateway.ts";
import type { RouteParent } from "./exposure.ts";

/** A Gateway of a route; undefined where it is not there, or may not be read. */
export type GatewayLookup = (parent: RouteParent) => Gateway | undefined;

type Listener = NonNullable<NonNullable<Gateway["spec"]>["listeners"]>[number];

/**
 * `http` where Gateways are known whose fitting listeners speak nothing else. A Gateway that cannot be read, and one
 * without a fitting listener, tell nothing: most Gateways end TLS, so `https` is taken for granted.
 */
export function routeScheme(
  host: string,
  parents: readonly RouteParent[],
  lookup: GatewayLookup,
): "http" | "https" {
  const listeners = parents.map((parent) => fitting(host, parent, lookup(parent)));
  if (listeners.some((those) => those.length === 0)) return "https";
  return listeners.flat().every(({ protocol }) => protocol === "HTTP") ? "http" : "https";
}

/** The addresses of the Gateways, each once. */
export function gatewayAddresses(parents: readonly RouteParent[], lookup: GatewayLookup): string[] {
  const addresses = parents.flatMap((parent) => lookup(parent)?.status?.addresses ?? []);
  return [...new Set(addresses.map(({ value }) => value))];
}

function fitting(host: string, { sectionName }: RouteParent, gateway: Gateway | undefined): Listener[] {
  return (gateway?.spec?.listeners ?? []).filter((listener) =>
    (sectionName === undefined || listener.name === sectionName) && covers(listener.hostname, host)
  );
}

/** A wildcard of the Gateway API stands for one label or more. */
function covers(hostname: string | undefined, host: string): boolean {
  if (hostname === undefined || hostname === "" || hostname === host) return true;
  return hostname.startsWith("*.") && host.endsWith(hostname.slice(1));
}
