/** Warnings about the subject and what belongs to it, out of all of a namespace. */
import { CoreEvents } from "../../api/kubernetes/resources.ts";
import type { Pod } from "../../api/kubernetes/types.ts";
import { type CoreEvent, eventTime } from "../core_events.ts";
import { record, text } from "../foreign.ts";
import type { Looker } from "../look.ts";
import { eventView } from "../pods/event_view.ts";
import { type PodView, podView } from "../pods/pod_view.ts";

/** An object that events are wanted of. */
export type EventSubject = { readonly kind: string; readonly name: string } | {
  /** Name of a Deployment. */
  readonly replicaSetsOf: string;
};

/** Where a list is that long, it may not be all. */
const FULL = 500;
const MOST_KEPT = 200;

/** Warnings of a namespace, as far as one page goes. Its rejection is handled where it is awaited. */
export function warningsIn(looker: Looker, namespace: string): Promise<readonly CoreEvent[]> {
  const listing = looker.list(CoreEvents, { namespace, fieldSelector: "type!=Normal" });
  listing.catch(() => {});
  return listing;
}

/**
 * Those about pods, what made them, their claims and the objects of `also`; newest first. Where the namespace has so many
 * that not all were read, the first pod that is not well is asked for by name.
 */
export async function eventsAbout(
  looker: Looker,
  namespace: string,
  warnings: readonly CoreEvent[],
  pods: readonly Pod[],
  also: readonly EventSubject[],
): Promise<readonly CoreEvent[]> {
  const views = pods.map(podView);
  const isAbout = aboutAny(views, also);
  const found = warnings.filter(isAbout);
  const unwell = views.find(({ conditions }) =>
    !conditions.some(({ type, status }) => type === "Ready" && status === "True")
  );
  if (warnings.length >= FULL && unwell !== undefined && unwell.name !== "") {
    const known = new Set(found.map(({ metadata }) => metadata?.name));
    const fieldSelector = `involvedObject.name=${unwell.name},type!=Normal`;
    const more = await looker.list(CoreEvents, { namespace, fieldSelector });
    found.push(...more.filter((event) => isAbout(event) && !known.has(event.metadata?.name)));
  }
  return found.toSorted((a, b) => eventTime(b) - eventTime(a)).slice(0, MOST_KEPT);
}

function aboutAny(pods: readonly PodView[], also: readonly EventSubject[]): (event: CoreEvent) => boolean {
  const names = new Set<string>();
  for (const pod of pods) {
    names.add(`Pod/${pod.name}`);
    if (pod.owner.name !== "") names.add(`${pod.owner.kind}/${pod.owner.name}`);
    for (const claim of pod.claims) names.add(`PersistentVolumeClaim/${claim}`);
  }
  const deployments: string[] = [];
  for (const subject of also) {
    if ("kind" in subject) names.add(`${subject.kind}/${subject.name}`);
    else deployments.push(subject.replicaSetsOf);
  }
  const uids = new Map(pods.map(({ name, uid }) => [name, uid]));
  return (event) => {
    const { kind, name, uid } = eventView(event);
    if (kind === "ReplicaSet" && deployments.some((deployment) => isSetOf(name, deployment))) return true;
    if (!names.has(`${kind}/${name}`)) return false;
    const own = kind === "Pod" ? uids.get(name) ?? "" : "";
    return own === "" || uid === "" || own === uid;
  };
}

function isSetOf(replicaSet: string, deployment: string): boolean {
  return replicaSet.startsWith(`${deployment}-`) &&
    /^[a-z0-9]{1,10}$/.test(replicaSet.slice(deployment.length + 1));
}

/** Whether some warning says this. */
export function saysAny(events: readonly CoreEvent[] | undefined, pattern: RegExp): boolean {
  return (events ?? []).some((event) => pattern.test(text(record(event)["message"])));
}
