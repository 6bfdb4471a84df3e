/** Which family the pods' own addresses are of. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { Deployment, Service } from "../../api/kubernetes/types.ts";
import { CONTAINER } from "./pod_template.ts";
import { told } from "../../workload/env.ts";
import { podFamily as sharedFamily } from "../../workload/pod_family.ts";
import { type IpFamily, RELAY_URL } from "../../workload/urls.ts";

/** See the shared one. */
export function podFamily(
  { spec }: ControlPlane,
  service: Service | undefined,
  live: Deployment | undefined,
): IpFamily | undefined {
  return sharedFamily({ asked: spec.service.ipFamilies, service, told: told(live, CONTAINER, RELAY_URL) });
}
