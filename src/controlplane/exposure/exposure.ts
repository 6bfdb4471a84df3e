/** What a control plane's spec asks for outside the cluster. */
import type { ControlPlane } from "../../api/control_plane.ts";
import { childIdentity } from "../children/children.ts";
import { controlPlaneAddress, internalUrl, plainPort } from "../../workload/urls.ts";
import { type WantedExposure, wantedExposure as wantedOf } from "../../workload/wanted_exposure.ts";

/** Reads `spec.expose`. Throws {@linkcode SpecError} as the shared one does. */
export function wantedExposure(controlPlane: ControlPlane): WantedExposure {
  const child = childIdentity(controlPlane);
  const port = plainPort(controlPlaneAddress(controlPlane));
  return wantedOf(controlPlane.spec.expose, { ...child, backend: { service: child.name, port } });
}

/** `status.internalURL`: plain HTTP, so that no certificate has to match the name of a Service. */
export function internalAddress(controlPlane: ControlPlane, clusterDomain: string): string {
  return internalUrl(controlPlaneAddress(controlPlane), clusterDomain);
}
