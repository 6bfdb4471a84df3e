/** The pod template of a control plane. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type {
  Container,
  LocalObjectReference,
  PodSpec,
  PodTemplateSpec,
  TopologySpreadConstraint,
} from "../../api/kubernetes/types.ts";
import { shortHash } from "../../kube/apply/canonical_json.ts";
import { caMounts, tlsMounts } from "../../workload/certificates.ts";
import { standardLabels } from "../../workload/labels.ts";
import { controlPlaneServiceAccountName } from "../../workload/names.ts";
import { healthProbe } from "../../workload/probes.ts";
import { hardened } from "../../workload/security.ts";
import { SpecError } from "../../workload/spec_error.ts";
import { type Checksums, CHECKSUMS_ANNOTATION, checksumsText } from "../../operator/children/checksums.ts";
import { environment, type EnvironmentFacts } from "./environment.ts";

/**
 * Goes up whenever the same spec leads to another template than before. Deployments that an earlier rendering made keep
 * their template until their spec changes.
 */
export const RENDERING = "2";

/** Seconds that Coder gets to end in order, builds of its own provisioners included. */
const GRACE_SECONDS = 60;

/** The ServiceAccount that the pods run as. Throws {@linkcode SpecError} for a name of white space alone. */
export function serviceAccountName({ metadata, spec }: ControlPlane): string {
  const name = controlPlaneServiceAccountName(metadata.name ?? "", spec.serviceAccount.name);
  if (name.trim() === "") {
    throw new SpecError("spec.serviceAccount.name", "is blank; give a name or remove the field");
  }
  return name;
}

/** What the template is made from beside the spec. */
export interface TemplateFacts extends EnvironmentFacts {
  /** Of the ConfigMaps and Secrets that the template names. @default none */
  checksums?: Checksums;
}

/** Renders the template. */
export function podTemplate(controlPlane: ControlPlane, facts: TemplateFacts): PodTemplateSpec {
  const { metadata, spec } = controlPlane;
  const tls = tlsMounts(spec.tls.secretNames);
  const ca = caMounts(spec.certs.secrets);
  const labels = standardLabels("coder-control-plane", metadata.name ?? "");
  const pod: PodSpec = {
    serviceAccountName: serviceAccountName(controlPlane),
    ...filled("imagePullSecrets", uniqueNames(spec.imagePullSecrets)),
    ...filled("initContainers", spec.initContainers),
    containers: [coder(controlPlane, facts)],
    ...filled("volumes", [...tls.volumes, ...ca.volumes, ...spec.volumes]),
    ...filled("hostAliases", spec.hostAliases),
    ...(Object.keys(spec.nodeSelector).length > 0 && { nodeSelector: spec.nodeSelector }),
    ...filled("tolerations", spec.tolerations),
    ...filled("topologySpreadConstraints", spread(controlPlane, labels)),
    ...(spec.affinity !== undefined && { affinity: spec.affinity }),
    ...(spec.podSecurityContext !== undefined && { securityContext: spec.podSecurityContext }),
    ...((spec.priorityClassName ?? "") !== "" && { priorityClassName: spec.priorityClassName }),
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? GRACE_SECONDS,
  };
  const checksums = checksumsText(facts.checksums ?? new Map());
  const annotations = {
    ...spec.podAnnotations,
    ...(checksums !== "" && { [CHECKSUMS_ANNOTATION]: checksums }),
  };
  return {
    metadata: {
      labels: { ...spec.podLabels, ...labels },
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    spec: pod,
  };
}

/**
 * The hash of everything that shapes the template. It is stored: another hash for the same spec would restart the pods of
 * every installation. So a field that is absent or empty does not count, and a later version's new fields must not
 * either until they are used.
 */
export function templateInputs(controlPlane: ControlPlane, firstAccessUrl: string | undefined): string {
  const { spec } = controlPlane;
  const inputs = {
    accessUrl: firstAccessUrl,
    affinity: spec.affinity,
    args: spec.extraArgs,
    certs: spec.certs.secrets,
    command: spec.command,
    env: spec.extraEnv,
    envFrom: spec.envFrom,
    hostAliases: spec.hostAliases,
    image: spec.image,
    imagePullSecrets: spec.imagePullSecrets,
    initContainers: spec.initContainers,
    lifecycle: spec.lifecycle,
    liveness: healthProbe(spec.livenessProbe, false),
    nodeSelector: spec.nodeSelector,
    ownArgs: spec.args,
    podAnnotations: spec.podAnnotations,
    podLabels: spec.podLabels,
    podSecurityContext: spec.podSecurityContext,
    priorityClassName: spec.priorityClassName || undefined,
    readiness: healthProbe(spec.readinessProbe, true),
    resources: spec.resources,
    securityContext: spec.securityContext,
    serviceAccount: serviceAccountName(controlPlane),
    signIn: spec.signIn,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
    tls: spec.tls.secretNames,
    tolerations: spec.tolerations,
    topologySpreadConstraints: spec.topologySpreadConstraints,
    volumeMounts: spec.volumeMounts,
    volumes: spec.volumes,
  };
  return shortHash(Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isEmpty(value))));
}

function coder(controlPlane: ControlPlane, facts: TemplateFacts): Container {
  const { spec } = controlPlane;
  const tls = tlsMounts(spec.tls.secretNames);
  const readinessProbe = healthProbe(spec.readinessProbe, true);
  const livenessProbe = healthProbe(spec.livenessProbe, false);
  const securityContext = spec.securityContext ?? hardened(spec.podSecurityContext);
  const args = spec.args.length > 0 ? spec.args : ["--http-address=0.0.0.0:8080"];
  return {
    name: "coder",
    image: spec.image,
    ...filled("command", spec.command),
    args: [...args, ...spec.extraArgs],
    ...filled("envFrom", spec.envFrom),
    env: environment(controlPlane, tls, facts),
    ports: [
      { name: "http", containerPort: 8080, protocol: "TCP" },
      ...(tls.volumes.length > 0 ? [{ name: "https", containerPort: 8443, protocol: "TCP" }] : []),
    ],
    ...(spec.resources !== undefined && { resources: spec.resources }),
    ...filled("volumeMounts", [...tls.mounts, ...caMounts(spec.certs.secrets).mounts, ...spec.volumeMounts]),
    ...(livenessProbe && { livenessProbe }),
    ...(readinessProbe && { readinessProbe }),
    ...(spec.lifecycle !== undefined && { lifecycle: spec.lifecycle }),
    ...(securityContext !== undefined && { securityContext }),
  };
}

/** Where the user says nothing about places, pods go to different zones and nodes if they can. */
function spread(
  { spec }: ControlPlane,
  matchLabels: Record<string, string>,
): readonly TopologySpreadConstraint[] {
  if (spec.topologySpreadConstraints.length > 0 || spec.affinity !== undefined) {
    return spec.topologySpreadConstraints;
  }
  return ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels },
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
  return value === undefined ||
    (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}
