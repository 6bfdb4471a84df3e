/** Where a control plane is reached: by callers inside the cluster, and by everybody else. */
import type { ControlPlane } from "../../api/control_plane.ts";
import { type GatewayLookup, routeScheme } from "../../workload/exposure_listeners.ts";
import { controlPlaneAddress, internalUrl } from "../../workload/urls.ts";
import type { Wanted } from "./exposure.ts";

/** `status.internalURL`: plain HTTP, so that no certificate has to match the name of a Service. */
export function internalAddress(controlPlane: ControlPlane, clusterDomain: string): string {
  return internalUrl(controlPlaneAddress(controlPlane), clusterDomain);
}

/**
 * `status.externalURL`, without a port: which one leads to an Ingress or a Gateway from outside, only its installation
 * knows, and it is nearly always the scheme's own. Undefined where there is no host to type.
 */
export function externalAddress(wanted: Wanted, lookup: GatewayLookup): string | undefined {
  if (wanted.by === "nothing") return undefined;
  const [host = ""] = wanted.exposure.hosts;
  if (host.startsWith("*.")) return undefined;
  const scheme = wanted.by === "gateway"
    ? routeScheme(host, wanted.parents, lookup)
    : wanted.settings.certificates.some(({ hosts }) => hosts.includes(host))
    ? "https"
    : "http";
  return `${scheme}://${host}`;
}
