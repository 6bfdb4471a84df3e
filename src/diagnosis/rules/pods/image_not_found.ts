/** The registry knows no such image. */
import { NOT_STARTED } from "../../pods/downstream.ts";
import { imageFindings } from "../../pods/image_trouble.ts";
import type { Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const imageNotFound: Rule = {
  id: "image-not-found",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 85,
  explains: NOT_STARTED,
  docs: {
    title: "There is no such image",
    symptom: "The pod waits with ErrImagePull or ImagePullBackOff.",
    cause:
      "The registry has no such repository, tag or digest, has none for the node's processor, or the image has to " +
      "be on the node and is not.",
    evidence: "The node's words: not found, manifest unknown, no match for platform.",
    remedy: "Push the image, or correct its name, tag or digest.",
  },
  find: (facts) => imageFindings(facts, "notFound", ({ words }) => sentence(words), () => []),
};

function sentence(words: string): string {
  if (/platform|no matching manifest/i.test(words)) return "there is none for the processor of its node.";
  if (/pull policy/i.test(words)) return "it is not on the node, and the pull policy is Never.";
  return "the registry has no such image.";
}
