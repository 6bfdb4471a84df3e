/** The ServiceAccount and the Deployment of a provisioner, as they should be, and what all its children are called. */
import type {
  Deployment,
  DeploymentStrategy,
  PodTemplateSpec,
  ServiceAccount,
} from "../api/kubernetes/types.ts";
import type { Provisioner } from "../api/provisioner.ts";
import { standardLabels } from "../workload/labels.ts";
import {
  provisionerKeySecretName,
  provisionerName,
  provisionerServiceAccountName,
} from "../workload/names.ts";
import { REPLICAS_ANNOTATION } from "../workload/replicas.ts";
import { INPUTS_ANNOTATION, RENDERING_ANNOTATION } from "../workload/template_decision.ts";

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
  const { metadata: { namespace = "" }, spec: { serviceAccount } } = provisioner;
  const { annotations = {}, disableCreate = false, labels } = serviceAccount ?? {};
  if (disableCreate) return undefined;
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: {
      name: serviceAccountName(provisioner),
      namespace,
      labels: { ...childLabels(provisioner), ...labels },
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
  };
}

/** What was decided about the parts that may be left to others. */
export interface ProvisionerDeploymentParts {
  /** Undefined leaves the template that is there. */
  template: PodTemplateSpec | undefined;
  /** Undefined leaves the number to an autoscaler. */
  replicas: number | undefined;
  /** The hash of what the template is made from. */
  inputs: string;
  /** The value of the rendering annotation. */
  rendering: string;
  /** Annotations of what else shapes the template. */
  recorded: Readonly<Record<string, string>>;
  /**
   * Undefined leaves that which is there. The default of control planes, one pod more and none less, is right here, too.
   * Daemons take jobs from a queue, so that old and new ones may run side by side. The pod that a new one replaces has the
   * grace period to finish its build, and the Deployment does not wait for it: it counts pods that are ending no more.
   * To recreate all pods, though, would be to build nothing until the last of the old builds is done.
   */
  strategy: DeploymentStrategy | undefined;
}

/** The Deployment for the applier. */
export function desiredDeployment(provisioner: Provisioner, parts: ProvisionerDeploymentParts): Deployment {
  const { metadata: { namespace = "" }, spec } = provisioner;
  const { template, replicas, inputs, rendering, recorded, strategy } = parts;
  const labels = childLabels(provisioner);
  const deploymentSpec = {
    ...(replicas !== undefined && { replicas }),
    selector: { matchLabels: labels },
    ...(strategy !== undefined && { strategy }),
    ...(template !== undefined && { template }),
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: childName(provisioner),
      namespace,
      labels,
      annotations: {
        [INPUTS_ANNOTATION]: inputs,
        [RENDERING_ANNOTATION]: rendering,
        [REPLICAS_ANNOTATION]: String(spec.replicas),
        ...recorded,
      },
    },
    // An apply may leave out what is there already; the type describes whole objects.
    spec: deploymentSpec as NonNullable<Deployment["spec"]>,
  };
}
