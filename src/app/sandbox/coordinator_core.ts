/** Sessions, their store and their workers, as a coordinator is told to have them. */
import { createSessions } from "../../sessions/coordinator/sessions.ts";
import type { Sessions } from "../../sessions/coordinator/types.ts";
import { WorkerRegistry } from "../../sessions/registry/registry.ts";
import { tracedSessions, tracedWorkers } from "../../sessions/tracing.ts";
import { WorkerHub } from "../../sessions/wire/hub.ts";
import { createLocalPair } from "../../sessions/wire/local_pair.ts";
import { parseWorkerKeys, type WorkerKey, WorkerKeyError } from "../../sessions/wire/worker_tokens.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Redactor } from "../../telemetry/redactor.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import type { CoderWay } from "./coder_way.ts";
import type { CoordinatorConfig } from "./config.ts";
import type { Ends } from "./ends.ts";
import { embeddedWorker } from "./embedded_worker.ts";
import { grpcTls } from "./grpc_tls.ts";
import type { SessionStores } from "./session_store.ts";
import { openWorkerCore } from "./worker_core.ts";
import { openWorkspaces } from "./workspaces.ts";

const FAREWELL_MS = 3_000;

export interface CoordinatorCore {
  readonly sessions: Sessions;
  /** Of workers' port; undefined where there is none. */
  readonly grpcPort: number | undefined;
  /** For debug reports. */
  activity(): Readonly<Record<string, unknown>>;
}

/** What it is told; see `CoordinatorConfig`. */
export interface CoreConfig extends
  Pick<
    CoordinatorConfig,
    | "grpcBindAddress"
    | "grpcTlsCertFile"
    | "grpcTlsPrivateKeyFile"
    | "grpcClientCaFile"
    | "grpcInsecure"
    | "workerKeyFile"
    | "workerHeartbeatTimeout"
    | "sessionMaxAge"
    | "sessionMaxTtl"
    | "limits"
    | "cleanupInterval"
    | "maxSessionsPerOwner"
    | "taskTimeout"
    | "maxRetries"
    | "checkpointMaxAge"
    | "shutdownTimeout"
    | "embeddedWorker"
  > {
  /** Callers may have sessions in Coder workspaces. */
  readonly inWorkspaces: boolean;
}

export interface CoreContext {
  /** Where it keeps what it knows. */
  readonly stores: SessionStores;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly redactor: Pick<Redactor, "add">;
  /** See `openCoderWay`. */
  readonly coder?: CoderWay | undefined;
  /** Ends the start. */
  readonly signal: AbortSignal;
  /** Of an embedded worker. @default false */
  readonly isInPod?: boolean | undefined;
}

/** Opens it all; `ends` ends it. */
export async function openCoordinatorCore(
  config: CoreConfig,
  { stores, log, metrics, tracer, redactor, coder, signal, isInPod = false }: CoreContext,
  ends: Ends,
): Promise<CoordinatorCore> {
  const registry = new WorkerRegistry({
    log,
    metrics,
    takesWorkers: config.grpcBindAddress !== null || config.embeddedWorker !== undefined,
  });
  const hub = new WorkerHub({
    listener: tracedWorkers(registry, tracer),
    heartbeatTimeoutMs: config.workerHeartbeatTimeout,
    log,
    metrics,
  });
  ends.add("workers", () => hub.close("the coordinator ends"));
  const workspaces = config.inWorkspaces
    ? await openWorkspaces({ hub, drainMs: config.shutdownTimeout, log, metrics }, ends)
    : undefined;
  const sessions = createSessions({
    store: stores.store,
    blobs: stores.blobs,
    registry,
    sightings: stores.isShared ? stores.sightings : undefined,
    workspaces,
    settings: {
      maxAgeMs: config.sessionMaxAge,
      maxTtlMs: config.sessionMaxTtl,
      cleanupIntervalMs: config.cleanupInterval,
      maxSessionsPerOwner: config.maxSessionsPerOwner,
      taskTimeoutMs: config.taskTimeout,
      maxRetries: config.maxRetries,
      maxLimits: config.limits,
      checkpointMaxAgeMs: config.checkpointMaxAge,
      workerTimeoutMs: config.workerHeartbeatTimeout,
    },
    log,
    metrics,
  });
  let grpcPort: number | undefined;
  if (config.grpcBindAddress !== null) {
    // Loaded where workers dial in, and not on a laptop.
    const { createWorkerServer } = await import("../../sessions/wire/server.ts");
    const { createWorkspaceEntry } = await import("../../sessions/wire/workspace_entry.ts");
    const keys = await workerKeys(config, redactor);
    const tls = await grpcTls(config, log);
    const server = createWorkerServer({
      hub,
      address: config.grpcBindAddress,
      tls: tls?.source,
      allowInsecure: config.grpcInsecure,
      keys: () => keys,
      entry: coder === undefined ? undefined : createWorkspaceEntry({
        coder: (token) => coder.client(token),
        keys: () => keys,
        log,
        metrics,
      }),
      log,
      metrics,
    });
    await server.listen(signal);
    grpcPort = server.port;
    ends.add("the port of workers", () => server.close());
    if (tls !== undefined) ends.run("certificate of the port of workers", (ended) => tls.run(ended));
  }
  if (config.embeddedWorker !== undefined) {
    const settings = { ...config.embeddedWorker, labels: {}, sharedWorkspaces: "" };
    const core = await openWorkerCore(settings, { log, metrics, tracer, signal, isInPod }, ends);
    const { hello, executor } = core;
    const id = embeddedWorker(settings.workspacesDir, stores.isShared);
    if (stores.isShared) {
      log.warn(
        "sessions of the embedded worker end with this process, and no other coordinator on the session store reaches them: " +
          "with several, start workers of their own (coder-k8s worker)",
        { worker: id },
      );
    }
    const client = createLocalPair({
      hub,
      id,
      hello,
      executor,
      drainMs: config.shutdownTimeout,
      log,
      metrics,
    });
    ends.run("the embedded worker", (ended) => client.run(ended));
    if (stores.isShared) {
      const { incarnation } = hello;
      ends.add("what others know of the embedded worker", async () => {
        await stores.sightings.gone({ id, incarnation }, AbortSignal.timeout(FAREWELL_MS)).catch((error) =>
          log.info("other coordinators were not told that the embedded worker ends", { error })
        );
      });
    }
  }
  ends.add("sessions", () => sessions.shutDown());
  return {
    sessions: tracedSessions(sessions, tracer),
    grpcPort,
    activity: () => ({
      workers: registry.list().map(({ worker, sessions }) => ({
        id: worker.id,
        isConnected: worker.isConnected,
        isDraining: worker.isDraining,
        places: sessions,
        load: worker.load,
      })),
    }),
  };
}

async function workerKeys(
  { workerKeyFile }: Pick<CoreConfig, "workerKeyFile">,
  redactor: Pick<Redactor, "add">,
): Promise<readonly [WorkerKey, ...WorkerKey[]]> {
  if (workerKeyFile === undefined) {
    throw new Error(
      "Workers need tokens: give --worker-key-file, or --grpc-bind-address=0 to have none dial in.",
    );
  }
  try {
    const text = await Deno.readTextFile(workerKeyFile);
    for (const line of text.split("\n")) {
      const key = line.trim();
      if (key !== "" && !key.startsWith("#")) redactor.add(key);
    }
    return parseWorkerKeys(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const what = cause instanceof WorkerKeyError ? "cannot be used" : "cannot be read";
    throw new Error(`--worker-key-file: ${workerKeyFile} ${what}: ${why}`, { cause });
  }
}
