/** `CoderWorkspaceProxy`: a Coder workspace proxy near its users. */
import type { z } from "zod";
import { AGE_COLUMN, coderResource, type KindDefinition, WORKLOAD_COLUMNS } from "./definition.ts";
import { certsGroup, expose, livenessProbeGroup, readinessProbeGroup } from "./control_plane_parts.ts";
import { podDisruptionBudget } from "./control_plane_workload.ts";
import { embedded, flag, group, int64, optional, type Rule, text, textOr } from "./field.ts";
import type { KubeObject, ResourceType } from "./object.ts";
import { objectSchema, readObject } from "./object_schema.ts";
import { HTTP_URL, HTTP_URL_OR_EMPTY, OBJECT_NAME, TRIMMED } from "./patterns.ts";
import { containerFields, placementFields } from "./pods.ts";
import { service } from "./service.ts";
import {
  conditions,
  DEFAULT_IMAGE,
  extraArgs,
  extraEnv,
  imagePullSecrets,
  replicas,
  scaleStatus,
  secretKeyReference,
  secretKeySelector,
  workloadStatus,
} from "./shared.ts";
import {
  controlPlaneRef,
  registration,
  REGISTRATION_RULES,
  registrationFields,
  registrationStatus,
} from "./workspace_proxy_registration.ts";

/** `wsproxy-<name>` names a Service, where dots are not allowed. An object that exists already keeps its name. */
const NAME_RULE: Rule = {
  rule: "oldSelf.hasValue() || !self.metadata.name.contains('.')",
  message: "metadata.name is part of the name of a Service and must not contain a dot",
  optionalOldSelf: true,
};

const specSchema = group("What the proxy should be, and which Coder it belongs to.", {
  image: textOr(
    DEFAULT_IMAGE,
    `Container image; its version should be that of Coder. Default: ${DEFAULT_IMAGE}.`,
    {
      pattern: TRIMMED,
    },
  ),
  replicas: replicas("Number of proxy pods."),
  service: service("the proxy"),
  controlPlaneRef: optional(controlPlaneRef()),
  registration: optional(registration()),
  primaryAccessURL: optional(text(
    "Address of the Coder deployment that this proxy belongs to, as its users see it. Default: that of the control plane, or bootstrap.coderURL.",
    { pattern: HTTP_URL_OR_EMPTY },
  )),
  proxySessionTokenSecretRef: optional(secretKeySelector(
    "The Secret with the token of a proxy that you registered; primaryAccessURL says where. Not used with bootstrap.",
    "Key in the Secret's data. Default: token.",
  )),
  bootstrap: optional(group("Let the operator register the proxy with Coder and keep its token.", {
    coderURL: text("Address of Coder for registering. Example: https://coder.example.com.", {
      pattern: HTTP_URL,
    }),
    credentialsSecretRef: secretKeySelector(
      "The Secret with an API token of a Coder user who may register proxies.",
      "Key in the Secret's data. Default: token.",
    ),
    ...registrationFields(),
  })),
  derpOnly: flag("Relay connections only, serve no workspace apps. Default: false.").default(false),
  extraArgs: extraArgs("Arguments of coder wsproxy server, after those of the operator."),
  extraEnv: extraEnv(
    "Environment of the proxy, after that of the operator; the last of two equal names wins. CODER_ACCESS_URL, the proxy's own address, belongs here where expose does not give it.",
  ),
  imagePullSecrets: imagePullSecrets(),
  expose: optional(expose("the proxy")),
  certs: optional(
    certsGroup("Certificate authorities that the proxy trusts, for instance that of Coder's certificate."),
  ),
  readinessProbe: optional(readinessProbeGroup("the proxy")),
  livenessProbe: optional(livenessProbeGroup("the proxy")),
  resources: optional(
    embedded(
      "ResourceRequirements",
      "CPU and memory of the proxy container. Example: requests: {cpu: 250m, memory: 512Mi}.",
    ),
  ),
  serviceAccountName: optional(
    text(
      "ServiceAccount that the pods run as. Default: that of the namespace, and then without its token: a proxy calls no Kubernetes API.",
      { pattern: OBJECT_NAME, maxLength: 253 },
    ),
  ),
  terminationGracePeriodSeconds: optional(
    int64("Seconds that a pod gets to end its connections before it is killed. Default: 30.", { minimum: 0 }),
  ),
  ...containerFields({
    container: "workspace-proxy",
    ofContainer: "the proxy container",
    program: "the proxy",
    args: "wsproxy server --http-address=0.0.0.0:3001, and --derp-only where derpOnly is set",
  }),
  ...placementFields(),
  podDisruptionBudget: optional(podDisruptionBudget()),
}, { "x-kubernetes-validations": REGISTRATION_RULES });

