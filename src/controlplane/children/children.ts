/** The ServiceAccount and the Service of a control plane, as they should be. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { Service, ServiceAccount } from "../../api/kubernetes/types.ts";
import type { ChildIdentity } from "../../workload/child.ts";
import { standardLabels } from "../../workload/labels.ts";
import { type OwnPort, service } from "../../workload/service.ts";
import { serviceAccount } from "../../workload/service_account.ts";
import { controlPlaneAddress, servicePort } from "../../workload/urls.ts";
import { serviceAccountName } from "./pod_template.ts";

/** What children are called, unless they are ServiceAccounts, and how they are marked. */
export function childIdentity({ metadata: { namespace = "", name = "" } }: ControlPlane): ChildIdentity {
  return { name, namespace, labels: standardLabels("coder-control-plane", name) };
}

/** The ServiceAccount. The user's labels win over the standard ones. */
export function desiredServiceAccount(controlPlane: ControlPlane): ServiceAccount {
  const child = { ...childIdentity(controlPlane), name: serviceAccountName(controlPlane) };
  return serviceAccount(child, controlPlane.spec.serviceAccount);
}

/** The Service. Cluster address, node ports that nobody asked for and all else stay as the cluster gave them. */
export function desiredService(controlPlane: ControlPlane): Service {
  const { port, tls } = controlPlaneAddress(controlPlane);
  return service(
    childIdentity(controlPlane),
    controlPlane.spec.service,
    ownPorts(servicePort(port), tls),
  );
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
