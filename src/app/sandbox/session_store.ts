/** Where a coordinator keeps what it knows: in its own memory, or in a Redis that several share. */
import { createPlanBook } from "../../mcp/confirm/mod.ts";
import { blobLimits } from "../../sessions/store/blob_rules.ts";
import { MemoryBlobStore } from "../../sessions/store/memory_blobs.ts";
import { MemorySightings } from "../../sessions/store/memory_sightings.ts";
import { MemorySessionStore } from "../../sessions/store/memory_store.ts";
import type { RedisConnection } from "../../sessions/store/redis/connection.ts";
import type { BlobStore, SessionStore, WorkerSightings } from "../../sessions/store/types.ts";
import { settlesWithin } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Redactor } from "../../telemetry/redactor.ts";
import { type McpSecrets, ownSecrets } from "../mcp/plans.ts";
import type { SessionStoreConfig } from "./store_config.ts";
import { Ends } from "./ends.ts";

export interface SessionStores {
  readonly store: SessionStore;
  readonly blobs: BlobStore;
  readonly sightings: WorkerSightings;
  /** Keys and plans, shared by all coordinators on the store; their runnables are to be run. */
  readonly secrets: McpSecrets;
  /** Whether other coordinators may have the same. */
  readonly isShared: boolean;
  /** Why sessions cannot be served now; undefined where all is well. For readiness. */
  health(): string | undefined;
  /** After everything that uses it has ended. */
  close(): Promise<void>;
}

export interface StoreContext {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly redactor: Pick<Redactor, "add">;
  /** Whoever asks has keys and plans of its own: these are not to be used. @default {false} */
  readonly withoutKeys?: boolean | undefined;
  /** The longest that a call may take, in milliseconds. @default 2 s, and 5 s for a piece of a checkpoint */
  readonly callMs?: number | undefined;
  /** Ends the start. */
  readonly signal: AbortSignal;
}

/** What a coordinator is told of it; see `CoordinatorConfig`. */
export interface StoreSettings extends SessionStoreConfig {
  readonly dataDir?: string | undefined;
  readonly checkpointBytes: number;
}

/** A Redis that is not there at the start is waited for so long, in milliseconds; then it may come later. */
const START_WAIT_MS = 10_000;
/** Of one call that carries a piece of a checkpoint. */
const BLOB_CALL_MS = 5_000;

/** @throws {Error} where it cannot be used as it is set */
export async function openSessionStore(
  settings: StoreSettings,
  context: StoreContext,
): Promise<SessionStores> {
  if (settings.sessionStore !== undefined) return await openRedis(settings, context);
  return {
    store: new MemorySessionStore(),
    blobs: await ownBlobs(settings, context) ?? new MemoryBlobStore(limitsOf(settings)),
    sightings: new MemorySightings(),
    secrets: ownSecrets(context),
    isShared: false,
    health: () => undefined,
    close: () => Promise.resolve(),
  };
}

/** In a directory, where there is one; it may be on storage that coordinators share. */
async function ownBlobs(settings: StoreSettings, { log }: StoreContext): Promise<BlobStore | undefined> {
  if (settings.dataDir === undefined) return undefined;
  const { openDirectoryBlobStore } = await import("../../sessions/store/directory_blobs.ts");
  return await openDirectoryBlobStore({
    directory: `${settings.dataDir}/checkpoints`,
    limits: limitsOf(settings),
    log,
  });
}

function limitsOf({ checkpointBytes }: StoreSettings) {
  return blobLimits({ maxTotalBytes: checkpointBytes });
}

async function openRedis(settings: StoreSettings, context: StoreContext): Promise<SessionStores> {
  // Loaded where it is used.
  const redis = await import("./redis_store.ts");
  const { callMs, log, metrics, redactor, signal } = context;
  const where = redis.storeName(settings);
  const ends = new Ends();
  const connect = (name: string, callMs: number | undefined): RedisConnection => {
    const connection = redis.openConnection(settings, { name, where, callMs, log, metrics, redactor });
    ends.add(`the connection for ${name}`, () => connection.close());
    return connection;
  };
  try {
    const connection = connect("sessions", callMs);
    const { dataDir, sessionStorePrefix: prefix } = settings;
    const blobConnection = dataDir === undefined
      ? connect("checkpoints", callMs ?? BLOB_CALL_MS)
      : connection;
    await known(connection, where, signal, log);
    const { keys, claims } = redis.sharedSecrets({ connection, prefix, redactor, log });
    const store = new redis.RedisSessionStore({ connection, prefix, log });
    ends.add("sessions", () => store.close());
    return {
      store,
      blobs: await ownBlobs(settings, context) ??
        new redis.RedisBlobStore({ connection: blobConnection, prefix, limits: limitsOf(settings), log }),
      sightings: new redis.RedisSightings({ connection, prefix }),
      secrets: {
        keys: () => keys.keys(),
        plans: createPlanBook({ keys: () => keys.keys(), claims, log, metrics }),
        whenReady: (signal) => keys.whenReady(signal),
        runnables: [{ name: "signing keys", phase: "serving", run: (signal) => keys.run(signal) }],
      },
      isShared: true,
      health: () => {
        for (const { trouble } of [connection, blobConnection]) {
          if (trouble !== undefined) return `the session store ${trouble.text}`;
        }
        if (context.withoutKeys === true || keys.trouble === "") return undefined;
        return `the shared keys: ${keys.trouble}`;
      },
      close: () => ends[Symbol.asyncDispose](),
    };
  } catch (error) {
    await ends[Symbol.asyncDispose]();
    throw error;
  }
}

/** Waits for a moment; a store that is away may come later, one that is set wrongly will not. */
async function known(
  connection: RedisConnection,
  where: string,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const isKnown = await settlesWithin(connection.whenKnown(either), START_WAIT_MS);
  over.abort();
  signal.throwIfAborted();
  const { trouble } = connection;
  if (trouble?.isSetting === true) throw new Error(`--session-store: ${where} ${trouble.text}`);
  if (!isKnown) log.warn("the session store is not there yet: nothing is served before", { store: where });
}
