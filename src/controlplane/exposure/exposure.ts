/** What a control plane's spec asks for outside the cluster. */
import type { ControlPlane } from "../../api/control_plane.ts";
import { standardLabels } from "../../workload/labels.ts";
import { controlPlaneAddress, internalUrl, plainPort } from "../../workload/urls.ts";
import { type WantedExposure, wantedExposure as wantedOf } from "../../workload/wanted_exposure.ts";

/** Reads `spec.expose`. Throws {@linkcode SpecError} as the shared one does. */
export function wantedExposure(controlPlane: ControlPlane): WantedExposure {
  const { metadata: { name = "", namespace = "" }, spec } = controlPlane;
  return wantedOf(spec.expose, {
    name,
    namespace,
    labels: standardLabels("coder-control-plane", name),
    backend: { service: name, port: plainPort(controlPlaneAddress(controlPlane)) },
  });
}

/** `status.internalURL`: plain HTTP, so that no certificate has to match the name of a Service. */
export function internalAddress(controlPlane: ControlPlane, clusterDomain: string): string {
  return internalUrl(controlPlaneAddress(controlPlane), clusterDomain);
}
