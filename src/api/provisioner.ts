/** `CoderProvisioner`: external provisioner daemons of a control plane. */
import type { z } from "zod";
import { AGE_COLUMN, coderResource, type KindDefinition, WORKLOAD_COLUMNS } from "./definition.ts";
import { duration } from "./duration.ts";
import {
  embedded,
  group,
  int32,
  int64,
  optional,
  type Rule,
  stored,
  text,
  textMap,
  textOr,
} from "./field.ts";
import type { KubeObject, ResourceType } from "./object.ts";
import { objectSchema, readObject } from "./object_schema.ts";
import { TRIMMED } from "./patterns.ts";
import { containerFields, placementFields } from "./pods.ts";
import { key, keyStatus } from "./provisioner_key.ts";
import {
  conditions,
  controlPlaneReference,
  extraArgs,
  extraEnv,
  imagePullSecrets,
  replicas,
  scaleStatus,
  secretKeyReference,
  serviceAccountGroup,
  workloadStatus,
} from "./shared.ts";

const REFERENCE_RULE: Rule = {
  rule: "has(self.name) && self.name != ''",
  message: "name of the CoderControlPlane must not be empty",
  fieldPath: ".name",
};

const AUTOSCALE_RULE: Rule = {
  rule: "!has(self.minReplicas) || self.minReplicas <= self.maxReplicas",
  message: "minReplicas must not be more than maxReplicas",
  fieldPath: ".minReplicas",
};

const specSchema = group("What provisioners should run, and for which Coder.", {
  controlPlaneRef: controlPlaneReference(
    "The CoderControlPlane that these provisioners work for.",
    stored(text("Name of the CoderControlPlane."), ""),
    { "x-kubernetes-validations": [REFERENCE_RULE] },
  ),
  organizationName: textOr("default", "Coder organization that the provisioners serve. Default: default.", {
    maxLength: 128,
  }),
  key: key(),
  replicas: replicas(
    "Number of provisioner pods; each works on one build at a time. With autoscale, it does not count.",
  ),
  autoscale: optional(autoscale()),
  tags: textMap(
    "Tags of the daemons: they take builds whose tags are all among these, and without tags those without. Example: region: eu.",
  ),
  image: optional(
    text("Container image. Default: that which the control plane has rolled out, so that versions match.", {
      pattern: TRIMMED,
    }),
  ),
  extraArgs: extraArgs("Arguments of coder provisioner start, after those of the operator."),
  extraEnv: extraEnv(
    "Environment of the daemons, after that of the operator; the last of two equal names wins.",
  ),
  imagePullSecrets: imagePullSecrets(),
  resources: optional(
    embedded(
      "ResourceRequirements",
      "CPU and memory of the container. Builds run Terraform: 512Mi and more a pod.",
    ),
  ),
  terminationGracePeriodSeconds: int64(
    "Seconds that a build in hand may take to finish when its pod is stopped. Default: 600.",
    { minimum: 0 },
  ).default(600),
  serviceAccount: optional(serviceAccountGroup("<name>-provisioner")),
  ...containerFields({
    container: "provisioner",
    ofContainer: "the provisioner container",
    program: "the daemon",
    args: "provisioner start",
  }),
  ...placementFields(),
});

function autoscale() {
  return group("As many pods as there is work, in place of replicas.", {
    minReplicas: optional(int32("Pods that stay without work. Default: 1.", { minimum: 0 })),
    maxReplicas: int32("Pods at most.", { minimum: 1 }),
    pendingJobsPerReplica: optional(
      int32("Waiting jobs for which there is one more pod. Default: 1.", { minimum: 1 }),
    ),
    scaleDownDelay: optional(duration(
      "How long there must be less work before there are fewer pods, as a duration. Example: 5m, the default.",
    )),
  }, { "x-kubernetes-validations": [AUTOSCALE_RULE] });
}

const statusSchema = group("What the operator last saw and did. Zero values are left out.", {
  ...workloadStatus(),
  ...scaleStatus(),
  image: optional(text("Container image that the pods run.")),
  organizationID: optional(text("Identifier of the organization in Coder.")),
  organizationName: optional(text("Organization of the present key.")),
  provisionerKeyID: optional(text("Identifier of the key in Coder.")),
  provisionerKeyName: optional(text("Name of the present key in Coder.")),
  tagsHash: optional(text("Hash of the tags that the present key has: tells changed tags.")),
  controlPlaneRefName: optional(text("Control plane that the present key belongs to.")),
  controlPlaneURL: optional(text("Address of Coder that the present key was made at.")),
  secretRef: optional(secretKeyReference("Where the key is kept.")),
  ...keyStatus(),
  conditions: conditions("The state, aspect by aspect."),
});

/** A spec as users write it. */
export type ProvisionerSpecInput = z.input<typeof specSchema>;
/** A spec with its defaults. */
export type ProvisionerSpec = z.output<typeof specSchema>;
/** What the operator writes. Zero values are left out. */
export type ProvisionerStatus = z.output<typeof statusSchema>;

/** The object as the API server stores it. */
export interface CoderProvisioner extends KubeObject {
  spec?: ProvisionerSpecInput;
  status?: ProvisionerStatus;
}

/** The object as reconcilers read it: defaults applied. A spec that is missing names no control plane. */
export interface Provisioner extends KubeObject {
  spec: ProvisionerSpec;
  status: ProvisionerStatus;
}

/** `coderprovisioners.coder.com` */
export const CoderProvisioners: ResourceType<CoderProvisioner> = coderResource(
  "CoderProvisioner",
  "coderprovisioners",
);

const schema = objectSchema(CoderProvisioners, {
  spec: specSchema.prefault({ controlPlaneRef: {} }),
  status: statusSchema.prefault({}),
});

/**
 * Reads a live object. Absent fields get the defaults that the API server or the operator gives them.
 * Throws {@linkcode InvalidObjectError}, which lists every field of a wrong type; odd values of the right type pass.
 */
export function parseProvisioner(object: unknown): Provisioner {
  return readObject(CoderProvisioners, schema, object);
}

/** Everything that the CRD is generated from. */
export const provisionerDefinition: KindDefinition = {
  resource: CoderProvisioners,
  singular: "coderprovisioner",
  shortNames: ["cprov"],
  description: "External provisioner daemons: pods that build workspaces for a Coder deployment.",
  columns: [
    ...WORKLOAD_COLUMNS,
    {
      name: "Control Plane",
      type: "string",
      jsonPath: ".spec.controlPlaneRef.name",
      description: "Whose provisioners these are.",
      priority: 1,
    },
    {
      name: "Organization",
      type: "string",
      jsonPath: ".status.organizationName",
      description: "Coder organization.",
      priority: 1,
    },
    { name: "Image", type: "string", jsonPath: ".status.image", description: "Container image that runs." },
    { name: "URL", type: "string", jsonPath: ".status.controlPlaneURL", description: "Address of Coder." },
    AGE_COLUMN,
  ],
  scale: true,
  spec: specSchema,
  status: statusSchema,
  rules: [],
};
