/** Coder's licence has ended, and Coder still grants what it allowed; or it ends soon. */
import { controlPlaneOf } from "../../owner_view.ts";
import type { Rule } from "../../types.ts";
import { licenceView, quoteLicence, renewLicence, seeLicence } from "./licence_words.ts";

const ENDS_SOON = /licen[cs]e expires in (\d+) day/i;

/** See the file's head. */
export const licenceInGracePeriod: Rule = {
  id: "licence-in-grace-period",
  subjects: ["controlplane"],
  needs: ["entitlements"],
  depth: 12,
  docs: {
    title: "Coder's licence is in its time of grace, or ends soon",
    symptom: "Owners see a banner. Nothing has stopped yet.",
    cause: "The licence has ended and Coder still grants its features for a while, or it ends within days.",
    evidence: "When the licence ends, and what Coder says of it.",
    remedy: "Add the new licence before the time is over.",
  },
  find(facts) {
    const [licence, owner] = [licenceView(facts), controlPlaneOf(facts)];
    if (licence === undefined || owner === undefined || licence.goesOn && licence.inGrace.length === 0) {
      return [];
    }
    const { ended, entitled, inGrace, messages } = licence;
    const days = messages.map((message) => ENDS_SOON.exec(message)?.[1]).find((found) => found !== undefined);
    if (inGrace.length === 0 && (days === undefined || entitled.length === 0)) return [];
    return [{
      cause: inGrace.length === 0
        ? `The licence of control plane ${owner.ref} expires in ${days} days.`
        : `The licence of control plane ${owner.ref} ${
          ended === undefined ? "has expired" : `expired at ${ended}`
        }; Coder still grants ${
          inGrace.length === 1 ? inGrace[0] : `${inGrace.length} features`
        }, in its time of grace.`,
      confidence: inGrace.length === 0 ? "possible" : "certain",
      evidence: [quoteLicence(facts, licence)],
      next: [renewLicence(owner), seeLicence(owner)],
    }];
  },
};
