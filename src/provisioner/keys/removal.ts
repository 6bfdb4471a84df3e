/** Deletes one key in Coder, with the credentials that its record names. */
import { CoderError } from "../../coder/mod.ts";
import { heldAfter } from "./hold.ts";
import { homeText, isOtherDeployment, organizationOf } from "./homes.ts";
import { withIntent, without } from "./listing.ts";
import type { KeyPorts } from "./ports.ts";
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
  | { readonly end: "closed"; readonly message: string };

/** A key that may still be in Coder and that the operator does not delete. */
export interface LostKey {
  readonly name: string;
  readonly organization: string;
  /** Where it is, as far as it is known. */
  readonly address: string;
  readonly why: string;
}

/** Makes the call. Throws only where `signal` ends it. */
export async function removeKey(
  record: KeyRecord,
  intent: KeyIntent,
  ports: Pick<KeyPorts, "coder">,
  { wanted, now, random, signal }: {
    wanted: KeyWanted | undefined;
    now: Date;
    random: () => number;
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
    await way.keys.deleteKey(organizationOf(intent), intent.name, { signal });
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
    record: { ...rest, changedAt: now.toISOString() },
    event: {
      type: "Normal",
      reason: "KeyDeleted",
      message: `Deleted provisioner key ${intent.name} of organization ${intent.organization.name} in Coder`,
    },
  };
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
