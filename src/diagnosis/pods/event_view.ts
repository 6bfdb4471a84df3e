/** Events as rules see them. */
import { type CoreEvent, eventCount, eventTime, timeText } from "../core_events.ts";
import { record, text } from "../foreign.ts";
import type { Evidence } from "../types.ts";

export interface EventView {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly isWarning: boolean;
  readonly reason: string;
  readonly message: string;
  /** Such as `spec.containers{dev}`. */
  readonly fieldPath: string;
  /** Milliseconds since 1970; 0 where it is not told. */
  readonly at: number;
  readonly count: number;
}

/** Reads an event of any shape. */
export function eventView(event: unknown): EventView {
  const raw = record(event);
  const object = record(raw["involvedObject"]);
  return {
    kind: text(object["kind"]),
    namespace: text(object["namespace"]),
    name: text(object["name"]),
    uid: text(object["uid"]),
    isWarning: raw["type"] === "Warning",
    reason: text(raw["reason"]),
    message: text(raw["message"]),
    fieldPath: text(object["fieldPath"]),
    at: eventTime(raw as unknown as CoreEvent),
    count: eventCount(raw as unknown as CoreEvent),
  };
}

/** What is said of one object; an earlier one of the same name is another. */
export function eventsOf(
  events: readonly EventView[],
  object: { readonly kind: string; readonly namespace: string; readonly name: string; readonly uid?: string },
): readonly EventView[] {
  return events.filter(({ kind, namespace, name, uid }) =>
    kind === object.kind && name === object.name && (namespace === "" || namespace === object.namespace) &&
    (uid === "" || !object.uid || uid === object.uid)
  );
}

/** Quotes one: `event of pod lab/dev-0`. */
export function eventEvidence({ kind, namespace, name, reason, message, at, count }: EventView): Evidence {
  return {
    source: `event of ${spelled(kind)} ${namespace === "" ? name : `${namespace}/${name}`}`,
    ...(at === 0 ? {} : { at: timeText(at) }),
    quote: `${reason}: ${message}${count > 1 ? ` (×${count})` : ""}`,
  };
}

const SPELLED: Readonly<Record<string, string>> = {
  PersistentVolumeClaim: "volume claim",
  Deployment: "Deployment",
  ReplicaSet: "ReplicaSet",
  Pod: "pod",
  Node: "node",
};

function spelled(kind: string): string {
  return SPELLED[kind] ?? (kind === "" ? "something" : kind);
}
