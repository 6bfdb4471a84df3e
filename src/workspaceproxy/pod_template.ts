/** The pod template of a workspace proxy. */
import type { EnvVar, PodTemplateSpec } from "../api/kubernetes/types.ts";
import type { WorkspaceProxy } from "../api/workspace_proxy.ts";
import { ACCESS_URL, WILDCARD_ACCESS_URL } from "../workload/access_urls.ts";
import { caMounts } from "../workload/certificates.ts";
import { coderPodTemplate, inputsHash, podInputs } from "../workload/coder_pod.ts";
import { mergeEnv } from "../workload/env.ts";
import { healthProbe } from "../workload/probes.ts";
import { SpecError } from "../workload/spec_error.ts";
import { type IpFamily, RELAY_URL, relayUrl } from "../workload/urls.ts";
import { exposureText } from "../workload/wanted_exposure.ts";
import { childLabels, PROXY_PORT } from "./children.ts";
import { possibleExposure } from "./exposure.ts";

/**
 * Goes up whenever the same spec leads to another template than before. Deployments that an earlier rendering made keep
 * their template until their spec changes.
 */
export const RENDERING = "1";

/** Name of the container. */
export const CONTAINER = "workspace-proxy";

/** The environment variable with the address of Coder. */
export const PRIMARY_URL = "CODER_PRIMARY_ACCESS_URL";
/** The environment variable with the token. */
export const SESSION_TOKEN = "CODER_PROXY_SESSION_TOKEN";

/** Which Coder, and which token: without them there are no pods. */
export interface ProxyConnection {
  /** Address of Coder as its users see it. */
  primaryURL: string;
  /** Where the token is, in the proxy's namespace. */
  token: { name: string; key: string };
}

/** What the template is made from beside the spec. */
export interface ProxyTemplateFacts extends ProxyConnection {
  accessURL?: string | undefined;
  wildcardAccessURL?: string | undefined;
  /** Family of the pods' own addresses. @default it is not known */
  family?: IpFamily | undefined;
  /** Of the template, such as checksums of what pods are made from. @default none */
  annotations?: Readonly<Record<string, string>>;
}

/**
 * The address of Coder. `controlPlaneURL`: the access URL of the control plane that the spec names, as Coder itself tells
 * it (`dashboard_url`). Throws {@linkcode SpecError} where nobody gives one; undefined while the control plane has none.
 */
export function primaryUrl(
  { spec }: WorkspaceProxy,
  controlPlaneURL: string | undefined,
): string | undefined {
  const given = spec.primaryAccessURL?.trim() ?? "";
  if (given !== "") return given;
  if (spec.controlPlaneRef !== undefined) return controlPlaneURL;
  const url = spec.bootstrap?.coderURL.trim() ?? "";
  if (url !== "") return url;
  throw new SpecError(
    "spec.primaryAccessURL",
    "is not set: give the address of Coder, or name a control plane in spec.controlPlaneRef",
  );
}

/** Renders the template. */
export function podTemplate(proxy: WorkspaceProxy, facts: ProxyTemplateFacts): PodTemplateSpec {
  const { spec } = proxy;
  return coderPodTemplate(spec, {
    labels: childLabels(proxy),
    annotations: facts.annotations ?? {},
    container: CONTAINER,
    image: spec.image,
    args: [
      "wsproxy",
      "server",
      `--http-address=0.0.0.0:${PROXY_PORT}`,
      ...(spec.derpOnly ? ["--derp-only"] : []),
    ],
    extraArgs: spec.extraArgs,
    env: environment(proxy, facts),
    ports: [{ name: "http", containerPort: PROXY_PORT, protocol: "TCP" }],
    readinessProbe: healthProbe(spec.readinessProbe, true),
    livenessProbe: healthProbe(spec.livenessProbe, false),
    resources: spec.resources,
    imagePullSecrets: spec.imagePullSecrets,
    serviceAccountName: spec.serviceAccountName || undefined,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
    secrets: caMounts(spec.certs?.secrets),
  });
}

/** The hash of everything that shapes the template. See {@linkcode inputsHash}. */
export function templateInputs(proxy: WorkspaceProxy, { primaryURL, token }: ProxyConnection): string {
  const { spec } = proxy;
  return inputsHash({
    ...podInputs(spec),
    args: spec.extraArgs,
    certs: spec.certs?.secrets,
    derpOnly: spec.derpOnly,
    env: spec.extraEnv,
    expose: exposureText(possibleExposure(proxy)),
    image: spec.image,
    imagePullSecrets: spec.imagePullSecrets,
    liveness: healthProbe(spec.livenessProbe, false),
    primaryURL,
    readiness: healthProbe(spec.readinessProbe, true),
    resources: spec.resources,
    serviceAccountName: spec.serviceAccountName || undefined,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
    token,
  });
}

/** The whole environment, the Go operator's part first; each name once, and the user's value wins. */
function environment({ spec }: WorkspaceProxy, facts: ProxyTemplateFacts): EnvVar[] {
  const { primaryURL, token: { name, key }, accessURL, wildcardAccessURL, family } = facts;
  return mergeEnv([
    { name: PRIMARY_URL, value: primaryURL },
    { name: SESSION_TOKEN, valueFrom: { secretKeyRef: { name, key } } },
    { name: "KUBE_POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: RELAY_URL, value: relayUrl(family, PROXY_PORT) },
    ...(accessURL === undefined ? [] : [{ name: ACCESS_URL, value: accessURL }]),
    ...(wildcardAccessURL === undefined ? [] : [{ name: WILDCARD_ACCESS_URL, value: wildcardAccessURL }]),
    ...spec.extraEnv,
  ]).env;
}
