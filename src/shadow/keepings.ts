/** What is kept for all Coders: one watch of our ConfigMaps, and the writes to them. */
import { ConfigMaps } from "../api/kubernetes/resources.ts";
import type { ConfigMap } from "../api/kubernetes/types.ts";
import { keyOf, keyText } from "../api/object.ts";
import { createSharedCache, type RunningCache } from "../kube/cache/shared_cache.ts";
import type { KubeClient } from "../kube/client.ts";
import { type Clock, systemClock } from "../kube/clock.ts";
import type { Informer } from "../kube/informer.ts";
import { type Logger, silentLogger } from "../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../telemetry/metrics.ts";
import { SELECTOR, SORTS } from "./address.ts";
import type { Kept } from "./config_map.ts";
import { Discards } from "./discards.ts";
import { keepingOf } from "./keeping.ts";
import { RecordIndex } from "./record_index.ts";
import { RecordStore } from "./record_store.ts";
import type { Keeping, KeepingOwner, Keepings } from "./types.ts";

export interface KeepingsOptions {
  readonly client: KubeClient;
  /**
   * With all of our ConfigMaps in it and nothing else, run by whoever made it.
   *
   * @default one of its own, for that of the process has no content of ConfigMaps
   */
  readonly cache?: RunningCache;
  /** Namespaces of control planes. Empty: all. */
  readonly namespaces: readonly string[];
  readonly log?: Logger;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
}

/** Makes it; nothing is asked of the API server before `run` or the first read or write. */
export function createKeepings(options: KeepingsOptions): Keepings {
  const { client, namespaces, log = silentLogger, metrics = noMetrics, clock = systemClock } = options;
  const listeners = new Set<Parameters<Keepings["subscribe"]>[0]>();
  const index = new RecordIndex(() => clock.now(), (owner, change) => {
    for (const listener of [...listeners]) {
      try {
        listener(owner, change);
      } catch (error) {
        log.error("a listener of what is kept threw", { error });
      }
    }
  });
  metrics.gauge(
    "coder_k8s_kept_records",
    "ConfigMaps with what Coder has no place for, by what they keep (shadow, wish, change).",
    ["keeps"],
    (gauge) => {
      const counts = index.counts();
      for (const sort of SORTS) gauge.set({ keeps: sort }, counts[sort]);
    },
  );
  const writes = metrics.counter(
    "coder_k8s_kept_writes_total",
    "Writes and removals of them, by result (ok, conflict where somebody else was sooner, error).",
    ["keeps", "verb", "result"],
  );

  // Its metrics would be taken for those of the process' own cache, which has ConfigMaps, too.
  const cache = options.cache ?? createSharedCache({ client, log, clock });
  const informer: Informer<ConfigMap> = cache.informer<ConfigMap>(ConfigMaps, {
    namespaces,
    labelSelector: SELECTOR,
    derive: (object) => store.parse(object),
    // What has been read is not kept twice.
    transform: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }),
  });
  const store: RecordStore = new RecordStore({
    client,
    informer,
    clock,
    log,
    unseen: (key, kept) => index.set(keyText(key), kept),
    counted: (keeps, verb, result) => writes.inc({ keeps, verb, result }),
  });
  const discards = new Discards(store, log);
  const look = (object: ConfigMap) => {
    const key = keyOf(object);
    index.set(keyText(key), informer.derived(key) as Kept | undefined);
  };
  informer.subscribe({ added: look, updated: (_, object) => look(object), deleted: look });

  const keepings = new Map<string, { uid: string; keeping: Keeping }>();
  const whenSynced = (signal: AbortSignal) => cache.whenSynced(signal);
  return {
    of(owner: KeepingOwner) {
      const known = keepings.get(owner.id);
      if (known?.uid === owner.uid) return known.keeping;
      if (namespaces.length > 0 && !namespaces.includes(owner.namespace)) {
        throw new Error(
          `What is kept of ${owner.id} is in the namespace ${owner.namespace}, which is not watched: ` +
            "add it to the namespaces that are.",
        );
      }
      const keeping = keepingOf({
        owner,
        store,
        index,
        whenSynced,
        discard: (of, kept) => discards.add(of, kept),
      });
      keepings.set(owner.id, { uid: owner.uid, keeping });
      return keeping;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    get hasSynced() {
      return informer.hasSynced;
    },
    whenSynced,
    async run(signal) {
      if (options.cache === undefined) cache.start(signal);
      await discards.run(signal);
      if (options.cache === undefined) await cache.whenStopped();
    },
  };
}
