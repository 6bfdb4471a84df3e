/** Whether a new key is needed, and why. */
import { isHashOfTags } from "./hashes.ts";
import { type Holder, holds } from "./holder.ts";
import { sameHome, sameOrganization } from "./homes.ts";
import { currentListing, damageOf } from "./listing.ts";
import { fitsBaseName } from "./names.ts";
import type { Key, KeyFacts, KeyWanted } from "./types.ts";

/** Why a new key is needed. */
export type Need =
  | "FirstKey"
  | "ControlPlaneChanged"
  | "OrganizationChanged"
  | "TagsChanged"
  | "NameChanged"
  | "SecretMissing"
  | "SecretChanged"
  | "KeyGone"
  | "KeyAltered"
  | "RotationRequested"
  | "RotationDue";

/** In words, after "because". */
export const NEED_WORDS: Readonly<Record<Need, string>> = {
  FirstKey: "there is none yet",
  ControlPlaneChanged: "the provisioner belongs to another Coder deployment now",
  OrganizationChanged: "the provisioner belongs to another organization now",
  TagsChanged: "its tags have changed",
  NameChanged: "spec.key.name has changed",
  SecretMissing: "the Secret is gone or has no key",
  SecretChanged: "the Secret holds another value than the operator wrote",
  KeyGone: "somebody deleted the present one in Coder",
  KeyAltered: "the present one is another key in Coder than the operator made, or has other tags",
  RotationRequested: "somebody asked for it",
  RotationDue: "the present one has reached the age of spec.key.rotateAfter",
};

/** True for needs that the user states in the spec. */
export function isDrift(need: Need): boolean {
  return ["ControlPlaneChanged", "OrganizationChanged", "TagsChanged", "NameChanged"].includes(need);
}

/** True for rotations that can wait: the present key is as good as the next one. */
export function isVoluntary(need: Need): boolean {
  return need === "RotationRequested" || need === "RotationDue";
}

/** In what a key differs from what is wanted, as far as anything is known of it. */
export function driftOf(key: Key, wanted: KeyWanted): Need | undefined {
  if (!sameHome(key.home, wanted.home)) return "ControlPlaneChanged";
  if (!sameOrganization(key.organization, wanted.organization)) return "OrganizationChanged";
  if (key.tagsHash !== undefined && !isHashOfTags(key.tagsHash, wanted.tags)) return "TagsChanged";
  return fitsBaseName(key.name, wanted.baseName, wanted.uid) ? undefined : "NameChanged";
}

/** When the present key is due for rotation, in milliseconds since 1970; undefined where it never is. */
export function rotationDue({ createdAt }: Key, { rotateAfterMs }: KeyWanted): number | undefined {
  const created = Date.parse(createdAt ?? "");
  return rotateAfterMs === undefined || Number.isNaN(created) ? undefined : created + rotateAfterMs;
}

/** Why a new key is needed; undefined where the present one will do. The most pressing need counts. */
export function needOf(facts: KeyFacts, holder: Holder): Need | undefined {
  const { wanted, record, now } = facts;
  const { present } = record;
  if (wanted.existingSecret) return undefined;
  if (present === undefined) return "FirstKey";
  const drift = driftOf(present, wanted);
  if (drift !== undefined) return drift;
  const damage = damageOf(present, currentListing(facts), wanted, now);
  if (damage !== undefined) return damage;
  if (!holds(holder, present)) return holder.held === "nothing" ? "SecretMissing" : "SecretChanged";
  if (wanted.rotate !== undefined && wanted.rotate !== record.rotation) return "RotationRequested";
  const due = rotationDue(present, wanted);
  return due !== undefined && now.getTime() >= due ? "RotationDue" : undefined;
}
