/** What Coder says of the keys there are, from the one list for all provisioners of an organization. */
import { isNotEntitled } from "../../coder/mod.ts";
import type { KeyListing, KeyRecord } from "../keys/mod.ts";
import { REFUSED } from "./entitlement.ts";
import { sayVerdict } from "./entitlement_step.ts";
import { bringsSecret } from "./key_wanted.ts";
import type { Visit, VisitTools } from "./visit.ts";

/** Visits that only verify keys are so far apart, in milliseconds: their list is refreshed every minute at most. */
const VERIFY_MS = 60_000;

/**
 * Asks where there is a key to verify, or where `wants` one newer than the last change. Nothing that fails here is trouble
 * by itself: the key is believed to be there.
 */
export async function keyListing(
  visit: Visit,
  { listings }: Pick<VisitTools, "listings">,
  { record, wants }: { record: KeyRecord; wants: boolean },
): Promise<KeyListing | undefined> {
  const { entitled, organizationID, place, provisioner, report, signal } = visit;
  if (bringsSecret(provisioner) || !entitled || place === undefined || organizationID === undefined) return;
  if (record.present === undefined && !wants) return;
  const changed = Date.parse(record.changedAt ?? "");
  const { failure, latest, lookAgainMs } = await listings.keys(place, organizationID, {
    signal,
    newerThan: wants && !Number.isNaN(changed) ? changed : undefined,
  });
  report.lookAgain(wants ? lookAgainMs : Math.max(lookAgainMs, VERIFY_MS));
  if (failure !== undefined && isNotEntitled(failure.error)) sayVerdict(visit, REFUSED);
  return latest;
}