const statusSchema = group("What the operator last saw and did. Zero values are left out.", {
  ...workloadStatus(),
  ...scaleStatus(),
  image: optional(text("Container image that the pods run.")),
  registered: optional(flag("Whether the operator registered this proxy with Coder. Absent means no.")),
  proxyTokenSecretRef: optional(secretKeyReference("Where the proxy's token is kept.")),
  ...registrationStatus(),
  health: optional(
    text(
      "What Coder says of the proxy: ok, unreachable, unhealthy, unregistered (no pod has called yet) or unknown.",
    ),
  ),
  version: optional(text("Version of the proxy that last called Coder.")),
  accessURL: optional(text("Address of the proxy that Coder gives its users.")),
  wildcardHostname: optional(text("Host name of workspace apps that Coder gives its users.")),
  internalURL: optional(text("Plain HTTP address of the proxy inside the cluster, always with its port.")),
  externalURL: optional(text("Address from outside the cluster, where spec.expose gives one.")),
  conditions: conditions("The state, aspect by aspect."),
});

/** A spec as users write it. */
export type WorkspaceProxySpecInput = z.input<typeof specSchema>;
/** A spec with its defaults. */
export type WorkspaceProxySpec = z.output<typeof specSchema>;
/** What the operator writes. Zero values are left out. */
export type WorkspaceProxyStatus = z.output<typeof statusSchema>;

/** The object as the API server stores it. */
export interface CoderWorkspaceProxy extends KubeObject {
  spec?: WorkspaceProxySpecInput;
  status?: WorkspaceProxyStatus;
}

/** The object as reconcilers read it: defaults applied. */
export interface WorkspaceProxy extends KubeObject {
  spec: WorkspaceProxySpec;
  status: WorkspaceProxyStatus;
}

/** `coderworkspaceproxies.coder.com` */
export const CoderWorkspaceProxies: ResourceType<CoderWorkspaceProxy> = coderResource(
  "CoderWorkspaceProxy",
  "coderworkspaceproxies",
);

const schema = objectSchema(CoderWorkspaceProxies, {
  spec: specSchema.prefault({}),
  status: statusSchema.prefault({}),
});

/**
 * Reads a live object. Absent fields get the defaults that the API server or the operator gives them.
 * Throws {@linkcode InvalidObjectError}, which lists every field of a wrong type; odd values of the right type pass.
 */
export function parseWorkspaceProxy(object: unknown): WorkspaceProxy {
  return readObject(CoderWorkspaceProxies, schema, object);
}

/** Everything that the CRD is generated from. */
export const workspaceProxyDefinition: KindDefinition = {
  resource: CoderWorkspaceProxies,
  singular: "coderworkspaceproxy",
  shortNames: ["cwp"],
  description:
    "A Coder workspace proxy: carries connections to workspaces for users far from the Coder deployment.",
  columns: [
    ...WORKLOAD_COLUMNS,
    { name: "Image", type: "string", jsonPath: ".status.image", description: "Container image that runs." },
    {
      name: "URL",
      type: "string",
      jsonPath: ".spec.primaryAccessURL",
      description: "Address of the Coder it belongs to.",
    },
    {
      name: "Health",
      type: "string",
      jsonPath: ".status.health",
      description: "What Coder says of it.",
      priority: 1,
    },
    {
      name: "Access URL",
      type: "string",
      jsonPath: ".status.accessURL",
      description: "Address that Coder gives users.",
      priority: 1,
    },
    {
      name: "Version",
      type: "string",
      jsonPath: ".status.version",
      description: "Version of the proxy.",
      priority: 1,
    },
    AGE_COLUMN,
  ],
  scale: true,
  spec: specSchema,
  status: statusSchema,
  rules: [NAME_RULE],
};
