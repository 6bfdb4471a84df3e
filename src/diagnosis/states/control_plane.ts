/** The state of a control plane. */
import type { Facts } from "../facts.ts";
import { text } from "../foreign.ts";
import { controlPlaneOf, type OwnerView } from "../owner_view.ts";
import { isUnread, valueOf } from "../seen.ts";
import { type Beside, ownerState } from "./rollout.ts";
import type { StateTeller } from "./teller.ts";

/** In one sentence. */
export const controlPlaneState: StateTeller = (facts, causes) =>
  ownerState(facts, controlPlaneOf(facts), causes, (owner) => coderWords(facts, owner));

function coderWords(facts: Facts, { status }: OwnerView): Beside {
  const alive = valueOf(facts.coderAlive);
  const address = text(status["externalURL"]) || text(status["url"]);
  const at = address === "" ? "" : ` at ${address}`;
  if (alive !== undefined) {
    return { words: `; Coder ${alive.version.replace(/^v/, "")} answers${at}`, isWell: true };
  }
  const isAway = isUnread(facts.coderAlive, "unreachable") || isUnread(facts.coderAlive, "timeout");
  return { words: isAway ? "; Coder could not be asked" : "", isWell: !isAway };
}
