/** Parts that the specs and statuses of several kinds share. */
import { z } from "zod";
import {
  type Constraints,
  embedded,
  flag,
  group,
  int32,
  int64,
  list,
  optional,
  stored,
  text,
  textMap,
} from "./field.ts";
import { ENV_NAME, LABEL_VALUE, NAMESPACE_OR_EMPTY, NOT_BLANK, OBJECT_NAME } from "./patterns.ts";

/** The image that runs where none is named. */
export const DEFAULT_IMAGE = "ghcr.io/coder/coder:latest";

/** How many pods. */
export function replicas(description: string) {
  return stored(int32(description, { minimum: 0 }), 1);
}

/** `controlPlaneRef`. `name`: how the name is read, with its rules where it has some. */
export function controlPlaneReference<N extends z.ZodType>(
  description: string,
  name: N,
  constraints: Constraints = {},
) {
  return group(description, {
    name,
    namespace: optional(
      text(
        "Namespace of the CoderControlPlane. Another one than that of this object, the default, has to be let in: by the annotation coder.com/used-from of the control plane.",
        { pattern: NAMESPACE_OR_EMPTY, maxLength: 63 },
      ),
    ),
  }, { "x-kubernetes-map-type": "atomic", ...constraints });
}

/** A reference to one key of a Secret. `key` says what an absent key means. */
export function secretKeySelector(description: string, key: string) {
  return group(description, {
    name: text("Name of the Secret, in the namespace of this object.", { pattern: NOT_BLANK }),
    key: optional(text(key)),
  });
}

/** As {@linkcode secretKeySelector}, in a status: what the operator wrote. */
export function secretKeyReference(description: string) {
  return group(description, {
    name: text("Name of the Secret, in the namespace of this object."),
    key: optional(text("Key in the Secret's data.")),
  });
}

/** `serviceAccount` */
export function serviceAccount() {
  return stored(serviceAccountGroup("the name of this object"), {});
}

/** As {@linkcode serviceAccount}, where nothing is stored in its absence. `fallback` says which name it has then. */
export function serviceAccountGroup(fallback: string) {
  return group("The ServiceAccount that the pods run as.", {
    disableCreate: stored(
      flag("Use a ServiceAccount that you made: the operator creates none and gives up the one it owned."),
      false,
    ),
    name: optional(
      text(`Name of the ServiceAccount. Default: ${fallback}.`, { pattern: OBJECT_NAME, maxLength: 253 }),
    ),
    annotations: textMap(
      "Annotations of the ServiceAccount, for instance to bind it to a cloud identity (eks.amazonaws.com/role-arn).",
    ),
    labels: textMap("Labels of the ServiceAccount, beside those of the operator; yours win.", {
      pattern: LABEL_VALUE,
      maxLength: 63,
    }),
  });
}

/** `extraArgs` */
export function extraArgs(description: string) {
  return list(description, z.string());
}

/** `extraEnv` */
export function extraEnv(description: string) {
  const name = { pattern: ENV_NAME, minLength: 1 };
  return list(description, embedded("EnvVar", undefined, { properties: { name } }));
}

/** `imagePullSecrets` */
export function imagePullSecrets() {
  return list(
    "Secrets in this namespace with credentials of the image registry. Example: - name: registry-login.",
    embedded("LocalObjectReference"),
  );
}

/** `conditions` of every status. Limits as the Kubernetes API conventions set them. */
export function conditions(description: string) {
  const condition = embedded("Condition", "One aspect of the state.", {
    properties: {
      message: { maxLength: 32768 },
      observedGeneration: { minimum: 0 },
      reason: { maxLength: 1024, minLength: 1, pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$" },
      status: { enum: ["True", "False", "Unknown"] },
      type: {
        maxLength: 316,
        pattern:
          "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
      },
    },
  });
  return optional(
    z.array(condition).meta({
      description,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
    }),
  );
}

/** Status fields that every kind with pods has. */
export function workloadStatus() {
  return {
    observedGeneration: optional(
      int64(
        "The metadata.generation that this status describes; older than metadata.generation means: not yet handled.",
      ),
    ),
    readyReplicas: optional(int32("Pods that are ready. Absent means 0.")),
    phase: optional(
      text("Pending while no pod is ready, Ready once at least one is. The conditions say why."),
    ),
  };
}

/** Status fields of the kinds that can be scaled: what the scale subresource shows. */
export function scaleStatus() {
  return {
    replicas: optional(int32("Pods that exist for this object, ready or not.")),
    selector: optional(text("Label selector of the pods, as text: how autoscalers find them.")),
  };
}
