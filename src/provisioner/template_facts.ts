/**
 * What the pods of a provisioner are made from beside its spec: what is known now and, where the control plane or the key
 * is in trouble, what was known last. So the spec is followed all the while.
 */
import type { Deployment } from "../api/kubernetes/types.ts";
import type { Provisioner } from "../api/provisioner.ts";
import { keySecretRef } from "./children.ts";
import {
  CODER_URL,
  CONTAINER,
  DAEMON_KEY,
  KEY_CHECKSUM_ANNOTATION,
  type KeyReference,
  type TemplateFacts,
} from "./pod_template.ts";

/** On a Deployment: the address of Coder that its pods were last to have. */
export const URL_ANNOTATION = "coder.com/control-plane-url";
/** On a Deployment: the control plane's image, where its pods were last to have it. */
export const IMAGE_ANNOTATION = "coder.com/control-plane-image";

/** What is known now. */
export interface KnownFacts {
  /** Where pods reach Coder; undefined while nobody knows. */
  readonly url?: string | undefined;
  /** Image of the control plane; undefined while nobody knows. */
  readonly image?: string | undefined;
  /**
   * Undefined while what the Secret holds is not to be used. Place and checksum are of one moment, for pods that are made
   * for the one would be taken for users of the other.
   */
  readonly key?: (KeyReference & { readonly checksum: string }) | undefined;
}

/** Completes what is known. Undefined where something is missing that nobody ever knew: there can be no pods yet. */
export function templateFacts(
  provisioner: Provisioner,
  { url, image, key }: KnownFacts,
  live: Deployment | undefined,
): TemplateFacts | undefined {
  const last = lastFacts(provisioner, live);
  const facts = { url: url ?? last?.url, image: provisioner.spec.image || (image ?? last?.image) };
  const place = key ?? last?.key;
  if (facts.url === undefined || facts.image === undefined || place === undefined) return undefined;
  return {
    url: facts.url,
    image: facts.image,
    key: { name: place.name, key: place.key },
    checksum: key === undefined ? last?.checksum : key.checksum,
  };
}

/**
 * Annotations of the Deployment for the decision about its template: where one of them changes, pods are replaced. What is
 * not known now stays as it was recorded.
 */
export function recordedFacts(
  { spec }: Provisioner,
  { url, image, key }: KnownFacts,
  live: Deployment | undefined,
): Record<string, string> {
  const before = live?.metadata.annotations ?? {};
  const entries: [string, string | undefined][] = [
    [URL_ANNOTATION, url ?? before[URL_ANNOTATION]],
    [IMAGE_ANNOTATION, spec.image ? undefined : image ?? before[IMAGE_ANNOTATION]],
    [KEY_CHECKSUM_ANNOTATION, key?.checksum ?? before[KEY_CHECKSUM_ANNOTATION]],
  ];
  return Object.fromEntries(entries.flatMap(([name, value]) => value === undefined ? [] : [[name, value]]));
}

/**
 * True where the template of another operator is up to date: with this generation of the provisioner, and with the image
 * and the key, which change without it. The address is no reason to replace pods: theirs has reached Coder so far.
 *
 * @param facts as {@linkcode templateFacts} gives them
 */
export function isSettled(
  { metadata, status: { observedGeneration } }: Provisioner,
  live: Deployment | undefined,
  facts: TemplateFacts,
): boolean {
  const { image, checksum } = facts;
  return observedGeneration !== undefined && observedGeneration === metadata.generation &&
    liveImage(live) === image && liveChecksum(live) === checksum;
}

/** The checksum that the pod template has, for `templateChecksum`. */
export function liveChecksum(live: Deployment | undefined): string | undefined {
  return live?.spec?.template.metadata?.annotations?.[KEY_CHECKSUM_ANNOTATION];
}

/** Where the pods get their key; undefined where nobody names a Secret. */
export function liveKeyRef(live: Deployment | undefined): { name: string; key: string } | undefined {
  const entry = containerOf(live)?.env?.findLast(({ name }) => name === DAEMON_KEY);
  const { name = "", key } = entry?.valueFrom?.secretKeyRef ?? {};
  return name === "" || key === undefined ? undefined : { name, key };
}

/** Image that the pods run: `status.image`. */
export function liveImage(live: Deployment | undefined): string | undefined {
  return containerOf(live)?.image;
}

/** What the pods there are made from. */
function lastFacts(provisioner: Provisioner, live: Deployment | undefined) {
  if (live === undefined) return undefined;
  const { annotations = {} } = live.metadata;
  const env = new Map(containerOf(live)?.env?.map((entry) => [entry.name, entry]));
  return {
    url: annotations[URL_ANNOTATION] ?? env.get(CODER_URL)?.value,
    image: annotations[IMAGE_ANNOTATION] ?? liveImage(live),
    // Nobody names a Secret where the user gives the key in the environment, and then it does not count.
    key: liveKeyRef(live) ?? keySecretRef(provisioner),
    checksum: liveChecksum(live),
  };
}

function containerOf(live: Deployment | undefined) {
  return live?.spec?.template.spec?.containers.find(({ name }) => name === CONTAINER);
}
