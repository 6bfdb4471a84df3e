/** The licence of Coder, or its build, has no workspace proxies. */
import { timeText } from "../../core_events.ts";
import { conditionIn, controlPlaneOf, subjectOwner } from "../../owner_view.ts";
import { editOwner, quoteCondition } from "../../owner_steps.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, NextStep, Rule } from "../../types.ts";
import { seeLicence } from "./licence_words.ts";

const REASONS = ["NotEntitled", "NotSupported"];

/** See the file's head. */
export const proxyNotEntitled: Rule = {
  id: "proxy-not-entitled",
  subjects: ["proxy"],
  needs: ["proxy", "entitlements"],
  depth: 92,
  explains: [
    "deployment-unavailable",
    "proxy-not-registered",
    "proxy-token-refused",
    "proxy-unhealthy",
    "proxy-unreachable",
    "proxy-unregistered",
    "secret-missing",
  ],
  docs: {
    title: "Coder's licence has no workspace proxies",
    symptom: "The proxy is not registered, or its pods are turned away.",
    cause: "Workspace proxies need a licence that covers them; the AGPL build has none at all.",
    evidence: "Coder's entitlements, or the operator's condition Registered.",
    remedy: "Give the control plane a licence that covers them (spec.licenseSecretRef).",
  },
  find(facts) {
    const owner = subjectOwner(facts);
    if (owner === undefined) return [];
    const entitlements = valueOf(facts.entitlements);
    const entitlement = entitlements?.features["workspace_proxy"]?.entitlement;
    if (entitlement === "entitled" || entitlement === "grace_period") return [];
    const registered = conditionIn(owner, "Registered");
    const refused = registered?.status === "False" && REASONS.includes(registered.reason)
      ? registered
      : undefined;
    const evidence: Evidence[] = [
      ...(entitlement === undefined ? [] : [{
        source: "entitlements of Coder",
        at: timeText(facts.now),
        quote: `workspace_proxy: ${entitlement}, has_license: ${entitlements?.hasLicense}`,
      }]),
      ...(refused === undefined ? [] : [quoteCondition(owner.about, refused)]),
    ];
    if (evidence.length === 0) return [];
    const controlPlane = controlPlaneOf(facts);
    const next: NextStep[] = controlPlane === undefined
      ? [{ text: "See what the licence of that Coder allows.", command: "coder licenses list" }]
      : [
        editOwner(
          controlPlane,
          "Name a Secret with a licence that covers workspace proxies (spec.licenseSecretRef).",
        ),
        seeLicence(controlPlane),
      ];
    return [{
      cause: refused?.reason === "NotSupported"
        ? `The build of Coder that ${owner.about} belongs to has no workspace proxies.`
        : `The licence of the Coder that ${owner.about} belongs to does not allow workspace proxies.`,
      confidence: "certain",
      evidence,
      next,
    }];
  },
};
