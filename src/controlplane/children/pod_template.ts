/** The pod template of a control plane. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { PodTemplateSpec } from "../../api/kubernetes/types.ts";
import { caMounts, tlsMounts } from "../../workload/certificates.ts";
import { coderPodTemplate, inputsHash, podInputs } from "../../workload/coder_pod.ts";
import { standardLabels } from "../../workload/labels.ts";
import { controlPlaneServiceAccountName } from "../../workload/names.ts";
import { healthProbe } from "../../workload/probes.ts";
import { SpecError } from "../../workload/spec_error.ts";
import { environment, type EnvironmentFacts } from "./environment.ts";

/**
 * Goes up whenever the same spec leads to another template than before. Deployments that an earlier rendering made keep
 * their template until their spec changes.
 */
export const RENDERING = "2";

/** Name of the container. */
export const CONTAINER = "coder";

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
  /** Of the template, such as checksums of what pods are made from. @default none */
  annotations?: Readonly<Record<string, string>>;
}

/** Renders the template. */
export function podTemplate(controlPlane: ControlPlane, facts: TemplateFacts): PodTemplateSpec {
  const { metadata, spec } = controlPlane;
  const tls = tlsMounts(spec.tls.secretNames);
  const ca = caMounts(spec.certs.secrets);
  return coderPodTemplate(spec, {
    labels: standardLabels("coder-control-plane", metadata.name ?? ""),
    annotations: facts.annotations ?? {},
    container: CONTAINER,
    image: spec.image,
    command: [],
    args: ["--http-address=0.0.0.0:8080"],
    extraArgs: spec.extraArgs,
    env: environment(controlPlane, tls, facts),
    ports: [
      { name: "http", containerPort: 8080, protocol: "TCP" },
      ...(tls.volumes.length > 0 ? [{ name: "https", containerPort: 8443, protocol: "TCP" }] : []),
    ],
    readinessProbe: healthProbe(spec.readinessProbe, true),
    livenessProbe: healthProbe(spec.livenessProbe, false),
    resources: spec.resources,
    imagePullSecrets: spec.imagePullSecrets,
    serviceAccountName: serviceAccountName(controlPlane),
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? GRACE_SECONDS,
    secrets: { volumes: [...tls.volumes, ...ca.volumes], mounts: [...tls.mounts, ...ca.mounts] },
  });
}

/** The hash of everything that shapes the template. See {@linkcode inputsHash}. */
export function templateInputs(controlPlane: ControlPlane, firstAccessUrl: string | undefined): string {
  const { spec } = controlPlane;
  return inputsHash({
    ...podInputs(spec),
    accessUrl: firstAccessUrl,
    args: spec.extraArgs,
    certs: spec.certs.secrets,
    env: spec.extraEnv,
    image: spec.image,
    imagePullSecrets: spec.imagePullSecrets,
    liveness: healthProbe(spec.livenessProbe, false),
    readiness: healthProbe(spec.readinessProbe, true),
    resources: spec.resources,
    serviceAccount: serviceAccountName(controlPlane),
    signIn: spec.signIn,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
    tls: spec.tls.secretNames,
  });
}
