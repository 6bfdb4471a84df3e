/** The state of a proxy. */
import { subjectOwner } from "../owner_view.ts";
import { ownProxy } from "../proxy_view.ts";
import { ownerState } from "./rollout.ts";
import type { StateTeller } from "./teller.ts";

const SAYS: Readonly<Record<string, string>> = {
  ok: "; Coder reaches it",
  unreachable: "; Coder does not reach it",
  unhealthy: "; Coder finds fault with it",
  unregistered: "; none of its pods has called Coder yet",
};

/** In one sentence. */
export const proxyState: StateTeller = (facts, causes) =>
  ownerState(facts, subjectOwner(facts), causes, (owner) => {
    const status = ownProxy(facts, owner)?.status ?? "";
    return { words: SAYS[status] ?? "", isWell: status === "ok" || SAYS[status] === undefined };
  });
