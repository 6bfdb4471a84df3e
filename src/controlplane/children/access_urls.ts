/** The addresses that Coder is told it has: CODER_ACCESS_URL and CODER_WILDCARD_ACCESS_URL. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import {
  ACCESS_URL,
  type AccessFacts as SharedFacts,
  type AccessUrls,
  accessUrls as sharedUrls,
  type AccessWishes,
  askedUrls,
} from "../../workload/access_urls.ts";
import { told } from "../../workload/env.ts";
import { clusterAccessUrl, controlPlaneAddress } from "../../workload/urls.ts";
import { exposureText, possibleExposure, type WantedExposure } from "../../workload/wanted_exposure.ts";
import { CONTAINER } from "./pod_template.ts";
import { wantedExposure } from "../exposure/exposure.ts";

/** What is known beside the spec. */
export interface AccessFacts extends Omit<SharedFacts, "told"> {
  clusterDomain: string;
  /** Ours, as it is now. */
  live: Deployment | undefined;
}

/**
 * The public address where the spec exposes Coder, else that of the Service, unless that is switched off. The user's own
 * settings are never touched.
 */
export function accessUrls(controlPlane: ControlPlane, facts: AccessFacts): AccessUrls {
  return sharedUrls(wishes(controlPlane, facts.clusterDomain), {
    ...facts,
    told: told(facts.live, CONTAINER, ACCESS_URL),
  });
}

/** Which of the two the operator might set, so that `envFrom` must be asked about them. */
export function wantedUrls(controlPlane: ControlPlane): string[] {
  return askedUrls(wishes(controlPlane));
}

/**
 * What the spec says about the two, as text; `none` where it says nothing. It is compared with what was recorded when a
 * template was first kept: only what the user changes counts, not what Gateways do.
 */
export function exposureInputs(controlPlane: ControlPlane): string {
  return exposureText(exposure(controlPlane)) ?? "none";
}

function wishes(controlPlane: ControlPlane, clusterDomain?: string): AccessWishes {
  const { spec } = controlPlane;
  return {
    wanted: exposure(controlPlane),
    cluster: spec.envUseClusterAccessURL
      ? clusterAccessUrl(controlPlaneAddress(controlPlane, clusterDomain))
      : undefined,
    isOfUser: (name) => spec.extraEnv.some((entry) => entry.name === name),
  };
}

function exposure(controlPlane: ControlPlane): WantedExposure {
  return possibleExposure(() => wantedExposure(controlPlane));
}
