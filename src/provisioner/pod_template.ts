/** The pod template of a provisioner. */
import type { EnvVar, PodTemplateSpec } from "../api/kubernetes/types.ts";
import type { Provisioner } from "../api/provisioner.ts";
import { coderPodTemplate, inputsHash, podInputs } from "../workload/coder_pod.ts";
import { mergeEnv } from "../workload/env.ts";
import { type Reference, referencesOf } from "../workload/references.ts";
import { childLabels, childName, serviceAccountName } from "./children.ts";

/**
 * Goes up whenever the same spec leads to another template than before. Deployments that an earlier rendering made keep
 * their template until their spec changes.
 */
export const RENDERING = "1";

/** Name of the container. */
export const CONTAINER = "provisioner";

/** On a pod template: the checksum of the key that its pods start with. On a Deployment: that which was wanted last. */
export const KEY_CHECKSUM_ANNOTATION = "checksum/provisioner-key";

export const CODER_URL = "CODER_URL";
export const DAEMON_KEY = "CODER_PROVISIONER_DAEMON_KEY";
export const DAEMON_NAME = "CODER_PROVISIONER_DAEMON_NAME";

/** Where the key is, in the provisioner's namespace. */
export interface KeyReference {
  readonly name: string;
  readonly key: string;
}

/** What the template is made from beside the spec. */
export interface TemplateFacts {
  /** Address of Coder, as it is: base path and all. */
  readonly url: string;
  /** Of the control plane; the image of the spec goes before it. */
  readonly image: string;
  readonly key: KeyReference;
  /** Of the key, as `templateChecksum` gives it. Undefined: there is none to tell changes by. */
  readonly checksum: string | undefined;
  /** Further annotations of the template, such as checksums of what else pods are made from. @default none */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Renders the template. */
export function podTemplate(provisioner: Provisioner, facts: TemplateFacts): PodTemplateSpec {
  const { spec } = provisioner;
  const { annotations, checksum, image } = facts;
  return coderPodTemplate(spec, {
    labels: childLabels(provisioner),
    annotations: {
      ...annotations,
      ...(checksum !== undefined && { [KEY_CHECKSUM_ANNOTATION]: checksum }),
    },
    container: CONTAINER,
    image: spec.image || image,
    args: ["provisioner", "start"],
    extraArgs: spec.extraArgs,
    env: environment(provisioner, facts),
    resources: spec.resources,
    imagePullSecrets: spec.imagePullSecrets,
    serviceAccountName: serviceAccountName(provisioner),
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
  });
}

/**
 * The hash of everything of the spec that shapes the template, with the key's place. See {@linkcode inputsHash}. What
 * belongs to the control plane, and the key itself, are no part of it: see `recordedFacts`.
 */
export function templateInputs(provisioner: Provisioner, { name, key }: KeyReference): string {
  const { spec } = provisioner;
  return inputsHash({
    ...podInputs(spec),
    args: spec.extraArgs,
    env: spec.extraEnv,
    image: spec.image || undefined,
    imagePullSecrets: spec.imagePullSecrets,
    key: { name, key },
    resources: spec.resources,
    serviceAccountName: serviceAccountName(provisioner),
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
  });
}

/** The objects that the template names, for checksums. Whether the key has changed, its own checksum tells. */
export function otherReferences(template: PodTemplateSpec, secret: KeyReference): Reference[] {
  return referencesOf(template).flatMap((reference) => {
    const { kind, name, keys } = reference;
    if (kind !== "Secret" || name !== secret.name || keys === undefined) return [reference];
    const others = keys.filter((key) => key !== secret.key);
    return others.length === 0 ? [] : [{ ...reference, keys: others }];
  });
}

/** The whole environment, the Go operator's part first; each name once, and the user's value wins. */
function environment(provisioner: Provisioner, { url, key: { name, key } }: TemplateFacts): EnvVar[] {
  return mergeEnv([
    { name: CODER_URL, value: url },
    { name: DAEMON_KEY, valueFrom: { secretKeyRef: { name, key } } },
    ...daemonName(provisioner),
    ...provisioner.spec.extraEnv,
  ]).env;
}

/**
 * Daemons have the names of their pods, so that it can be said which pod works on what. Coder refuses names with dots, and
 * then daemons do not even start. Where pods have such names, Coder itself makes one: what is before the first dot.
 */
function daemonName(provisioner: Provisioner): EnvVar[] {
  if (childName(provisioner).includes(".")) return [];
  return [{ name: DAEMON_NAME, valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }];
}
