/** The ServiceAccount and the Service of a control plane, as they should be. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { Service, ServiceAccount } from "../../api/kubernetes/types.ts";
import { standardLabels } from "../../workload/labels.ts";
import { type OwnPort, serviceSpec } from "../../workload/service.ts";
import { controlPlaneAddress, servicePort } from "../../workload/urls.ts";
import { serviceAccountName } from "./pod_template.ts";

/** The ServiceAccount. The user's labels win over the standard ones. */
export function desiredServiceAccount(controlPlane: ControlPlane): ServiceAccount {
  const { metadata: { namespace = "", name = "" }, spec: { serviceAccount } } = controlPlane;
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: {
      name: serviceAccountName(controlPlane),
      namespace,
      labels: { ...standardLabels("coder-control-plane", name), ...serviceAccount.labels },
      ...(Object.keys(serviceAccount.annotations).length > 0 && { annotations: serviceAccount.annotations }),
    },
  };
}

/** The Service. Cluster address, node ports that nobody asked for and all else stay as the cluster gave them. */
export function desiredService(controlPlane: ControlPlane): Service {
  const { metadata: { namespace = "", name = "" }, spec: { service } } = controlPlane;
  const labels = standardLabels("coder-control-plane", name);
  const { port, tls } = controlPlaneAddress(controlPlane);
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name,
      namespace,
      labels,
      ...(Object.keys(service.annotations).length > 0 && { annotations: service.annotations }),
    },
    spec: serviceSpec(service, labels, ownPorts(servicePort(port), tls)),
  };
}

/** Plain HTTP stays reachable with TLS; it moves to 80 where its port is 443. */
function ownPorts(port: number, tls: boolean): OwnPort[] {
  const http = (number: number): OwnPort => ({
    name: "http",
    port: number,
    targetPort: 8080,
    protocol: "TCP",
  });
  const https: OwnPort = { name: "https", port: 443, targetPort: 8443, protocol: "TCP" };
  if (!tls) return [http(port)];
  return port === 443 ? [https, http(80)] : [http(port), https];
}
