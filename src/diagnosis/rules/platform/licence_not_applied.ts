/** The licence that the spec names is not in Coder. */
import { conditionIn, controlPlaneOf } from "../../owner_view.ts";
import { editOwner, quoteCondition } from "../../owner_steps.ts";
import type { Rule } from "../../types.ts";
import { renewLicence, seeLicence } from "./licence_words.ts";

const REASONS = ["SecretMissing", "NotSupported", "Forbidden", "Error", "LicenseNotApplied"];

/** See the file's head. */
export const licenceNotApplied: Rule = {
  id: "licence-not-applied",
  subjects: ["controlplane"],
  needs: ["controlPlane"],
  depth: 62,
  explains: ["licence-missing-for-feature"],
  docs: {
    title: "The licence could not be applied",
    symptom: "Coder has no licence although the spec names one.",
    cause: "The Secret has no licence, Coder refuses it, or this build of Coder knows none.",
    evidence: "The operator's condition LicenseApplied.",
    remedy: "Put the licence into the Secret as it came; run an image of Coder that has licensed features.",
  },
  find(facts) {
    const owner = controlPlaneOf(facts);
    const applied = owner === undefined ? undefined : conditionIn(owner, "LicenseApplied");
    if (owner === undefined || applied?.status !== "False" || !REASONS.includes(applied.reason)) return [];
    const isBuild = applied.reason === "NotSupported";
    return [{
      cause: isBuild
        ? `This build of Coder knows no licences: that of control plane ${owner.ref} cannot be applied.`
        : `The licence of control plane ${owner.ref} could not be applied: ${applied.message}`,
      confidence: "certain",
      evidence: [quoteCondition(owner.about, applied)],
      next: isBuild
        ? [editOwner(owner, "Run an image with licensed features, or remove spec.licenseSecretRef.")]
        : [renewLicence(owner), seeLicence(owner)],
    }];
  },
};
