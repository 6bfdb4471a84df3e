/** Events for what happened to children, recorded on their owner. */
import type { KubeObject } from "../../api/object.ts";
import type { ApplyOutcome } from "../../kube/applier.ts";
import type { EventRecorder } from "../../kube/events/events.ts";

/** Records that `child` was created or changed; nothing where it was not. */
export function recordApply(
  events: EventRecorder,
  owner: KubeObject,
  child: { kind: string; metadata: { name?: string } },
  outcome: ApplyOutcome,
): void {
  const what = `${child.kind} ${child.metadata.name ?? ""}`;
  if (outcome === "created") events.event(owner, "Normal", "Created", `Created ${what}`, "Create");
  if (outcome === "configured") events.event(owner, "Normal", "Updated", `Updated ${what}`, "Update");
}
