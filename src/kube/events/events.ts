/** What happened, told to the user: `events.k8s.io/v1` Events about the objects that it happened to. */
import type { Event } from "../../api/kubernetes/types.ts";
import { Events } from "../../api/kubernetes/resources.ts";
import type { KubeObject } from "../../api/object.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import type { KubeClient } from "../client.ts";
import { type Clock, systemClock } from "../clock.ts";
import { createEventSeries, type EventFacts, type EventSeries } from "./event_series.ts";
import { isForbidden, isNotFound, isTransient, KubeApiError } from "../errors.ts";

export type EventType = "Normal" | "Warning";

/** Records events. Never throws and never waits: events are best effort, the work is not. */
export interface EventRecorder {
  /**
   * @param object What it happened to.
   * @param reason Why, in one CamelCase word that machines may read.
   * @param note For people; secrets are removed, and at most 1 kB is kept.
   * @param action What was done or tried, in CamelCase. @default {"Reconcile"}
   */
  event(object: KubeObject, type: EventType, reason: string, note: string, action?: string): void;
}

/** Records nothing: the default of library options and of unit tests. */
export const noEvents: EventRecorder = { event() {} };

/** A recorder that sends to the API server in the background. */
export interface EventSender extends EventRecorder {
  /** Events and updates of series that have not been sent yet. */
  readonly pending: number;
  /** Sends what is pending, for at most `timeoutMs` milliseconds; what is left is dropped. @default {5_000} */
  close(timeoutMs?: number): Promise<void>;
}

export interface EventSenderOptions {
  client: KubeClient;
  /** The pod's name. */
  reportingInstance: string;
  /** @default {"coder-k8s"} */
  reportingController?: string;
  /** Removes secrets from notes. */
  redact?: (text: string) => string;
  /** Events that may wait to be sent; more are dropped. @default {5_000} */
  maxPending?: number;
  logger?: Logger;
  metrics?: Metrics;
  clock?: Clock;
  /** Tuning of aggregation; see `event_series.ts`. */
  series?: Parameters<typeof createEventSeries>[0];
}

const SENDERS = 4;
const MAX_TRIES = 5;
const FIRST_RETRY_MS = 500;
/** After a refusal by RBAC nothing is tried for so long: the right may come, but not within seconds. */
const FORBIDDEN_PAUSE_MS = 300_000;
const MAX_NOTE_BYTES = 1024;

type DropReason = "queue_full" | "rate_limited" | "forbidden" | "failed" | "closed";

