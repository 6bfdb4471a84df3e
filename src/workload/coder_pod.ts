/**
 * Pods of all kinds run one container of Coder's image: the fields that they share (`src/api/pods.ts`), and what each
 * kind has of its own.
 */
import type {
  Container,
  ContainerPort,
  EnvVar,
  LocalObjectReference,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ResourceRequirements,
  TopologySpreadConstraint,
} from "../api/kubernetes/types.ts";
import type { PodFields } from "../api/pods.ts";
import { shortHash } from "../kube/apply/canonical_json.ts";
import type { SecretMounts } from "./certificates.ts";
import { hardened } from "./security.ts";

/** Where Coder's image has the program; its own command would start the server. */
export const CODER_PROGRAM = "/opt/coder";

/** What a kind has of its own. */
export interface CoderPod {
  /** The standard labels, which are also the selector. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of the template, after those of the user. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Name of the container. */
  readonly container: string;
  readonly image: string;
  /** In place of which the user may put another; empty for the image's own. @default {[CODER_PROGRAM]} */
  readonly command?: readonly string[];
  /** In place of which the user may put others. */
  readonly args: readonly string[];
  /** Behind either. */
  readonly extraArgs: readonly string[];
  /** As `mergeEnv` gives it: each name once. */
  readonly env: readonly EnvVar[];
  readonly ports?: readonly ContainerPort[];
  readonly readinessProbe?: Probe | undefined;
  readonly livenessProbe?: Probe | undefined;
  readonly resources?: ResourceRequirements | undefined;
  readonly imagePullSecrets: readonly LocalObjectReference[];
  /** Undefined: that of the namespace, and none of its token. */
  readonly serviceAccountName: string | undefined;
  /** Undefined leaves it to the cluster. */
  readonly terminationGracePeriodSeconds?: number | undefined;
  /** Before those of the user. */
  readonly secrets?: SecretMounts;
}

/** Renders the template. */
export function coderPodTemplate(fields: PodFields, pod: CoderPod): PodTemplateSpec {
  const { serviceAccountName, terminationGracePeriodSeconds, secrets } = pod;
  const annotations = { ...fields.podAnnotations, ...pod.annotations };
  const spec: PodSpec = {
    ...(serviceAccountName === undefined ? { automountServiceAccountToken: false } : { serviceAccountName }),
    ...filled("imagePullSecrets", uniqueNames(pod.imagePullSecrets)),
    ...filled("initContainers", fields.initContainers),
    containers: [container(fields, pod)],
    ...filled("volumes", [...secrets?.volumes ?? [], ...fields.volumes]),
    ...filled("hostAliases", fields.hostAliases),
    ...(Object.keys(fields.nodeSelector).length > 0 && { nodeSelector: fields.nodeSelector }),
    ...filled("tolerations", fields.tolerations),
    ...filled("topologySpreadConstraints", spread(fields, pod.labels)),
    ...(fields.affinity !== undefined && { affinity: fields.affinity }),
    ...(fields.podSecurityContext !== undefined && { securityContext: fields.podSecurityContext }),
    ...((fields.priorityClassName ?? "") !== "" && { priorityClassName: fields.priorityClassName }),
    ...(terminationGracePeriodSeconds !== undefined && { terminationGracePeriodSeconds }),
  };
  return {
    metadata: {
      labels: { ...fields.podLabels, ...pod.labels },
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    spec,
  };
}

/** The shared fields that shape the template, for {@linkcode inputsHash}. */
export function podInputs(fields: PodFields): Readonly<Record<string, unknown>> {
  return {
    affinity: fields.affinity,
    command: fields.command,
    envFrom: fields.envFrom,
    hostAliases: fields.hostAliases,
    initContainers: fields.initContainers,
    lifecycle: fields.lifecycle,
    nodeSelector: fields.nodeSelector,
    ownArgs: fields.args,
    podAnnotations: fields.podAnnotations,
    podLabels: fields.podLabels,
    podSecurityContext: fields.podSecurityContext,
    priorityClassName: fields.priorityClassName || undefined,
    securityContext: fields.securityContext,
    tolerations: fields.tolerations,
    topologySpreadConstraints: fields.topologySpreadConstraints,
    volumeMounts: fields.volumeMounts,
    volumes: fields.volumes,
  };
}

/**
 * The hash of what shapes a template. It is stored: another hash for the same spec would restart the pods of every
 * installation. So a field that is absent or empty does not count, and a later version's new fields must not either
 * until they are used.
 */
export function inputsHash(inputs: Readonly<Record<string, unknown>>): string {
  return shortHash(Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isEmpty(value))));
}

function container(fields: PodFields, pod: CoderPod): Container {
  const { readinessProbe, livenessProbe, resources, secrets } = pod;
  const securityContext = fields.securityContext ?? hardened(fields.podSecurityContext);
  const args = fields.args.length > 0 ? fields.args : pod.args;
  const command = fields.command.length > 0 ? fields.command : pod.command ?? [CODER_PROGRAM];
  return {
    name: pod.container,
    image: pod.image,
    ...filled("command", command),
    args: [...args, ...pod.extraArgs],
    ...filled("envFrom", fields.envFrom),
    env: [...pod.env],
    ...filled("ports", pod.ports ?? []),
    ...(resources !== undefined && { resources }),
    ...filled("volumeMounts", [...secrets?.mounts ?? [], ...fields.volumeMounts]),
    ...(livenessProbe !== undefined && { livenessProbe }),
    ...(readinessProbe !== undefined && { readinessProbe }),
    ...(fields.lifecycle !== undefined && { lifecycle: fields.lifecycle }),
    ...(securityContext !== undefined && { securityContext }),
  };
}

/** Where the user says nothing about places, pods go to different zones and nodes if they can. */
function spread(
  { topologySpreadConstraints, affinity }: PodFields,
  matchLabels: Readonly<Record<string, string>>,
): readonly TopologySpreadConstraint[] {
  if (topologySpreadConstraints.length > 0 || affinity !== undefined) return topologySpreadConstraints;
  return ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: { ...matchLabels } },
  }));
}

/** A list field, or nothing: empty lists are not stored. */
function filled<K extends string, T>(name: K, list: readonly T[]): { [P in K]?: T[] } {
  return (list.length === 0 ? {} : { [name]: [...list] }) as { [P in K]?: T[] };
}

/** Server-side apply refuses a repeated reference; to the kubelet it means nothing. */
function uniqueNames(references: readonly LocalObjectReference[]): LocalObjectReference[] {
  return [...new Map(references.map((reference) => [reference.name ?? "", reference])).values()];
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === false ||
    (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}
