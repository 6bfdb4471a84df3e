/** What Coder says of its licence. */
import { timeText } from "../../core_events.ts";
import type { EntitlementFacts } from "../../coder_facts.ts";
import type { Facts } from "../../facts.ts";
import { record, text } from "../../foreign.ts";
import type { OwnerView } from "../../owner_view.ts";
import { kubectl } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, NextStep } from "../../types.ts";

/** Entitlements, with the ends of licences sorted. */
export interface LicenceView {
  readonly entitlements: EntitlementFacts;
  /** RFC 3339; the last end that has passed. */
  readonly ended: string | undefined;
  /** An end lies ahead. */
  readonly goesOn: boolean;
  readonly entitled: readonly string[];
  readonly inGrace: readonly string[];
  /** Words of Coder, errors first. */
  readonly messages: readonly string[];
}

/** Undefined where they were not read. */
export function licenceView(facts: Facts): LicenceView | undefined {
  const entitlements = valueOf(facts.entitlements);
  if (entitlements === undefined) return undefined;
  const { features, expiries, errors, warnings } = entitlements;
  const names = (wanted: string) =>
    Object.entries(features).filter(([, { entitlement }]) => entitlement === wanted).map(([name]) => name);
  const ends = expiries.filter((end) => Number.isFinite(Date.parse(end))).toSorted((a, b) =>
    Date.parse(a) - Date.parse(b)
  );
  return {
    entitlements,
    ended: ends.findLast((end) => Date.parse(end) <= facts.now),
    goesOn: ends.some((end) => Date.parse(end) > facts.now),
    entitled: names("entitled"),
    inGrace: names("grace_period"),
    messages: [...errors, ...warnings],
  };
}

/** Coder's own words of its licence. */
export function quoteLicence(
  facts: Facts,
  { entitlements, ended, inGrace, messages }: LicenceView,
): Evidence {
  const { hasLicense, trial } = entitlements;
  const words = [
    `has_license: ${hasLicense}`,
    ...(trial ? ["trial: true"] : []),
    ...(ended === undefined ? [] : [`license_expires: ${ended}`]),
    ...(inGrace.length === 0 ? [] : [`grace_period: ${inGrace.slice(0, 4).join(", ")}`]),
    ...messages.slice(0, 2),
  ];
  return { source: "entitlements of Coder", at: timeText(facts.now), quote: words.join("; ") };
}

/** Puts another licence in. */
export function renewLicence({ namespace, name, spec }: OwnerView): NextStep {
  const reference = record(spec["licenseSecretRef"]);
  const secret = text(reference["name"]);
  const key = text(reference["key"]) || "license";
  return secret === ""
    ? {
      text: "Name a Secret with a new licence in spec.licenseSecretRef.",
      command: kubectl(namespace, "edit", "codercontrolplane", name),
    }
    : {
      text: `Put the new licence, from the file licence.jwt, into Secret ${secret}; the operator applies it.`,
      command:
        `${kubectl(namespace, "create", "secret", "generic", secret, `--from-file=${key}=licence.jwt`)} ` +
        `--dry-run=client -o yaml | ${kubectl(namespace, "apply", "-f", "-")}`,
    };
}

/** All that Coder says of it. */
export function seeLicence({ namespace, name }: OwnerView): NextStep {
  return {
    text: "See what the licence allows, and until when.",
    command: "coder licenses list",
    tool: { name: "get_license_and_entitlements", arguments: { namespace, name } },
  };
}
