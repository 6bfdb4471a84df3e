/** All objects of a kind that somebody may see, as they change: listed, then watched, with their own rights. */
import { setImmediate } from "node:timers";
import type { CallerCluster } from "../../caller/types.ts";
import type { KubeObject, ResourceType } from "../../api/object.ts";
import type { ListOptions, WatchEvent } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { toolError } from "../../mcp/errors.ts";
import { sleep } from "../../telemetry/clock.ts";
import { reachOf } from "./reach.ts";
import type { SourceWorld } from "./source.ts";

/** What is done with them. */
export interface Followed<T> {
  /** Some of the first list, as they come. */
  some(objects: readonly T[]): void;
  /** All that there are now. */
  all(objects: readonly T[]): void;
  set(object: T): void;
  gone(object: T): void;
  /** Why they cannot be shown, or not all, or not as they are now; empty: all is well. */
  problem(message: string): void;
}

export interface FollowOptions<T extends KubeObject> {
  readonly type: ResourceType<T>;
  /** Objects of a page. Absent: all at once. */
  readonly pageSize?: number;
}

/** So long a watch is trusted without asking again whether it may go on, in milliseconds. */
const WATCH_MS = 60_000;
/** All is listed anew after this, or a hundred times as long as that took: it costs no more than a hundredth. */
const RELIST_MS = 60_000;
const RELIST_SHARE = 100;
const LIST_MS = 30_000;
/** How often it is looked whether lists lack something, in milliseconds. */
const MISSING_MS = 2_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/** Ends when the world's signal aborts. Never rejects. */
export async function follow<T extends KubeObject>(
  { type, pageSize }: FollowOptions<T>,
  followed: Followed<T>,
  world: Pick<SourceWorld, "visitor" | "signal" | "clock">,
): Promise<void> {
  const { visitor, signal, clock } = world;
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    try {
      const cluster = await reachOf(visitor(), type, signal);
      await round(cluster, () => retryMs = FIRST_RETRY_MS);
    } catch (error) {
      if (signal.aborted) return;
      // The version is too old: what there is is listed again.
      if (!isExpired(error)) {
        followed.problem(toolError(error, `list ${type.kind} resources`).message);
        if (isRefused(error)) followed.all([]);
      }
      await sleep(retryMs, signal, clock);
      retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS);
    }
  }

  /** One list, and watches until the next. */
  async function round(cluster: CallerCluster, onListed: () => void): Promise<void> {
    const began = clock.now();
    let version = await listAll(cluster);
    onListed();
    const until = clock.now() + Math.max(RELIST_MS, RELIST_SHARE * (clock.now() - began));
    const tell = () => followed.problem(cluster.missing(type, undefined).join("; "));
    tell();
    const over = new AbortController();
    void (async () => {
      while (!over.signal.aborted) {
        await sleep(MISSING_MS, over.signal, clock);
        if (!over.signal.aborted) tell();
      }
    })();
    const onAbort = () => over.abort();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      while (!signal.aborted && clock.now() < until) {
        const opened = clock.now();
        version = await watch(cluster, version, Math.min(WATCH_MS, until - opened));
        // Without a version nobody knows what was missed meanwhile.
        if (version === "") return;
        if (clock.now() - opened < 1_000) await sleep(1_000, signal, clock);
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      over.abort();
    }
  }

  /** Resolves to the version to watch from; empty where the list has none. */
  async function listAll(cluster: CallerCluster): Promise<string> {
    const items: T[] = [];
    let token: string | undefined;
    do {
      const options: ListOptions = {
        signal,
        timeoutMs: LIST_MS,
        ...(pageSize === undefined ? {} : { limit: pageSize }),
        ...(token === undefined ? {} : { continue: token }),
      };
      const page = await cluster.list(type, options);
      token = page.continue;
      for (const item of page.items) items.push(item);
      if (token === undefined) {
        followed.all(items);
        return page.resourceVersion;
      }
      followed.some(page.items);
      // Pages may come from this very process: whoever waits for the first rows gets them before the last ones are made.
      await new Promise((resolve) => setImmediate(resolve));
    } while (!signal.aborted);
    return "";
  }

  /** Resolves to the version at which it has ended. */
  async function watch(cluster: CallerCluster, from: string, ms: number): Promise<string> {
    const ended = new AbortController();
    const cancel = clock.setTimer(() => ended.abort(), ms);
    const onAbort = () => ended.abort();
    signal.addEventListener("abort", onAbort, { once: true });
    let version = from;
    try {
      const events = await cluster.watch(type, {
        signal: ended.signal,
        timeoutSeconds: Math.max(1, Math.ceil(ms / 1_000)),
        ...(from === "" ? {} : { resourceVersion: from }),
      });
      // What went between such a list and its watch would never be told.
      if (from === "") await listAll(cluster);
      for await (const event of events) {
        if (ended.signal.aborted) break;
        const seen = take(event);
        if (from !== "" && seen !== "") version = seen;
      }
    } catch (error) {
      if (!ended.signal.aborted || signal.aborted) throw error;
    } finally {
      cancel();
      signal.removeEventListener("abort", onAbort);
      ended.abort();
    }
    return version;
  }

  function take(event: WatchEvent<T>): string {
    if (event.type === "ERROR") throw statusError(event.object);
    if (event.type === "DELETED") followed.gone(event.object);
    else if (event.type !== "BOOKMARK") followed.set(event.object);
    return event.object.metadata.resourceVersion ?? "";
  }
}

function isExpired(error: unknown): boolean {
  return error instanceof KubeApiError && error.code === 410;
}

/** There is nothing that could be shown: they may not, or there is no such kind. */
function isRefused(error: unknown): boolean {
  return error instanceof KubeApiError && (error.code === 403 || error.code === 404);
}

/** What a watch says in the middle. */
function statusError(object: unknown): KubeApiError {
  const { code, reason, message } = (object ?? {}) as Record<string, unknown>;
  return new KubeApiError(
    typeof code === "number" ? code : 500,
    typeof reason === "string" ? reason : "",
    typeof message === "string" ? message : "the watch broke off",
    { method: "GET", path: "" },
  );
}
