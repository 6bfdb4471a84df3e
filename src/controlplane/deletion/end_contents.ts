/** The part of a pass over a control plane that is being deleted which is about what is in its Coder. */
import {
  type CoderControlPlane,
  CoderControlPlanes,
  type ControlPlaneStatus,
} from "../../api/control_plane.ts";
import { keyOf } from "../../api/object.ts";
import { ownDeployment } from "../../operator/children/deployment.ts";
import { conditionOf, withConditions } from "../../workload/conditions.ts";
import { writeStatus } from "../../workload/status_writer.ts";
import type { VisitResults } from "../coder/results.ts";
import type { Tools } from "../step.ts";
import { judge, timeLeftMs } from "./judge.ts";
import { CONTENTS } from "./policy.ts";

export type EndContentsTools = Pick<Tools, "client" | "events" | "kinds" | "now"> & {
  readonly results: VisitResults;
};

/** How far it is. */
export interface ContentsEnd {
  /** Until when it may still go on, in milliseconds from now; undefined where it is over. */
  readonly waitMs?: number;
  /** Since when it is over; undefined where there was nothing to do. */
  readonly overSince?: Date;
}

/** Puts on record how far it is, and tells by an Event how it ended. */
export async function endContents(
  object: CoderControlPlane,
  { client, events, kinds, now: clock, results }: EndContentsTools,
  signal: AbortSignal,
): Promise<ContentsEnd> {
  const now = clock();
  const said = conditionOf(object.status?.conditions, CONTENTS);
  const ended = results.ended(object.metadata.uid ?? "");
  const deployment = ownDeployment({ deploymentKey: keyOf(object), object }, { kinds });
  const facts = {
    object,
    said,
    update: ended?.conditions?.find(({ type }) => type === CONTENTS),
    hasDeployment: deployment !== undefined && deployment.metadata.deletionTimestamp === undefined,
    now,
  };
  const update = judge(facts);
  if (update === undefined) return {};
  const moment = { generation: object.metadata.generation ?? 0, now };
  const { after, written } = await writeStatus<ControlPlaneStatus, CoderControlPlane>({
    client,
    informer: kinds.controlPlanes,
    type: CoderControlPlanes,
    object,
    next: (status) => ({ ...status, conditions: withConditions(status?.conditions, [update], [], moment) }),
    signal,
  });
  if (written && said?.status !== update.status) {
    const isWarning = update.status === "False" && update.reason !== "Deleted";
    const reason = update.status === "True"
      ? "DeletingContents"
      : isWarning
      ? "ContentsLeft"
      : "ContentsDeleted";
    events.event(object, isWarning ? "Warning" : "Normal", reason, update.message, "Delete");
  }
  if (update.status === "True") return { waitMs: timeLeftMs(facts) };
  return { overSince: new Date(conditionOf(after.conditions, CONTENTS)?.lastTransitionTime ?? now) };
}
