/** What is to be done next about the keys of one provisioner: one step at a time. */
import { tagsHash } from "./hashes.ts";
import { holds } from "./holder.ts";
import { heldFor, holdOf } from "./hold.ts";
import { sameHome } from "./homes.ts";
import { withIntent } from "./listing.ts";
import { newKeyName } from "./names.ts";
import { isDrift, isVoluntary, type Need } from "./need.ts";
import type { Settled } from "./settle.ts";
import type { KeyFacts, KeyIntent, KeyRecord, KeyWanted } from "./types.ts";

/** Why nothing can be done now. */
export interface Wait {
  readonly do: "wait";
  /** CamelCase, for conditions. */
  readonly reason: string;
  /** For people: a clause. */
  readonly message: string;
  /** When to look again, in milliseconds. Undefined: when something changes. */
  readonly ms?: number | undefined;
}

/** One step. */
export type Step =
  /** Put the name of the next key on record, before anybody hears of it. */
  | { readonly do: "save"; readonly record: KeyRecord }
  /** Make the key of this intent, which is on record, and put it into the Secret. */
  | { readonly do: "create"; readonly intent: KeyIntent }
  /** Delete this key: nothing uses it. */
  | { readonly do: "delete"; readonly intent: KeyIntent }
  | Wait
  /** All is as it should be. */
  | { readonly do: "rest" };

/** With so many keys that pods may still use, a further change of the spec waits for them to be rolled. */
export const MAX_RETIRING = 5;

/** It waits no longer than until the present key is so old, in milliseconds: what rolls may need the next key to end. */
export const ROLLOUT_MS = 600_000;

/** A key that was damaged so soon after it was made is replaced only after this time, in milliseconds: somebody fights. */
export const SETTLE_MS = 30_000;

/** What a step is chosen from, beside the facts. */
export interface Plan extends Settled {
  /** As it was read: what is on it, is stored. */
  readonly stored: KeyRecord;
  /** Why keys cannot be deleted now, by their names. */
  readonly unreachable: ReadonlyMap<string, Wait>;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

/** Chooses the next step. `facts.record` is not looked at: `plan.record` is the settled one. */
export function nextStep(facts: KeyFacts, plan: Plan): Step {
  const { record, need } = plan;
  const postponed = need === undefined ? undefined : postponement(need, record, facts);
  if (need !== undefined && postponed === undefined) return towardsKey(facts, plan, need);
  return clearAway(facts, plan) ?? postponed ?? { do: "rest" };
}

const making = ({ intents }: KeyRecord) => intents.find(({ step }) => step === "Making");
const retiring = ({ intents }: KeyRecord) => intents.filter(({ step }) => step === "Retiring");

/** A need that lets what is under way end first. */
function postponement(need: Need, record: KeyRecord, { wanted, now }: KeyFacts): Wait | undefined {
  if (making(record) !== undefined) return undefined;
  const rolling = retiring(record);
  const message = `pods still run with an earlier key (${rolling.map(({ name }) => name).join(", ")})`;
  const wait: Wait = { do: "wait", reason: "RolloutAwaited", message };
  if (isVoluntary(need)) return rolling.some(({ home }) => sameHome(home, wanted.home)) ? wait : undefined;
  const left = ROLLOUT_MS - ageOf(record, now);
  return isDrift(need) && rolling.length >= MAX_RETIRING && left > 0 ? { ...wait, ms: left } : undefined;
}

/** How old the present key is, in milliseconds; endless where nobody knows. */
function ageOf({ present }: KeyRecord, now: Date): number {
  const age = now.getTime() - Date.parse(present?.createdAt ?? "");
  return age >= 0 ? age : Infinity;
}

function towardsKey(facts: KeyFacts, plan: Plan, need: Need): Step {
  const { wanted, secret, now } = facts;
  const { record, stored } = plan;
  if (secret.state === "foreign") return { do: "wait", reason: "SecretForeign", message: secret.message };
  if (plan.asksForListing) {
    const message = "the Secret holds a key of this provisioner that Coder has to confirm first";
    return { do: "wait", reason: "ListingAwaited", message };
  }
  const blocked = blockedAt(facts, plan, wanted.home);
  if (blocked !== undefined) return blocked;
  const unused = record.intents.find(({ step, home, name }) =>
    step === "Undoing" && sameHome(home, wanted.home) && !plan.unreachable.has(name)
  );
  if (unused !== undefined) return { do: "delete", intent: unused };
  const intent = making(record);
  if (intent !== undefined) {
    const isStored = making(stored)?.name === intent.name;
    return isStored ? { do: "create", intent } : { do: "save", record };
  }
  const left = SETTLE_MS - ageOf(record, now);
  if (!isDrift(need) && !isVoluntary(need) && left > 0) {
    return { do: "wait", reason: "Settling", message: "the present key was made just now", ms: left };
  }
  return { do: "save", record: withIntent(record, newIntent(wanted, now, plan.random)) };
}

function newIntent(wanted: KeyWanted, now: Date, random: () => number): KeyIntent {
  return {
    name: newKeyName(wanted.baseName, wanted.uid, random),
    step: "Making",
    since: now.toISOString(),
    organization: wanted.organization,
    tagsHash: tagsHash(wanted.tags),
    home: wanted.home,
    rotation: wanted.rotate,
  };
}

/** Why no call about keys may go to the wanted deployment now. */
function blockedAt(
  { wanted, closed, entitled, now }: KeyFacts,
  { record }: Plan,
  home: KeyIntent["home"],
): Wait | undefined {
  if (!entitled && sameHome(home, wanted.home)) {
    return closed === undefined
      ? { do: "wait", reason: "NotEntitled", message: "the licence does not allow external provisioners" }
      : { do: "wait", reason: "ControlPlaneUnavailable", message: closed };
  }
  const hold = holdOf(record, home);
  const ms = heldFor(record, { home, wanted, now });
  if (ms === 0 || hold === undefined) return undefined;
  return { do: "wait", reason: hold.reason, message: hold.message, ms };
}

/** Deletes what nobody uses any more. */
function clearAway(facts: KeyFacts, plan: Plan): Step | undefined {
  const { record, unreachable } = plan;
  const order = ["Undoing", "Retiring"];
  const removable = record.intents
    .filter((intent) => order.includes(intent.step) && isUnused(intent, facts, plan))
    .sort((a, b) => order.indexOf(a.step) - order.indexOf(b.step));
  let wait: Wait | undefined;
  for (const intent of removable) {
    const blocked = unreachable.get(intent.name) ?? blockedAt(facts, plan, intent.home);
    if (blocked === undefined) return { do: "delete", intent };
    wait ??= { ...blocked, message: `key ${intent.name} has to be deleted: ${blocked.message}` };
  }
  return wait;
}

/** True where no pod can have the key, and none can get it. */
function isUnused(
  intent: KeyIntent,
  { secret, rolledWith, wanted }: KeyFacts,
  { holder, record }: Plan,
): boolean {
  if (holds(holder, intent)) return false;
  if (intent.step === "Undoing") return true;
  if (secret.state !== "held" || rolledWith === undefined) return false;
  const inOrder = wanted.existingSecret || holds(holder, record.present);
  return inOrder && [secret.valueHash, secret.legacyChecksum].includes(rolledWith);
}
