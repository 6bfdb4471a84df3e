/** `CoderControlPlane`: one Coder deployment. */
import { z } from "zod";
import { accessStatus, operatorAccess } from "./control_plane_access.ts";
import { aggregation } from "./control_plane_aggregation.ts";
import { certs, expose, livenessProbe, rbac, readinessProbe, tls } from "./control_plane_parts.ts";
import { firstUser, signIn } from "./control_plane_signin.ts";
import { addressStatus, upgrade, versionStatus } from "./control_plane_upgrade.ts";
import { workload } from "./control_plane_workload.ts";
import { AGE_COLUMN, coderResource, type KindDefinition, WORKLOAD_COLUMNS } from "./definition.ts";
import { embedded, flag, group, optional, type Rule, stored, text, textOr, time } from "./field.ts";
import type { KubeObject, ResourceType } from "./object.ts";
import { objectSchema, readObject } from "./object_schema.ts";
import { SERVICE_NAME, TRIMMED } from "./patterns.ts";
import { service } from "./service.ts";
import {
  conditions,
  DEFAULT_IMAGE,
  extraArgs,
  extraEnv,
  imagePullSecrets,
  replicas,
  secretKeyReference,
  secretKeySelector,
  serviceAccount,
  workloadStatus,
} from "./shared.ts";

/** The name also names a Service and is the value of a label. An object that exists already keeps its name. */
const NAME_RULE: Rule = {
  rule:
    `oldSelf.hasValue() || (self.metadata.name.size() <= 63 && self.metadata.name.matches('${SERVICE_NAME}'))`,
  message:
    "metadata.name names a Service: at most 63 lower-case letters, digits and '-', a letter first, a letter or digit last",
  optionalOldSelf: true,
};

const specSchema = group("What this Coder deployment should be.", {
  image: stored(
    textOr(
      DEFAULT_IMAGE,
      "Container image of Coder. Pin a version in production: ghcr.io/coder/coder:v2.30.0.",
      {
        pattern: TRIMMED,
      },
    ),
    DEFAULT_IMAGE,
  ),
  replicas: replicas(
    "Number of Coder pods. More than one needs a PostgreSQL database (CODER_PG_CONNECTION_URL) and, for full function, a licence.",
  ),
  service: service("Coder"),
  extraArgs: extraArgs("Arguments of the Coder server, after those of the operator. Example: - --verbose."),
  extraEnv: extraEnv(
    "Environment of the Coder server, after that of the operator; the last of two equal names wins. The database belongs here, as CODER_PG_CONNECTION_URL.",
  ),
  imagePullSecrets: imagePullSecrets(),
  operatorAccess: operatorAccess(),
  licenseSecretRef: optional(secretKeySelector(
    "The Secret with the Coder licence to apply, once Coder is ready. A changed Secret is applied again.",
    "Key in the Secret's data. Default: license.",
  )),
  serviceAccount: serviceAccount(),
  rbac: rbac(),
  resources: optional(
    embedded(
      "ResourceRequirements",
      "CPU and memory of the Coder container. Example: requests: {cpu: 500m, memory: 1Gi}.",
    ),
  ),
  tls: tls(),
  readinessProbe: readinessProbe(),
  livenessProbe: livenessProbe(),
  envUseClusterAccessURL: stored(
    flag(
      "Set CODER_ACCESS_URL to the address of the Service inside the cluster where expose gives no public one, unless extraEnv or envFrom set it. Switch it off to let Coder choose.",
    ),
    true,
  ),
  expose: optional(expose()),
  certs: certs(),
  ...workload(),
  firstUser: optional(firstUser()),
  signIn: optional(signIn()),
  upgrade: optional(upgrade()),
  aggregation: optional(aggregation()),
});

const statusSchema = group("What the operator last saw. Zero values are left out.", {
  ...workloadStatus(),
  url: optional(text("Address of Coder inside the cluster, always with its port.")),
  ...addressStatus(),
  ...versionStatus(),
  operatorTokenSecretRef: optional(
    secretKeyReference("Where the operator's API token for this Coder is kept."),
  ),
  operatorAccessReady: optional(flag("Whether the operator has a working token. Absent means no.")),
  ...accessStatus(),
  licenseLastApplied: optional(time("When the licence was last uploaded.")),
  licenseLastAppliedHash: optional(text("SHA-256 of that licence, in hexadecimal: tells a changed Secret.")),
  appliedLicenses: optional(
    z.array(z.string()).meta({
      description:
        "UUIDs of the licences in Coder that the operator added: those that a later one replaces are removed.",
    }),
  ),
  licenseTier: optional(text("What the licence is: none, trial, enterprise, premium or unknown.")),
  entitlementsLastChecked: optional(time("When Coder was last asked what the licence allows.")),
  externalProvisionerDaemonsEntitlement: optional(
    text("Whether external provisioners are allowed: entitled, grace_period, not_entitled or unknown."),
  ),
  conditions: conditions("The state, aspect by aspect. Ready sums it up."),
});

/** A spec as users write it: everything may be left out. */
export type ControlPlaneSpecInput = z.input<typeof specSchema>;
/** A spec with its defaults. */
export type ControlPlaneSpec = z.output<typeof specSchema>;
/** What the operator writes. Zero values are left out, as readers of the Go operator's status expect. */
export type ControlPlaneStatus = z.output<typeof statusSchema>;

/** The object as the API server stores it. */
export interface CoderControlPlane extends KubeObject {
  spec?: ControlPlaneSpecInput;
  status?: ControlPlaneStatus;
}

/** The object as reconcilers read it: defaults applied. */
export interface ControlPlane extends KubeObject {
  spec: ControlPlaneSpec;
  status: ControlPlaneStatus;
}

/** `codercontrolplanes.coder.com` */
export const CoderControlPlanes: ResourceType<CoderControlPlane> = coderResource(
  "CoderControlPlane",
  "codercontrolplanes",
);

const schema = objectSchema(CoderControlPlanes, {
  spec: specSchema.prefault({}),
  status: statusSchema.prefault({}),
});

/**
 * Reads a live object. Absent fields get the defaults that the API server or the operator gives them.
 * Throws {@linkcode InvalidObjectError}, which lists every field of a wrong type; odd values of the right type pass.
 */
export function parseControlPlane(object: unknown): ControlPlane {
  return readObject(CoderControlPlanes, schema, object);
}

/** Everything that the CRD is generated from. */
export const controlPlaneDefinition: KindDefinition = {
  resource: CoderControlPlanes,
  singular: "codercontrolplane",
  shortNames: ["ccp"],
  description: "A Coder deployment: the operator runs Coder with these settings and reports how it fares.",
  columns: [
    ...WORKLOAD_COLUMNS,
    {
      name: "Version",
      type: "string",
      jsonPath: ".status.version",
      description: "Version of Coder that answers.",
    },
    {
      name: "Image",
      type: "string",
      jsonPath: ".spec.image",
      description: "Container image of Coder.",
      priority: 1,
    },
    {
      name: "License",
      type: "string",
      jsonPath: ".status.licenseTier",
      description: "Tier of the licence.",
      priority: 1,
    },
    { name: "URL", type: "string", jsonPath: ".status.url", description: "Address inside the cluster." },
    {
      name: "External",
      type: "string",
      jsonPath: ".status.externalURL",
      description: "Address from outside the cluster.",
      priority: 1,
    },
    AGE_COLUMN,
  ],
  scale: false,
  spec: specSchema,
  status: statusSchema,
  rules: [NAME_RULE],
};
