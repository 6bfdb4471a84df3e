/** Whether what is in Coder is still being deleted, or the control plane is let go. */
import type { CoderControlPlane } from "../../api/control_plane.ts";
import type { Condition } from "../../api/kubernetes/types.ts";
import type { ConditionUpdate } from "../../workload/conditions.ts";
import { leftIn } from "./left.ts";
import { CONTENTS, deletionPolicy } from "./policy.ts";

/** What a judgement rests on. */
export interface ContentsFacts {
  readonly object: CoderControlPlane;
  /** As it is on record; undefined before the first pass. */
  readonly said: Condition | undefined;
  /** What the last visit said; undefined before the first one of this process. */
  readonly update: ConditionUpdate | undefined;
  /** The Deployment of Coder's pods is there, and stays. */
  readonly hasDeployment: boolean;
  readonly now: Date;
}

/** Reasons of visits that got nowhere. */
const BLOCKED: readonly string[] = ["NoAccess", "CoderAway", "Failed"];

/** What is to be on record; undefined where there never was anything to delete. Status False: it is over. */
export function judge(facts: ContentsFacts): ConditionUpdate | undefined {
  const { object, said, update, hasDeployment } = facts;
  const { policy } = deletionPolicy(object);
  if (said?.status === "False") return over(said.reason, said.message);
  if (policy === "Orphan") {
    return said === undefined ? undefined : over("PolicyChanged", letGo(facts, "it is to be left there now"));
  }
  if (update?.status === "False") return update;
  if (timeLeftMs(facts) <= 0) {
    return over("TimedOut", letGo(facts, "the time for it is over"));
  }
  // Nobody makes it anew, and nobody makes Coder answer again.
  if (!hasDeployment && update !== undefined && BLOCKED.includes(update.reason)) {
    return over("CoderGone", letGo(facts, "Coder's pods are gone"));
  }
  if (update !== undefined) return update;
  const message = said?.message ?? "Workspaces and templates in Coder are deleted first";
  return { type: CONTENTS, status: "True", reason: said?.reason ?? "Deleting", message };
}

/** What is left of the time, in milliseconds; it begins with the first pass over a control plane that is being deleted. */
export function timeLeftMs({ object, said, now }: Pick<ContentsFacts, "object" | "said" | "now">): number {
  const { timeoutMs } = deletionPolicy(object);
  const since = said === undefined ? NaN : Date.parse(said.lastTransitionTime);
  return (Number.isNaN(since) ? now.getTime() : Math.min(since, now.getTime())) + timeoutMs - now.getTime();
}

function over(reason: string, message: string): ConditionUpdate {
  return { type: CONTENTS, status: "False", reason, message };
}

/** What is left, why, and what went wrong last. */
function letGo({ said, update }: ContentsFacts, why: string): string {
  const last = update?.message ?? said?.message;
  const left = leftIn(last);
  if (left === undefined) return `Left in Coder: unknown. The control plane goes all the same: ${why}`;
  const rest = last?.slice(left.length).replace(/\. To leave it: .*$/, "") ?? "";
  return `${left}. The control plane goes all the same: ${why}${rest}`;
}