/** Makes the recorder of a process. */
export function createEventSender(options: EventSenderOptions): EventSender {
  const { client, clock = systemClock, logger = silentLogger, metrics = noMetrics, maxPending = 5_000 } =
    options;
  const redact = options.redact ?? ((text: string) => text);
  const sent = metrics.counter("coder_k8s_events_sent_total", "Events created or updated.", ["type"]);
  const dropped = metrics.counter("coder_k8s_events_dropped_total", "Events that were not sent.", ["reason"]);
  const series = createEventSeries({ clock, ...options.series });
  const queue: EventSeries[] = [];
  const waiting = new Map<EventSeries, AbortController>();
  const stopped = new AbortController();
  let running = 0;
  let closing = false;
  let pausedUntil = 0;
  let idle = Promise.withResolvers<void>();
  idle.resolve();

  function drop(reason: DropReason, count = 1): void {
    dropped.inc({ reason }, count);
  }

  function enqueue(entry: EventSeries): void {
    if (entry.queued) return;
    if (queue.length >= maxPending) return drop("queue_full");
    entry.queued = true;
    queue.push(entry);
    if (running >= SENDERS) return;
    if (running === 0) idle = Promise.withResolvers<void>();
    running++;
    void work();
  }

  async function work(): Promise<void> {
    for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
      await send(entry);
      entry.queued = false;
      // What was counted meanwhile is told when its time comes.
      if (entry.unsent > 0) later(entry);
    }
    if (--running === 0) idle.resolve();
  }

  /** Queues the entry when its next update is due. */
  function later(entry: EventSeries): void {
    if (entry.queued || waiting.has(entry)) return;
    if (closing) return enqueue(entry);
    const timer = new AbortController();
    waiting.set(entry, timer);
    clock.sleep(Math.max(0, entry.dueAt - clock.now()), timer.signal).then(() => {
      waiting.delete(entry);
      enqueue(entry);
    }, () => {});
  }

  async function send(entry: EventSeries): Promise<void> {
    for (let tries = 1;; tries++) {
      const unsent = entry.unsent;
      if (clock.now() < pausedUntil) {
        entry.settle(unsent);
        return drop("forbidden", unsent);
      }
      try {
        await write(entry);
        entry.settle(unsent);
        sent.inc({ type: entry.facts.type }, 1);
        return;
      } catch (error) {
        if (isNotFound(error) && entry.created !== undefined) {
          // Events live an hour; the next one starts a new series.
          entry.created = undefined;
          continue;
        }
        const mayRetry = isTransient(error) && tries < MAX_TRIES && !stopped.signal.aborted;
        if (!mayRetry) {
          entry.settle(unsent);
          return refuse(error, entry, unsent);
        }
        await clock.sleep(FIRST_RETRY_MS * 2 ** (tries - 1), stopped.signal).catch(() => {});
      }
    }
  }

  async function write(entry: EventSeries): Promise<void> {
    const call = { signal: stopped.signal };
    if (entry.created === undefined) {
      const event = entry.toEvent();
      await client.create<Event>(Events, event, call);
      entry.created = { namespace: event.metadata.namespace ?? "", name: event.metadata.name ?? "" };
    } else {
      const body = { series: entry.toSeries() };
      await client.patch<Event>(Events, entry.created, { type: "merge", body }, call);
    }
  }

  function refuse(error: unknown, entry: EventSeries, count: number): void {
    const said = error instanceof Error ? error.message : String(error);
    if (stopped.signal.aborted) return drop("closed", count);
    if (isForbidden(error) && !isTerminating(error)) {
      if (pausedUntil === 0) {
        logger.warn("events are not allowed; grant create and patch on events.events.k8s.io", {
          error: said,
        });
      }
      pausedUntil = clock.now() + FORBIDDEN_PAUSE_MS;
      return drop("forbidden", count);
    }
    logger.debug("an event could not be sent", { reason: entry.facts.reason, error: said });
    drop("failed", count);
  }

  return {
    get pending() {
      return queue.length + running + waiting.size;
    },
    event(object, type, reason, note, action = "Reconcile") {
      if (closing) return drop("closed");
      const facts: EventFacts = {
        object,
        type,
        reason,
        note: truncateUtf8(redact(note), MAX_NOTE_BYTES),
        action,
        reportingController: options.reportingController ?? "coder-k8s",
        reportingInstance: options.reportingInstance.slice(0, 128) || "coder-k8s",
      };
      const entry = series.record(facts);
      if (entry === undefined) return drop("rate_limited");
      if (entry.created === undefined && clock.now() >= entry.dueAt) enqueue(entry);
      else later(entry);
    },
    async close(timeoutMs = 5_000) {
      closing = true;
      for (const [entry, timer] of waiting) {
        timer.abort();
        enqueue(entry);
      }
      waiting.clear();
      const over = new AbortController();
      await Promise.race([idle.promise, clock.sleep(timeoutMs, over.signal).catch(() => {})]);
      over.abort();
      stopped.abort(new Error("the process is shutting down"));
      const left = queue.splice(0).length;
      if (left > 0) drop("closed", left);
      await idle.promise;
    },
  };
}

/** Nothing can be created in a namespace that is going away: no lack of rights. */
function isTerminating(error: unknown): boolean {
  return error instanceof KubeApiError &&
    JSON.stringify(error.details ?? "").includes("NamespaceTerminating");
}

/** At most `maxBytes` bytes of UTF-8, whole characters, with an ellipsis where something was cut. */
export function truncateUtf8(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const bytes = new TextEncoder().encode(text);
  if (bytes.byteLength <= maxBytes) return text;
  let end = maxBytes - 3;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${new TextDecoder().decode(bytes.subarray(0, end))}…`;
}
