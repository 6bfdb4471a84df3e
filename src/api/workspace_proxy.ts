/** `CoderWorkspaceProxy`: a Coder workspace proxy near its users. */
import type { z } from "zod";
import { AGE_COLUMN, coderResource, type KindDefinition, WORKLOAD_COLUMNS } from "./definition.ts";
import { flag, group, optional, type Rule, text, textOr } from "./field.ts";
import type { KubeObject, ResourceType } from "./object.ts";
import { objectSchema, readObject } from "./object_schema.ts";
import { HTTP_URL, HTTP_URL_OR_EMPTY, OBJECT_NAME, TRIMMED } from "./patterns.ts";
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
  primaryAccessURL: optional(text(
    "Address of the Coder deployment that this proxy belongs to, as its users see it. Default: bootstrap.coderURL.",
    { pattern: HTTP_URL_OR_EMPTY },
  )),
  proxySessionTokenSecretRef: optional(secretKeySelector(
    "The Secret with the token of a proxy that is registered already. Not used with bootstrap.",
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
    proxyName: optional(text("Name of the proxy in Coder. Default: the name of this object.")),
    displayName: optional(text("Name that users see. Default: that which Coder has.")),
    icon: optional(text("Icon that users see: a URL or a path in Coder. Example: /emojis/1f1ea-1f1fa.png.")),
    generatedTokenSecretName: optional(
      text("Name of the Secret that gets the proxy's token, at key token. Default: <name>-proxy-token.", {
        pattern: OBJECT_NAME,
        maxLength: 253,
      }),
    ),
  })),
  derpOnly: flag("Relay connections only, serve no workspace apps. Default: false.").default(false),
  extraArgs: extraArgs("Arguments of coder wsproxy server, after those of the operator."),
  extraEnv: extraEnv(
    "Environment of the proxy, after that of the operator; the last of two equal names wins. CODER_ACCESS_URL, the proxy's own address, belongs here.",
  ),
  imagePullSecrets: imagePullSecrets(),
});

const statusSchema = group("What the operator last saw and did. Zero values are left out.", {
  ...workloadStatus(),
  ...scaleStatus(),
  image: optional(text("Container image that the pods run.")),
  registered: optional(flag("Whether the operator registered this proxy with Coder. Absent means no.")),
  proxyTokenSecretRef: optional(secretKeyReference("Where the proxy's token is kept.")),
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
    AGE_COLUMN,
  ],
  scale: true,
  spec: specSchema,
  status: statusSchema,
  rules: [NAME_RULE],
};
