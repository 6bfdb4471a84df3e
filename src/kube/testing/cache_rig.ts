/** A shared cache at work on a server in memory. For tests alone. */
import assert from "node:assert/strict";
import { keyOf, keyText } from "../../api/object.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Informer, InformerHandler } from "../informer.ts";
import { createSharedCache, type RunningCache, type SharedCacheOptions } from "../cache/shared_cache.ts";
import { FakeApi } from "./fake_api.ts";
import { ManualClock, settle } from "./manual_clock.ts";
import { type Widget, Widgets } from "./objects.ts";

/** What {@linkcode cacheRig} gives. */
export interface CacheRig {
  api: FakeApi;
  clock: ManualClock;
  cache: RunningCache;
  /** Lines at warning and error level. */
  logged: string[];
  signal: AbortSignal;
  /** Starts the cache and waits until it has synced. */
  start(): Promise<void>;
  /** Ends it, and fails where anything of it is left. */
  stop(): Promise<void>;
}

/** Widgets are served; objects are frozen; time stands still. */
export function cacheRig(options: Partial<SharedCacheOptions> = {}): CacheRig {
  const api = new FakeApi();
  api.serve(Widgets, true);
  const clock = new ManualClock();
  const abort = new AbortController();
  const logged: string[] = [];
  const log: Logger = {
    debug: () => {},
    info: () => {},
    warn: (message) => logged.push(message),
    error: (message) => logged.push(message),
    child: () => log,
  };
  const cache = createSharedCache({
    client: api.client,
    clock,
    log,
    freeze: true,
    retry: { random: () => 0.5 },
    ...options,
  });
  return {
    api,
    clock,
    cache,
    logged,
    signal: abort.signal,
    async start() {
      cache.start(abort.signal);
      await clock.until(() => cache.hasSynced, "the cache has synced");
    },
    async stop() {
      abort.abort(new Error("stop"));
      await cache.whenStopped();
      await settle();
      assert.equal(api.watches().length, 0, "no watch is left open");
      assert.equal(clock.sleeping, 0, "no timer is left");
    },
  };
}

/** A handler that writes down what it hears: `+a/one!`, `~a/one`, `-a/one`. */
export function recorder(heard: string[]): InformerHandler<Widget> {
  const name = (object: Widget) => keyText(keyOf(object));
  return {
    added: (object, initial) => void heard.push(`+${name(object)}${initial ? "!" : ""}`),
    updated: (_, after) => void heard.push(`~${name(after)}`),
    deleted: (object) => void heard.push(`-${name(object)}`),
  };
}

/** What an informer shows, as `FakeApi.truth` gives it. */
export function shownBy(informer: Informer<Widget>): Record<string, string> {
  return Object.fromEntries(
    informer.list().map((object) => [keyText(keyOf(object)), object.metadata.resourceVersion ?? ""]),
  );
}
