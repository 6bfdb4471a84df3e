/** Why images cannot be pulled, in the words of containerd, CRI-O and Docker. */
import { timeText } from "../core_events.ts";
import type { Facts } from "../facts.ts";
import type { Evidence, Finding, NextStep } from "../types.ts";
import { eventEvidence } from "./event_view.ts";
import {
  containerNames,
  eventsOfPod,
  foldedBy,
  type PodContainer,
  podFacts,
  unwellContainers,
} from "./pod_facts.ts";
import { correct, describePod } from "./steps.ts";

export type ImageTrouble = "denied" | "notFound" | "unreachable" | "limited" | "invalidName" | "other";

/** What keeps the container from its image. */
interface ImageHit extends PodContainer {
  readonly trouble: ImageTrouble;
  readonly evidence: readonly Evidence[];
  readonly words: string;
}

const WAITS = new Set(["ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "RegistryUnavailable"]);

/** The first that fits: a registry that says both "not there" and "not allowed" means the latter. */
const CLASSES: readonly (readonly [ImageTrouble, RegExp])[] = [
  ["limited", /toomanyrequests|too many requests|\b429\b|pull rate limit|pull QPS exceeded/i],
  [
    "denied",
    /pull access denied|insufficient_scope|unauthorized|authentication required|access forbidden|\b40[13]\b|\bdenied:|access denied|resource is denied|no basic auth credentials|invalid username|unauthenticated|not authorized/i,
  ],
  [
    "unreachable",
    /dial tcp|i\/o timeout|no such host|connection refused|connection reset|handshake timeout|x509|certificate|deadline exceeded|\bEOF\b|name resolution|server misbehaving|\b50[0234] [A-Z]|no route to host|server gave HTTP response|request canceled|network is unreachable/i,
  ],
  [
    "notFound",
    /manifest[ _]unknown|name[ _]unknown|not found|not present with pull policy|does not exist|no such image|no match(?:ing|) .*(?:manifest|platform)|no match for platform|\b404\b|unknown: artifact|invalid tag|repository name not known/i,
  ],
];

/** @param image is taken out of the words first: names may say anything */
export function imageTroubleOf(words: string, image: string): ImageTrouble {
  const bare = image === "" ? words : words.replaceAll(image, "");
  return CLASSES.find(([, pattern]) => pattern.test(bare))?.[0] ?? "other";
}

/** One finding for each image. @param says the sentence's end, after "…: " */
export function imageFindings(
  facts: Facts,
  trouble: ImageTrouble,
  says: (hit: { readonly image: string; readonly words: string }) => string,
  next: (hit: { readonly image: string; readonly pod: PodContainer["pod"] }) => readonly NextStep[],
): Finding[] {
  const hits = imageHits(facts).filter((hit) => hit.trouble === trouble);
  return foldedBy(hits, ({ container }) => container.image).map((group): Finding => {
    const [{ pod, container: { image }, words, evidence }] = group;
    return {
      cause: `The image ${image} of ${containerNames(group)} cannot be pulled: ${says({ image, words })}`,
      confidence: "certain",
      evidence,
      next: [...next({ image, pod }), correct(facts, "the image"), describePod(pod)],
    };
  });
}

/** All containers that wait for their image. */
function imageHits(facts: Facts): ImageHit[] {
  const read = podFacts(facts);
  return unwellContainers(read).flatMap(({ pod, container }): ImageHit[] => {
    const { state, reason, message, image } = container;
    if (state !== "waiting") return [];
    if (reason === "InvalidImageName") {
      const quote = `${reason}: ${message}`;
      const evidence = [{ source: `status of pod ${pod.ref}`, quote }];
      return [{ pod, container, trouble: "invalidName", evidence, words: message }];
    }
    if (!WAITS.has(reason)) return [];
    const event = eventsOfPod(read, pod).find((one) =>
      /failed to pull image|not present with pull policy/i.test(one.message) && one.message.includes(image)
    );
    const words = [message, event?.message ?? ""].join(" ");
    const status = {
      source: `status of pod ${pod.ref}`,
      at: timeText(read.now),
      quote: `${reason}: ${message}`,
    };
    const evidence = event === undefined ? [status] : [eventEvidence(event), status];
    return [{ pod, container, trouble: imageTroubleOf(words, image), evidence, words }];
  });
}
