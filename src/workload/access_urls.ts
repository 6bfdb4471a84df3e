/** The addresses that pods are told they have. */
import type { GatewayLookup } from "./exposure_listeners.ts";
import { exposedUrl, exposedWildcard, type WantedExposure } from "./wanted_exposure.ts";

/** Where users reach the pods' program. */
export const ACCESS_URL = "CODER_ACCESS_URL";
/** Under which names they reach workspace apps. */
export const WILDCARD_ACCESS_URL = "CODER_WILDCARD_ACCESS_URL";

/** What a spec says of the two. */
export interface AccessWishes {
  wanted: WantedExposure;
  /** The Service's address, where pods are to be told that as long as they are not exposed. */
  cluster: string | undefined;
  /** The spec itself sets the one of this name, however it does. */
  isOfUser(name: string): boolean;
}

/** What is known beside the spec. */
export interface AccessFacts {
  /** What `envFrom` defines of the two. */
  fromSources: ReadonlySet<string>;
  lookup: GatewayLookup;
  /** What the pods that run were told of {@linkcode ACCESS_URL}. */
  told: string | undefined;
}

/** What the operator sets; undefined is left to the pods' program, or to the user, who has set it. */
export interface AccessUrls {
  access: string | undefined;
  wildcard: string | undefined;
  /** Nobody outside the cluster reaches the access URL. */
  clusterOnly: boolean;
}

/** The public address where the spec exposes the pods, else that of the Service. The user's own settings win. */
export function accessUrls({ wanted, cluster, isOfUser }: AccessWishes, facts: AccessFacts): AccessUrls {
  const exposed = keptUrl(wanted, facts);
  const isOurs = (name: string) => !isOfUser(name) && !facts.fromSources.has(name);
  const access = isOurs(ACCESS_URL) ? exposed ?? cluster : undefined;
  return {
    access,
    wildcard: isOurs(WILDCARD_ACCESS_URL) ? exposedWildcard(wanted) : undefined,
    clusterOnly: access !== undefined && exposed === undefined,
  };
}

/** Which of the two the operator might set, so that `envFrom` must be asked about them. */
export function askedUrls({ wanted, cluster, isOfUser }: AccessWishes): string[] {
  const names = [
    ...(wanted.by !== "nothing" || cluster !== undefined ? [ACCESS_URL] : []),
    ...(exposedWildcard(wanted) === undefined ? [] : [WILDCARD_ACCESS_URL]),
  ];
  return names.filter((name) => !isOfUser(name));
}

/** A Gateway that cannot be seen for a moment is no reason to replace pods: what they were told stays. */
function keptUrl(wanted: WantedExposure, { lookup, told }: AccessFacts): string | undefined {
  const url = exposedUrl(wanted, lookup);
  if (url === undefined || wanted.by !== "gateway") return url;
  if (wanted.parents.every((parent) => lookup(parent) !== undefined)) return url;
  return told === url.replace(/^https:/, "http:") ? told : url;
}
