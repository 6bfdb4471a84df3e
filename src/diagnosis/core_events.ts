/** Events as the core API serves them: who may read those is what people get rights for. */
import { CoreEvents } from "../api/kubernetes/resources.ts";
import type { KubeObject } from "../api/object.ts";
import type { CallerCluster } from "../caller/types.ts";
import { KUBE_MS, within } from "../caller/within.ts";

/** As sent: nothing of it is sure to be there. */
export interface CoreEvent extends KubeObject {
  involvedObject?: { kind?: string; namespace?: string; name?: string; fieldPath?: string; uid?: string };
  type?: string;
  reason?: string;
  message?: string;
  count?: number | null;
  firstTimestamp?: string | null;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  series?: { count?: number; lastObservedTime?: string } | null;
}

/** When it was seen last, in milliseconds since 1970; 0 where it does not say. */
export function eventTime(event: CoreEvent): number {
  const times = [event.series?.lastObservedTime, event.lastTimestamp, event.eventTime, event.firstTimestamp];
  return Math.max(0, ...times.map((time) => Date.parse(time ?? "")).filter(Number.isFinite));
}

/** How often. */
export function eventCount(event: CoreEvent): number {
  return Math.max(1, event.series?.count ?? 0, event.count ?? 0);
}

/** RFC 3339 in whole seconds, UTC. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+/, "");
}

export interface EventQuestion {
  readonly namespace: string;
  /** Of the object that they are about; absent or empty: any. */
  readonly name?: string | undefined;
  readonly kind?: string | undefined;
  /** Where an earlier answer ended. */
  readonly from?: string | undefined;
  /** No more than about so many are read. */
  readonly most: number;
}

const PAGE = 500;

/** Reads them, page by page. `next` is the API server's token for what is left. */
export async function readEvents(
  cluster: Pick<CallerCluster, "list">,
  { namespace, name, kind, from, most }: EventQuestion,
  signal: AbortSignal,
): Promise<{ readonly events: readonly CoreEvent[]; readonly next?: string }> {
  const selectors = { "involvedObject.name": name, "involvedObject.kind": kind };
  const fieldSelector = Object.entries(selectors)
    .flatMap(([field, value]) => value ? [`${field}=${escaped(value)}`] : []).join(",");
  return await within(signal, KUBE_MS, async (signal) => {
    const events: CoreEvent[] = [];
    let next = from;
    do {
      const page = await cluster.list(CoreEvents, {
        namespace,
        ...(fieldSelector === "" ? {} : { fieldSelector }),
        limit: PAGE,
        ...(next === undefined ? {} : { continue: next }),
        signal,
      });
      events.push(...page.items);
      next = page.continue || undefined;
    } while (next !== undefined && events.length < most);
    return { events, ...(next === undefined ? {} : { next }) };
  });
}

/** A value that holds no selector of its own. */
function escaped(value: string): string {
  return value.replace(/[\\,=]/g, "\\$&");
}
