/** The addresses that Coder is told it has: CODER_ACCESS_URL and CODER_WILDCARD_ACCESS_URL. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import type { GatewayLookup } from "../../workload/exposure_listeners.ts";
import { SpecError } from "../../workload/spec_error.ts";
import { clusterAccessUrl, controlPlaneAddress } from "../../workload/urls.ts";
import { externalAddress } from "../exposure/addresses.ts";
import { ACCESS_URL, WILDCARD_ACCESS_URL } from "./environment.ts";
import { type Wanted, wantedExposure } from "../exposure/exposure.ts";

/** What is known beside the spec. */
export interface AccessFacts {
  /** What `envFrom` defines of the two. */
  fromSources: ReadonlySet<string>;
  clusterDomain: string;
  lookup: GatewayLookup;
  /** Ours, as it is now. */
  live: Deployment | undefined;
}

/** What the operator sets; undefined is left to Coder, or to the user, who has set it. */
export interface AccessUrls {
  access: string | undefined;
  wildcard: string | undefined;
  /** Nobody outside the cluster reaches the access URL. */
  clusterOnly: boolean;
}

/**
 * The public address where the spec exposes Coder, else that of the Service, unless that is switched off. The user's own
 * settings are never touched.
 */
export function accessUrls(controlPlane: ControlPlane, facts: AccessFacts): AccessUrls {
  const wanted = exposure(controlPlane);
  const exposed = wanted === undefined ? undefined : exposedUrl(wanted, facts);
  const isOurs = (name: string) =>
    !facts.fromSources.has(name) && !controlPlane.spec.extraEnv.some((entry) => entry.name === name);
  const cluster = controlPlane.spec.envUseClusterAccessURL
    ? clusterAccessUrl(controlPlaneAddress(controlPlane, facts.clusterDomain))
    : undefined;
  const access = isOurs(ACCESS_URL) ? exposed ?? cluster : undefined;
  return {
    access,
    wildcard: isOurs(WILDCARD_ACCESS_URL) ? wildcardOf(wanted) : undefined,
    clusterOnly: access !== undefined && exposed === undefined,
  };
}

/** Which of the two the operator might set, so that `envFrom` must be asked about them. */
export function wantedUrls(controlPlane: ControlPlane): string[] {
  const { spec } = controlPlane;
  const wanted = exposure(controlPlane);
  const names = [
    ...(wanted !== undefined || spec.envUseClusterAccessURL ? [ACCESS_URL] : []),
    ...(wildcardOf(wanted) === undefined ? [] : [WILDCARD_ACCESS_URL]),
  ];
  return names.filter((name) => !spec.extraEnv.some((entry) => entry.name === name));
}

/**
 * What the spec says about the two, as text; `none` where it says nothing. It is compared with what was recorded when a
 * template was first kept: only what the user changes counts, not what Gateways do.
 */
export function exposureInputs(controlPlane: ControlPlane): string {
  const wanted = exposure(controlPlane);
  if (wanted === undefined) return "none";
  const secured = wanted.by === "ingress" && wanted.settings.certificates.length > 0;
  return [wanted.by, ...wanted.exposure.hosts, ...(secured ? ["TLS"] : [])].join(" ");
}

type Exposed = Exclude<Wanted, { by: "nothing" }>;

/** What cannot be exposed is the exposure's trouble: pods run all the same. */
function exposure(controlPlane: ControlPlane): Exposed | undefined {
  try {
    const wanted = wantedExposure(controlPlane);
    return wanted.by === "nothing" ? undefined : wanted;
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return undefined;
  }
}

/** A Gateway that cannot be seen for a moment is no reason to replace pods: what they were told stays. */
function exposedUrl(wanted: Exposed, { lookup, live }: AccessFacts): string | undefined {
  const url = externalAddress(wanted, lookup);
  if (url === undefined || wanted.by !== "gateway") return url;
  if (wanted.parents.every((parent) => lookup(parent) !== undefined)) return url;
  const told = live?.spec?.template.spec?.containers.find(({ name }) => name === "coder")
    ?.env?.find(({ name }) => name === ACCESS_URL)?.value;
  return told === url.replace(/^https:/, "http:") ? told : url;
}

/** Coder takes a name whose first label is the wildcard; anything else would keep it from starting. */
function wildcardOf(wanted: Exposed | undefined): string | undefined {
  const [, wildcard] = wanted?.exposure.hosts ?? [];
  return wildcard?.startsWith("*.") ? wildcard : undefined;
}
