/** One Event for all children that a pass made, and one for all that it changed: a new object makes half a dozen. */
import type { KubeObject } from "../../api/object.ts";
import type { EventRecorder } from "../../kube/events/events.ts";

/** Reasons of Events whose notes begin with the reason itself, so that several make one sentence. */
const GATHERED: readonly string[] = ["Created", "Updated"];

interface Gathered {
  readonly object: KubeObject;
  readonly reason: string;
  readonly action: string | undefined;
  readonly things: string[];
}

/** Does `work` with tools that gather Events; they are recorded in order, at the latest at its end, however it ends. */
export async function gatheringEvents<T extends { events: EventRecorder }, R>(
  tools: T,
  work: (tools: T) => Promise<R>,
): Promise<R> {
  const { events } = tools;
  let held: Gathered[] = [];
  const flush = () => {
    const before = held;
    held = [];
    for (const { object, reason, action, things } of before) {
      events.event(object, "Normal", reason, `${reason} ${things.join(", ")}`, action);
    }
  };
  const recorder: EventRecorder = {
    event(object, type, reason, note, action) {
      if (type !== "Normal" || !GATHERED.includes(reason) || !note.startsWith(`${reason} `)) {
        flush();
        return events.event(object, type, reason, note, action);
      }
      const thing = note.slice(reason.length + 1);
      const same = held.find((each) =>
        each.reason === reason && each.object.metadata.uid === object.metadata.uid
      );
      if (same === undefined) held.push({ object, reason, action, things: [thing] });
      else same.things.push(thing);
    },
  };
  try {
    return await work({ ...tools, events: recorder });
  } finally {
    flush();
  }
}
