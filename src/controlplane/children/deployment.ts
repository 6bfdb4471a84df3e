/** The Deployment of a control plane, as it should be applied. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { deployment, type DeploymentParts } from "../../workload/deployment.ts";
import { childIdentity } from "./children.ts";

/** The object for the applier. Deadlines that an upgrade does not need stay as the cluster or others set them. */
export function desiredDeployment(controlPlane: ControlPlane, parts: DeploymentParts): Deployment {
  return deployment(childIdentity(controlPlane), controlPlane.spec.replicas, parts);
}
