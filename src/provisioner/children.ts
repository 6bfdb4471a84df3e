/** The ServiceAccount and the Deployment of a provisioner, as they should be, and what all its children are called. */
import type { Deployment, ServiceAccount } from "../api/kubernetes/types.ts";
import type { Provisioner } from "../api/provisioner.ts";
import type { ChildIdentity } from "../workload/child.ts";
import { deployment, type DeploymentParts } from "../workload/deployment.ts";
import { standardLabels } from "../workload/labels.ts";
import {
  provisionerKeySecretName,
  provisionerName,
  provisionerServiceAccountName,
} from "../workload/names.ts";
import { serviceAccount } from "../workload/service_account.ts";

/** Name of the Deployment, and of the Role and the RoleBinding in the provisioner's own namespace. */
export function childName({ metadata }: Provisioner): string {
  return provisionerName(metadata.name ?? "");
}

/** Labels of every child; also the selector of the pods. */
export function childLabels({ metadata }: Provisioner): Record<string, string> {
  return standardLabels("coder-provisioner", metadata.name ?? "");
}

/** The ServiceAccount that the pods run as, whoever made it. */
export function serviceAccountName({ metadata, spec }: Provisioner): string {
  return spec.serviceAccount?.name || provisionerServiceAccountName(metadata.name ?? "");
}

/** The Secret with the key, in the provisioner's namespace: the one that the user brings, or the operator's. */
export function keySecretName({ metadata, spec: { key } }: Provisioner): string {
  return key.existingSecret || provisionerKeySecretName(metadata.name ?? "", key.secretName);
}

/** Where the key is: `status.secretRef`. */
export function keySecretRef(provisioner: Provisioner): { name: string; key: string } {
  return { name: keySecretName(provisioner), key: provisioner.spec.key.secretKey };
}

/** The ServiceAccount; undefined where the user brings one. The user's labels win over the standard ones. */
export function desiredServiceAccount(provisioner: Provisioner): ServiceAccount | undefined {
  const { serviceAccount: settings } = provisioner.spec;
  if (settings?.disableCreate === true) return undefined;
  return serviceAccount({ ...childIdentity(provisioner), name: serviceAccountName(provisioner) }, settings);
}

/**
 * The Deployment for the applier. The default strategy of control planes, one pod more and none less, is right here, too.
 * Daemons take jobs from a queue, so that old and new ones may run side by side. The pod that a new one replaces has the
 * grace period to finish its build, and the Deployment does not wait for it: it counts pods that are ending no more. To
 * recreate all pods, though, would be to build nothing until the last of the old builds is done.
 */
export function desiredDeployment(provisioner: Provisioner, parts: DeploymentParts): Deployment {
  return deployment(childIdentity(provisioner), provisioner.spec.replicas, parts);
}

function childIdentity(provisioner: Provisioner): ChildIdentity {
  const { namespace = "" } = provisioner.metadata;
  return { name: childName(provisioner), namespace, labels: childLabels(provisioner) };
}
