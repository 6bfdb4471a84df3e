/** The registry does not let the node have the image. */
import { NOT_STARTED } from "../../pods/downstream.ts";
import { imageFindings } from "../../pods/image_trouble.ts";
import { isName, kubectl } from "../../pods/steps.ts";
import type { Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const imagePullDenied: Rule = {
  id: "image-pull-denied",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 85,
  explains: NOT_STARTED,
  docs: {
    title: "The registry denies the image",
    symptom:
      "The pod waits with ErrImagePull or ImagePullBackOff; the agent or the server in it never comes.",
    cause:
      "The registry wants a login that the pod has no pull secret for, the login is wrong, or the repository is " +
      "private or does not exist: many registries tell no difference.",
    evidence: "The node's words: pull access denied, unauthorized, 401 or 403.",
    remedy:
      "Give the pod a pull secret for that registry (imagePullSecrets of the pod or of its service account), " +
      "or correct the image's name.",
  },
  find: (facts) =>
    imageFindings(
      facts,
      "denied",
      () => "the registry denies access, or there is no such repository.",
      ({ image, pod }) => [{
        text: `See which pull secrets the pod has: one for ${registryOf(image)} is needed.`,
        command: kubectl(
          pod.namespace,
          "get",
          "pod",
          pod.name,
          "-o",
          "jsonpath={.spec.imagePullSecrets[*].name}",
        ),
      }],
    ),
};

/** The registry of an image: Docker Hub where none is named. */
function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  if (!isName(first)) return "its registry";
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : "docker.io";
}
