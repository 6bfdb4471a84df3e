/** The registry has had enough for now. */
import { NOT_STARTED } from "../../pods/downstream.ts";
import { imageFindings } from "../../pods/image_trouble.ts";
import type { Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const imageRateLimited: Rule = {
  id: "image-rate-limited",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 85,
  explains: NOT_STARTED,
  docs: {
    title: "The registry limits pulls",
    symptom: "The pod waits with ErrImagePull or ImagePullBackOff, often on many nodes at once.",
    cause:
      "More was pulled than the registry gives to one address or account, or than the node allows itself.",
    evidence: "The node's words: toomanyrequests, 429, pull QPS exceeded.",
    remedy: "Wait, pull with an account, or use a mirror of the registry.",
  },
  find: (facts) =>
    imageFindings(facts, "limited", () => "too much was pulled in a short time.", () => [{
      text:
        "Wait: the node tries again by itself. A pull secret with an account, or a mirror, raises the limit.",
    }]),
};
