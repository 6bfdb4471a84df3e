/** What the watch cache tells about itself. Every metric carries `resource`, such as `deployments.apps`. */
import type { Metrics } from "../../telemetry/metrics.ts";
import type { ReflectorObserver } from "./reflector.ts";

/** One kind, as the scrape reads it. */
export interface MeasuredKind {
  readonly resource: string;
  readonly size: number;
  readonly hasSynced: boolean;
  /** Milliseconds since anything came from its watches; undefined before the first sign. */
  readonly silentMs: number | undefined;
}

/** The counters of one kind. */
export interface KindMetrics extends ReflectorObserver {
  handlerFailed(): void;
  objectRefused(): void;
}

/** The metrics of one cache. */
export interface CacheMetrics {
  kind(resource: string): KindMetrics;
}

/** Registers the cache's metrics; `kinds` is read at each scrape. */
export function cacheMetrics(metrics: Metrics, kinds: () => Iterable<MeasuredKind>): CacheMetrics {
  const prefix = "coder_k8s_cache";
  metrics.gauge(`${prefix}_objects`, "Objects in the watch cache.", ["resource"], (gauge) => {
    for (const kind of kinds()) gauge.set({ resource: kind.resource }, kind.size);
  });
  metrics.gauge(`${prefix}_synced`, "1 once the first list of a kind is complete.", ["resource"], (gauge) => {
    for (const kind of kinds()) gauge.set({ resource: kind.resource }, kind.hasSynced ? 1 : 0);
  });
  metrics.gauge(
    `${prefix}_last_event_age_seconds`,
    "Seconds since a watch of the kind last said anything, bookmarks included.",
    ["resource"],
    (gauge) => {
      for (const { resource, silentMs } of kinds()) {
        if (silentMs !== undefined) gauge.set({ resource }, silentMs / 1000);
      }
    },
  );
  const lists = metrics.counter(
    `${prefix}_lists_total`,
    "Initial states fetched, by way (list, watchlist) and result (ok or the kind of failure).",
    ["resource", "mode", "result"],
  );
  const watches = metrics.counter(`${prefix}_watches_total`, "Watches that the server accepted.", [
    "resource",
  ]);
  const restarts = metrics.counter(
    `${prefix}_watch_restarts_total`,
    "Lists and watches begun again, by reason.",
    ["resource", "reason"],
  );
  const events = metrics.counter(`${prefix}_events_total`, "Lines that watches sent, by type.", [
    "resource",
    "type",
  ]);
  const handlers = metrics.counter(
    `${prefix}_handler_errors_total`,
    "Exceptions that subscribers threw; each is logged.",
    ["resource"],
  );
  const refused = metrics.counter(
    `${prefix}_object_errors_total`,
    "Objects without a usable shape, and exceptions of transform, derive and index functions.",
    ["resource"],
  );
  return {
    kind: (resource) => ({
      listed: (mode, result) => lists.inc({ resource, mode, result }),
      watchOpened: () => watches.inc({ resource }),
      restarted: (reason) => restarts.inc({ resource, reason }),
      event: (type) => events.inc({ resource, type }),
      handlerFailed: () => handlers.inc({ resource }),
      objectRefused: () => refused.inc({ resource }),
    }),
  };
}
