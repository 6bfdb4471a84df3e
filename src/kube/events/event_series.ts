/** Counts equal events together, so that a thing that happens a hundred times is one Event with a count. */
import type { Event, EventSeries as SeriesField } from "../../api/kubernetes/types.ts";
import type { KubeObject, ObjectKey } from "../../api/object.ts";
import { type Clock, systemClock } from "../clock.ts";
import { microTime } from "../lease/lease_holder.ts";

/** Everything that makes two events the same. */
export interface EventFacts {
  object: KubeObject;
  type: "Normal" | "Warning";
  reason: string;
  note: string;
  action: string;
  reportingController: string;
  reportingInstance: string;
}

/** One Event and how often it happened. */
export interface EventSeries {
  readonly facts: EventFacts;
  /** The Event in the cluster, once it is there. */
  created: ObjectKey | undefined;
  /** Occurrences that the cluster has not been told of. */
  readonly unsent: number;
  /** When the next update may be sent, on the monotonic clock. */
  readonly dueAt: number;
  /** Set by the sender: it is in the queue. */
  queued: boolean;
  toEvent(): Event;
  toSeries(): SeriesField;
  /** `count` occurrences have been told, or given up. */
  settle(count: number): void;
}

export interface EventSeriesOptions {
  clock?: Clock;
  /** An event that was not seen for so long starts a new series, in milliseconds. @default {360_000} */
  quietMs?: number;
  /** Time until the first update of a series, doubled for each further one, in milliseconds. @default {10_000} */
  firstUpdateMs?: number;
  /** Longest time between updates of a series that goes on, in milliseconds. @default {300_000} */
  maxUpdateMs?: number;
  /** Different events about one object that may be made at once. @default {25} */
  burst?: number;
  /** Time after which an object may have one event more, in milliseconds. @default {60_000} */
  refillMs?: number;
  /** Series and objects that are remembered. @default {4_096} */
  maxEntries?: number;
}

/** The memory of a recorder. */
export interface EventSeriesStore {
  /** Counts one occurrence. Undefined where its object has had too many different events. */
  record(facts: EventFacts): EventSeries | undefined;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

export function createEventSeries(options: EventSeriesOptions = {}): EventSeriesStore {
  const { clock = systemClock, quietMs = 360_000, burst = 25, refillMs = 60_000, maxEntries = 4_096 } =
    options;
  const { firstUpdateMs = 10_000, maxUpdateMs = 300_000 } = options;
  const entries = new Map<string, EventSeries & { lastSeen: number; occur(): void }>();
  const buckets = new Map<string, Bucket>();
  // Names stay unique among processes, even where two record the same thing in the same millisecond.
  const salt = crypto.getRandomValues(new Uint16Array(1))[0]?.toString(16).padStart(4, "0") ?? "";
  let made = 0;

  function takeToken(object: string): boolean {
    const now = clock.now();
    const bucket = buckets.get(object) ?? { tokens: burst, filledAt: now };
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.filledAt) / refillMs);
    bucket.filledAt = now;
    remember(buckets, object, bucket, maxEntries);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  function create(facts: EventFacts): EventSeries & { lastSeen: number; occur(): void } {
    const since = clock.wallTime();
    const sequence = `${salt}${(++made).toString(16)}`;
    let told = 0;
    let count = 0;
    let last = since;
    let intervalMs = firstUpdateMs;
    const entry = {
      facts,
      created: undefined as ObjectKey | undefined,
      queued: false,
      dueAt: 0,
      lastSeen: clock.now(),
      get unsent() {
        return count - told;
      },
      occur() {
        count++;
        last = clock.wallTime();
        entry.lastSeen = clock.now();
      },
      toSeries: () => ({ count, lastObservedTime: microTime(last) }),
      toEvent: () => ({
        ...eventOf(facts, since, sequence),
        ...(count > 1 ? { series: { count, lastObservedTime: microTime(last) } } : {}),
      }),
      settle(settled: number) {
        told += settled;
        entry.dueAt = clock.now() + intervalMs;
        intervalMs = Math.min(intervalMs * 2, maxUpdateMs);
      },
    };
    return entry;
  }

  return {
    record(facts) {
      const object = objectText(facts.object);
      const key = JSON.stringify([object, facts.type, facts.reason, facts.note, facts.action]);
      let entry = entries.get(key);
      if (entry === undefined || clock.now() - entry.lastSeen > quietMs) {
        if (!takeToken(object)) return undefined;
        entry = create(facts);
      }
      entry.occur();
      remember(entries, key, entry, maxEntries);
      return entry;
    },
  };
}

/** Puts the entry last and forgets the one that was used longest ago. */
function remember<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}

function objectText({ apiVersion, kind, metadata }: KubeObject): string {
  return `${apiVersion}/${kind}/${metadata.namespace ?? ""}/${metadata.name ?? ""}/${metadata.uid ?? ""}`;
}

const MAX_NAME = 253;

function eventOf(facts: EventFacts, since: number, sequence: string): Event {
  const { object, type, reason, note, action, reportingController, reportingInstance } = facts;
  const { name = "", namespace, uid, resourceVersion } = object.metadata;
  const suffix = `.${Math.trunc(since).toString(16)}${sequence}`;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: {
      name: name.slice(0, MAX_NAME - suffix.length).replace(/[-.]+$/, "") + suffix,
      // Events about cluster-scoped objects live in "default", as everybody's do.
      namespace: namespace || "default",
    },
    eventTime: microTime(since),
    type,
    reason: reason.slice(0, 128),
    note,
    action: action.slice(0, 128),
    reportingController,
    reportingInstance,
    regarding: {
      apiVersion: object.apiVersion,
      kind: object.kind,
      name,
      ...(namespace ? { namespace } : {}),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  };
}
