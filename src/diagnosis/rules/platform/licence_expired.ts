/** Coder's licence has ended, and nothing of it is left. */
import { conditionIn, controlPlaneOf } from "../../owner_view.ts";
import { quoteCondition } from "../../owner_steps.ts";
import type { Rule } from "../../types.ts";
import { licenceView, quoteLicence, renewLicence, seeLicence } from "./licence_words.ts";

const EXPIRED = /licen[cs]e\b.*\b(?:has )?expired|expired licen[cs]e|token is expired/i;

/** See the file's head. */
export const licenceExpired: Rule = {
  id: "licence-expired",
  subjects: ["controlplane", "provisioner", "proxy"],
  needs: ["entitlements"],
  depth: 94,
  explains: [
    "licence-missing-for-feature",
    "licence-not-applied",
    "provisioner-key-revoked",
    "provisioner-not-connected",
    "provisioner-not-entitled",
    "proxy-not-entitled",
    "proxy-unhealthy",
    "proxy-unreachable",
    "proxy-unregistered",
  ],
  docs: {
    title: "Coder's licence has expired",
    symptom:
      "Licensed features stop: external provisioners, workspace proxies, several replicas, groups, audit.",
    cause: "The licence has ended, and so has its time of grace.",
    evidence: "When the licence ended, and what Coder says of it.",
    remedy: "Add the new licence: put it into the Secret of spec.licenseSecretRef.",
  },
  find(facts) {
    const [licence, owner] = [licenceView(facts), controlPlaneOf(facts)];
    if (owner === undefined) return [];
    const applied = conditionIn(owner, "LicenseApplied");
    const refused = applied?.status === "False" && EXPIRED.test(applied.message) ? applied : undefined;
    if (licence === undefined && refused === undefined) return [];
    if (
      licence !== undefined && (licence.entitled.length > 0 || licence.inGrace.length > 0 || licence.goesOn)
    ) {
      return [];
    }
    const word = licence?.messages.find((message) => EXPIRED.test(message));
    if (licence?.ended === undefined && word === undefined && refused === undefined) return [];
    const end = licence?.ended === undefined ? "has expired" : `expired at ${licence.ended}`;
    return [{
      cause: `The licence of control plane ${owner.ref} ${end}: what needs one does not work any more.`,
      confidence: "certain",
      evidence: [
        ...(licence === undefined ? [] : [quoteLicence(facts, licence)]),
        ...(refused === undefined ? [] : [quoteCondition(owner.about, refused)]),
      ],
      next: [renewLicence(owner), seeLicence(owner)],
    }];
  },
};
