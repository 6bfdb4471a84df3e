/** What is given as an image is no name of one. */
import { NOT_STARTED } from "../../pods/downstream.ts";
import { imageFindings } from "../../pods/image_trouble.ts";
import type { Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const imageNameInvalid: Rule = {
  id: "image-name-invalid",
  subjects: ALL_SUBJECTS,
  needs: ["pods"],
  depth: 86,
  explains: NOT_STARTED,
  docs: {
    title: "The image's name is not valid",
    symptom: "The pod waits with InvalidImageName.",
    cause: "The image holds capitals, spaces, a scheme such as https://, or a variable that is empty.",
    evidence: "The state of the container.",
    remedy: "Correct the image's name.",
  },
  find: (facts) => imageFindings(facts, "invalidName", () => "that is no name of an image.", () => []),
};
