/** Something is used that the licence does not allow. */
import { controlPlaneOf } from "../../owner_view.ts";
import type { Rule } from "../../types.ts";
import { licenceView, quoteLicence, renewLicence, seeLicence } from "./licence_words.ts";

const NOT_COVERED =
  /not entitled|(?:enterprise|premium) feature|only (?:licensed|entitled) for|requires? a (?:\w+ )?licen[cs]e|expired\. Reduce/i;

/** See the file's head. */
export const licenceMissingForFeature: Rule = {
  id: "licence-missing-for-feature",
  subjects: ["controlplane"],
  needs: ["entitlements"],
  depth: 60,
  explains: ["coder-unreachable"],
  docs: {
    title: "The licence does not cover what is used",
    symptom: "With several replicas, people cannot connect to workspaces; owners see a banner.",
    cause:
      "Something is switched on, or used by more people, than the licence allows, or there is no licence.",
    evidence: "Coder's own words.",
    remedy: "Add a licence that covers it, or switch it off (spec.replicas to 1, say).",
  },
  find(facts) {
    const [licence, owner] = [licenceView(facts), controlPlaneOf(facts)];
    if (licence === undefined || owner === undefined) return [];
    const words = licence.messages.filter((message) => NOT_COVERED.test(message));
    const [first] = words;
    if (first === undefined) return [];
    const none = licence.entitlements.hasLicense
      ? "The licence"
      : "There is no licence, or none that counts: that";
    return [{
      cause: `${none} of control plane ${owner.ref} does not cover what is used: ${first}`,
      confidence: licence.entitlements.errors.some((error) => words.includes(error)) ? "certain" : "likely",
      evidence: words.slice(0, 3).map((quote) => ({ ...quoteLicence(facts, licence), quote })),
      next: [seeLicence(owner), renewLicence(owner)],
    }];
  },
};
