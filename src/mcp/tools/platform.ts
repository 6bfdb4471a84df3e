/** All tools about the platform: control planes, provisioners, proxies, licences, and whether they answer. */
import type { Tool } from "../tool.ts";
import { listControlPlanePods } from "./control_plane_pods.ts";
import { getControlPlaneStatus, listControlPlanes } from "./control_planes.ts";
import { getControlPlaneDeploymentStatus } from "./deployments.ts";
import { checkHealth } from "./health.ts";
import { getLicenseAndEntitlements } from "./licences.ts";
import { getProvisionerKeyAge, rotateProvisionerKey } from "./provisioner_keys.ts";
import { listProvisionerDaemons, listProvisionerJobs } from "./provisioner_work.ts";
import { getProvisionerStatus, listProvisioners } from "./provisioners.ts";
import { getWorkspaceProxyStatus, listWorkspaceProxies } from "./proxies.ts";
import { getServiceStatus } from "./services.ts";

/** Those of the toolsets `core` and `platform` in this room. @param version of this build, which `check_health` tells */
export function platformTools(version: string): readonly Tool[] {
  return [
    listControlPlanes,
    getControlPlaneStatus,
    listControlPlanePods,
    getControlPlaneDeploymentStatus,
    getServiceStatus,
    checkHealth(version),
    listProvisioners,
    getProvisionerStatus,
    getProvisionerKeyAge,
    rotateProvisionerKey,
    listProvisionerJobs,
    listProvisionerDaemons,
    listWorkspaceProxies,
    getWorkspaceProxyStatus,
    getLicenseAndEntitlements,
  ];
}
