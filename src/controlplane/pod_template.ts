/** The pod template of a control plane: exactly what the Go operator rendered, but for repeated environment names. */
import type { ControlPlane } from "../api/control_plane.ts";
import type { Container, LocalObjectReference, PodSpec, PodTemplateSpec } from "../api/kubernetes/types.ts";
import { shortHash } from "../kube/apply/canonical_json.ts";
import { caMounts, tlsMounts } from "../workload/certificates.ts";
import { standardLabels } from "../workload/labels.ts";
import { controlPlaneServiceAccountName } from "../workload/names.ts";
import { healthProbe } from "../workload/probes.ts";
import { SpecError } from "../workload/spec_error.ts";
import { environment } from "./environment.ts";

/**
 * Goes up whenever the same spec leads to another template than before. Deployments that an earlier rendering made keep
 * their template until their spec changes.
 */
export const RENDERING = "1";

/** The ServiceAccount that the pods run as. Throws {@linkcode SpecError} for a name of white space alone. */
export function serviceAccountName({ metadata, spec }: ControlPlane): string {
  const name = controlPlaneServiceAccountName(metadata.name ?? "", spec.serviceAccount.name);
  if (name.trim() === "") {
    throw new SpecError("spec.serviceAccount.name", "is blank; give a name or remove the field");
  }
  return name;
}

/** Renders the template. `accessUrl` is what the operator puts into `CODER_ACCESS_URL`, if anything. */
export function podTemplate(controlPlane: ControlPlane, accessUrl: string | undefined): PodTemplateSpec {
  const { metadata, spec } = controlPlane;
  const tls = tlsMounts(spec.tls.secretNames);
  const ca = caMounts(spec.certs.secrets);
  const pod: PodSpec = {
    serviceAccountName: serviceAccountName(controlPlane),
    ...filled("imagePullSecrets", uniqueNames(spec.imagePullSecrets)),
    containers: [container(controlPlane, accessUrl)],
    ...filled("volumes", [...tls.volumes, ...ca.volumes, ...spec.volumes]),
    ...(Object.keys(spec.nodeSelector).length > 0 && { nodeSelector: spec.nodeSelector }),
    ...filled("tolerations", spec.tolerations),
    ...filled("topologySpreadConstraints", spec.topologySpreadConstraints),
    ...(spec.affinity !== undefined && { affinity: spec.affinity }),
    ...(spec.podSecurityContext !== undefined && { securityContext: spec.podSecurityContext }),
  };
  return {
    metadata: { labels: standardLabels("coder-control-plane", metadata.name ?? "") },
    spec: pod,
  };
}

/**
 * The hash of everything that shapes the template. It is stored: another hash for the same spec would restart the pods of
 * every installation. So a field that is absent or empty does not count, and a later version's new fields must not
 * either until they are used.
 */
export function templateInputs(controlPlane: ControlPlane, accessUrl: string | undefined): string {
  const { spec } = controlPlane;
  const inputs = {
    accessUrl,
    affinity: spec.affinity,
    args: spec.extraArgs,
    certs: spec.certs.secrets,
    env: spec.extraEnv,
    envFrom: spec.envFrom,
    image: spec.image,
    imagePullSecrets: spec.imagePullSecrets,
    liveness: healthProbe(spec.livenessProbe, false),
    nodeSelector: spec.nodeSelector,
    podSecurityContext: spec.podSecurityContext,
    readiness: healthProbe(spec.readinessProbe, true),
    resources: spec.resources,
    securityContext: spec.securityContext,
    serviceAccount: serviceAccountName(controlPlane),
    tls: spec.tls.secretNames,
    tolerations: spec.tolerations,
    topologySpreadConstraints: spec.topologySpreadConstraints,
    volumeMounts: spec.volumeMounts,
    volumes: spec.volumes,
  };
  return shortHash(Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isEmpty(value))));
}

function container(controlPlane: ControlPlane, accessUrl: string | undefined): Container {
  const { spec } = controlPlane;
  const tls = tlsMounts(spec.tls.secretNames);
  const readinessProbe = healthProbe(spec.readinessProbe, true);
  const livenessProbe = healthProbe(spec.livenessProbe, false);
  return {
    name: "coder",
    image: spec.image,
    args: ["--http-address=0.0.0.0:8080", ...spec.extraArgs],
    ...filled("envFrom", spec.envFrom),
    env: environment(controlPlane, tls, accessUrl),
    ports: [
      { name: "http", containerPort: 8080, protocol: "TCP" },
      ...(tls.volumes.length > 0 ? [{ name: "https", containerPort: 8443, protocol: "TCP" }] : []),
    ],
    ...(spec.resources !== undefined && { resources: spec.resources }),
    ...filled("volumeMounts", [...tls.mounts, ...caMounts(spec.certs.secrets).mounts, ...spec.volumeMounts]),
    ...(livenessProbe && { livenessProbe }),
    ...(readinessProbe && { readinessProbe }),
    ...(spec.securityContext !== undefined && { securityContext: spec.securityContext }),
  };
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
