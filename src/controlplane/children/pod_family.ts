/** Which family the pods' own addresses are of: the relay URL needs to know. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { Deployment, Service } from "../../api/kubernetes/types.ts";
import { type IpFamily, relayUrl } from "../../workload/urls.ts";
import { RELAY_URL } from "./environment.ts";

/**
 * The first family that the cluster gave a Service which asked for none: it is that of the pods. Families that the user
 * asks for tell nothing about pods. While the Service is not there, what running pods were told stays.
 */
export function podFamily(
  { spec }: ControlPlane,
  service: Service | undefined,
  live: Deployment | undefined,
): IpFamily | undefined {
  const asked = spec.service.ipFamilies ?? [];
  const [first] = service?.spec?.ipFamilies ?? [];
  if (asked.length === 0 && (first === "IPv4" || first === "IPv6")) return first;
  const told = live?.spec?.template.spec?.containers.find(({ name }) => name === "coder")
    ?.env?.find(({ name }) => name === RELAY_URL)?.value;
  return told === relayUrl("IPv6") ? "IPv6" : undefined;
}
