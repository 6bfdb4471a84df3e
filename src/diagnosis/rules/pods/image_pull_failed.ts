/** The image does not come, for a reason of its own. */
import { NOT_STARTED } from "../../pods/downstream.ts";
import { imageFindings } from "../../pods/image_trouble.ts";
import type { Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const imagePullFailed: Rule = {
  id: "image-pull-failed",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 84,
  explains: NOT_STARTED,
  docs: {
    title: "The image cannot be pulled",
    symptom: "The pod waits with ErrImagePull or ImagePullBackOff.",
    cause:
      "Something other than the registry's refusal or silence: a full disk, a broken layer, a wrong signature.",
    evidence: "The node's words.",
    remedy: "As the words say.",
  },
  find: (facts) => imageFindings(facts, "other", () => "see the node's words.", () => []),
};
