/** Deletes one key in Coder, with the credentials that its record names. */
import { CoderError, CoderResponseError, isNotFound } from "../../coder/mod.ts";
import { heldAfter, holdOf, reasonOf } from "./hold.ts";
import { homeText, isOtherDeployment, organizationOf } from "./homes.ts";
import { withIntent, without } from "./listing.ts";
import { sameName } from "./names.ts";
import type { KeyCalls, KeyPorts } from "./ports.ts";
import type { KeyEvent, KeyIntent, KeyRecord, KeyWanted } from "./types.ts";

/** What came of it. */
export type Removal =
  /** It is gone. */
  | { readonly end: "deleted"; readonly record: KeyRecord; readonly event: KeyEvent }
  /** It cannot be deleted, ever, by us. */
  | {
    readonly end: "abandoned";
    readonly record: KeyRecord;
    readonly event: KeyEvent;
    readonly lost: LostKey;
  }
  /** Coder refused or did not answer; the record says when to try again. */
  | { readonly end: "failed"; readonly record: KeyRecord }
  /** Coder cannot be asked now. */
  | { readonly end: "closed"; readonly message: string }
  /** It is not there yet: a request to make it may still be on its way, for so many milliseconds. */
  | { readonly end: "awaited"; readonly message: string; readonly ms: number };

/** A key that may still be in Coder and that the operator does not delete. */
export interface LostKey {
  readonly name: string;
  readonly organization: string;
  /** Where it is, as far as it is known. */
  readonly address: string;
  readonly why: string;
}

/** What Coder listed in this pass, by deployment and organization. */
export type KeyLists = Map<string, readonly { readonly name: string }[]>;

/** Why a key that is not there is not forgotten yet. */
export const AWAITED = "a request to make it may still be on its way";

/** How long a request to make a key may be on its way, in milliseconds: calls end after 15 s. */
const IN_FLIGHT_MS = 30_000;

/** Makes the call. Throws only where `signal` ends it. */
export async function removeKey(
  record: KeyRecord,
  intent: KeyIntent,
  ports: Pick<KeyPorts, "coder">,
  { wanted, now, lists, random, clock, signal }: {
    wanted: KeyWanted | undefined;
    now: Date;
    lists: KeyLists;
    random: () => number;
    /** The time when the call has ended. */
    clock: () => Date;
    signal: AbortSignal;
  },
): Promise<Removal> {
  const rest: KeyRecord = { ...record, intents: without(record, intent.name) };
  const way = await ports.coder(intent.home, signal);
  if (way.way === "closed") return { end: "closed", message: way.message };
  if (way.way === "gone") return abandoned(rest, intent, way.message);
  if (isOtherDeployment(intent.home, way.deploymentId)) {
    return abandoned(rest, intent, "another Coder deployment answers there now");
  }
  try {
    if (!await way.keys.deleteKey(organizationOf(intent), intent.name, { signal })) {
      const left = Date.parse(intent.since) + IN_FLIGHT_MS - now.getTime();
      if (!isKnown(intent) && left > 0 && left <= IN_FLIGHT_MS) {
        return { end: "awaited", message: AWAITED, ms: left };
      }
      await checkGone(record, intent, way.keys, { lists, signal });
    }
  } catch (error) {
    signal.throwIfAborted();
    // Names that Coder takes for its own, or that no request can carry: no key of ours ever had them.
    if (error instanceof CoderError && error.kind === "invalid") {
      return abandoned(rest, intent, error.message);
    }
    const held = heldAfter(record, error, { home: intent.home, wanted, now, random: random() });
    // To the end, so that one that cannot be deleted does not keep the others from it.
    return { end: "failed", record: withIntent(held, intent) };
  }
  return {
    end: "deleted",
    record: { ...rest, changedAt: clock().toISOString() },
    event: {
      type: "Normal",
      reason: "KeyDeleted",
      message: `Deleted provisioner key ${intent.name} of organization ${intent.organization.name} in Coder`,
    },
  };
}

/** Coder has told of it at some time, or never of its organization: nothing is on its way. */
function isKnown({ id, valueHash, organization }: KeyIntent): boolean {
  return id !== undefined || valueHash !== undefined || organization.id === undefined;
}

/**
 * Coder says "not found" of an organization that the operator may not see, too. So a key is gone where a list does not have
 * it; where there is no such organization, when Coder says so again later, or never knew it. Throws what speaks against that.
 */
async function checkGone(
  record: KeyRecord,
  intent: KeyIntent,
  keys: Pick<KeyCalls, "listKeys">,
  { lists, signal }: { lists: KeyLists; signal: AbortSignal },
): Promise<void> {
  const { name, home, organization } = intent;
  const place = `${homeText(home)} ${organizationOf(intent)}`;
  try {
    const there = lists.get(place) ?? await keys.listKeys(organizationOf(intent), { signal });
    lists.set(place, there);
    if (!there.some((key) => sameName(key.name, name))) return;
  } catch (error) {
    const isRepeated = holdOf(record, home)?.reason === reasonOf(error);
    if (isNotFound(error) && (isRepeated || organization.id === undefined)) return;
    throw error;
  }
  const call = { method: "DELETE", route: "/api/v2/organizations/{organization}/provisionerkeys/{name}" };
  throw new CoderResponseError(`Coder lists provisioner key ${name}, and does not find it to delete it`, {
    call,
    status: 404,
  });
}

/** Gives a key up. */
export function abandoned(rest: KeyRecord, intent: KeyIntent, why: string): Removal & { end: "abandoned" } {
  const { name, organization, home } = intent;
  const lost = {
    name,
    organization: organization.name,
    address: home.url ?? `control plane ${homeText(home)}`,
    why,
  };
  return { end: "abandoned", record: rest, lost, event: lostEvent(lost) };
}

/** Tells of a lost key, and how to delete it by hand. */
export function lostEvent({ name, organization, address, why }: LostKey): KeyEvent {
  return {
    type: "Warning",
    reason: "KeyAbandoned",
    message: `Provisioner key ${name} at ${address} could not be deleted: ${
      why.replace(/[.\s]+$/, "")
    }. If that Coder still exists, run: coder provisioner keys delete ${name} --org ${organization}`,
  };
}
