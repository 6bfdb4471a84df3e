/** The coordinator: sessions of callers, at workers. */
import type { z } from "zod";
import { type Operation, sessionClose, sessionOpen } from "../operations.ts";
import type { WorkerRegistry } from "../registry/registry.ts";
import type { BlobStore, SessionStore, WorkerSightings } from "../store/types.ts";
import {
  isOpen,
  labelsSchema,
  metadataSchema,
  OPEN_STATES,
  SessionError,
  type SessionRecord,
} from "../types.ts";
import { type Clock, settlesWithin, systemClock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { Checkpoints, type RunOperation } from "./checkpoints.ts";
import { Background, type Core } from "./core.ts";
import { allowedTtl, Creation, read } from "./creation.ts";
import { joined } from "./deadline.ts";
import { sessionMeters } from "./meters.ts";
import { Presence } from "./presence.ts";
import { endedError, placeOf, Records } from "./records.ts";
import { Routes } from "./routes.ts";
import { Runner } from "./runner.ts";
import { type SessionSettings, sessionSettings } from "./settings.ts";
import { Touches } from "./touches.ts";
import type {
  Checkpoint,
  CreateSession,
  OpenCoder,
  SessionAnswer,
  SessionCallOptions,
  SessionList,
  SessionOwner,
  Sessions,
  WorkerView,
} from "./types.ts";
import { Upkeep } from "./upkeep.ts";
import type { WorkspaceDoor } from "../workspaces/types.ts";

export interface SessionsOptions {
  readonly store: SessionStore;
  readonly blobs: BlobStore;
  /** Listens to the link to the workers. */
  readonly registry: WorkerRegistry;
  /** Of the workers, by all coordinators on the store; absent where there is no other, and the store ends with this one. */
  readonly sightings?: WorkerSightings | undefined;
  /** Absent: there are no sessions in Coder workspaces here. */
  readonly workspaces?: WorkspaceDoor | undefined;
  readonly settings?: Partial<SessionSettings> | undefined;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly clock?: Clock | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
  /** In [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined;
}

export interface SessionsService extends Sessions {
  /** Ends what is overdue, and forgets what is long over; done every `cleanupIntervalMs` without being asked. */
  cleanUp(signal: AbortSignal): Promise<void>;
  /**
   * Stops what runs in the background. Sessions stay as they are: call it before the link to the workers is closed, which
   * would look as if they were lost.
   */
  shutDown(): Promise<void>;
}

/** The name of the session that is made where none is named. */
export const DEFAULT_SESSION = "default";
/** Milliseconds that the end of a session waits for its worker to have cleaned up. */
const REMOVAL_WAIT_MS = 10_000;
/** So far the clocks of coordinators on one store may be apart. */
const CLOCK_SKEW_MS = 5_000;
/** Of background work. */
const BACKGROUND_TIMEOUT_MS = 60_000;

/** Makes it. */
export function createSessions(options: SessionsOptions): SessionsService {
  return new Coordinator(options);
}

class Coordinator implements SessionsService {
  readonly #core: Core;
  readonly #records: Records;
  readonly #presence: Presence;
  readonly #touches: Touches;
  readonly #creation: Creation;
  readonly #checkpoints: Checkpoints;
  readonly #runner: Runner;
  readonly #upkeep: Upkeep;
  /** By owner: sessions named `default` that are being made for whoever needs one. */
  readonly #defaults = new Map<string, Promise<SessionRecord>>();

  constructor({ store, blobs, registry, sightings, log, metrics, ...options }: SessionsOptions) {
    const clock = options.clock ?? systemClock;
    const core: Core = {
      store,
      blobs,
      registry,
      sightings,
      workspaces: options.workspaces,
      settings: sessionSettings({
        ...(sightings === undefined ? {} : { clockSkewMs: CLOCK_SKEW_MS }),
        ...options.settings,
      }),
      log,
      clock,
      now: options.now ?? Date.now,
      random: options.random ?? Math.random,
      meters: sessionMeters(metrics),
      background: new Background({ clock, log, timeoutMs: BACKGROUND_TIMEOUT_MS }),
    };
    const records = new Records(core);
    const presence = new Presence(core);
    const routes = new Routes(core, records, presence);
    const touches = new Touches(core);
    const checkpoints = new Checkpoints(core);
    this.#core = core;
    this.#presence = presence;
    this.#records = records;
    this.#touches = touches;
    this.#checkpoints = checkpoints;
    this.#creation = new Creation({ core, records, routes, checkpoints });
    this.#runner = new Runner({ core, records, routes, touches });
    this.#upkeep = new Upkeep({ core, records, routes, presence, touches });
  }

  create(
    owner: SessionOwner,
    request: CreateSession,
    options: SessionCallOptions,
  ): Promise<SessionRecord> {
    return this.#guarded(options.signal, async () => {
      try {
        return await this.#creation.create(owner, request, options);
      } finally {
        this.#upkeep.count();
      }
    });
  }

  list(owner: SessionOwner, request: SessionList, signal: AbortSignal): Promise<readonly SessionRecord[]> {
    return this.#guarded(signal, async () => {
      const { labels, ended = false } = request;
      const states = ended ? undefined : OPEN_STATES;
      const found = await this.#core.store.list({ owner: owner.id, labels, states }, signal);
      if (!found.some((record) => isOpen(record) && this.#records.isOverdue(record))) return found;
      const current = await Promise.all(found.map((record) => this.#records.current(record, signal)));
      return ended ? current : current.filter(isOpen);
    });
  }

  get(owner: SessionOwner, ref: string, signal: AbortSignal): Promise<SessionRecord> {
    return this.#guarded(signal, () => this.#records.find(owner, ref, signal));
  }

  extend(
    owner: SessionOwner,
    ref: string,
    ttlMs: number,
    signal: AbortSignal,
  ): Promise<SessionRecord> {
    return this.#guarded(signal, () => {
      const allowed = allowedTtl(ttlMs, this.#core.settings.maxTtlMs);
      return this.#change(owner, ref, (record) => ({ ...record, ttlMs: allowed }), signal);
    });
  }

  annotate(
    owner: SessionOwner,
    ref: string,
    { labels, metadata }: Parameters<Sessions["annotate"]>[2],
    signal: AbortSignal,
  ): Promise<SessionRecord> {
    return this.#guarded(signal, () =>
      this.#change(owner, ref, (record) => ({
        ...record,
        labels: read("labels", labelsSchema, merged(record.labels, labels)),
        metadata: read("metadata", metadataSchema, merged(record.metadata, metadata)),
      }), signal));
  }

  close(
    owner: SessionOwner,
    ref: string,
    signal: AbortSignal,
    coder?: OpenCoder | undefined,
  ): Promise<SessionRecord> {
    return this.#guarded(signal, async () => {
      const record = await this.#records.find(owner, ref, signal);
      if (isOpen(record)) await this.#lendToClose(record, coder, signal);
      const { record: ended, removed } = await this.#records.end(
        record,
        { state: "closed", cause: "closed", reason: "" },
        signal,
      );
      // Its worker may be slow or away: it is over all the same.
      await joined(settlesWithin(removed, REMOVAL_WAIT_MS, this.#core.clock), signal);
      this.#upkeep.count();
      return ended;
    });
  }

  /** What it has in its workspace is ended as the caller. Without their access it ends by itself, after a while. */
  async #lendToClose(
    record: SessionRecord,
    coder: OpenCoder | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { log, workspaces } = this.#core;
    const { workspace } = record;
    if (workspace === undefined || workspaces === undefined) return;
    try {
      (await workspaces.lend({ ...record, workspace }, { coder, signal })).end();
    } catch (error) {
      signal.throwIfAborted();
      log.info("a session is closed without access to its workspace", { session_id: record.id, error });
    }
  }

  checkpoint(owner: SessionOwner, ref: string, options: SessionCallOptions): Promise<Checkpoint> {
    return this.#guarded(options.signal, async () => {
      const record = await this.#ready(owner, ref, options);
      return await this.#checkpoints.make(record, this.#runIn(record, options), options);
    });
  }

  restore(
    owner: SessionOwner,
    ref: string,
    checkpoint: string,
    options: SessionCallOptions,
  ): Promise<{ readonly session: SessionRecord; readonly files: number }> {
    const { signal } = options;
    return this.#guarded(signal, async () => {
      await this.#checkpoints.find(owner, checkpoint, signal);
      const session = await this.#ready(owner, ref, options);
      if (session.workspace?.files === "workspace") {
        throw new SessionError(
          "invalid",
          `session ${session.id} has the files of workspace ${session.workspace.workspace}, which are not to be ` +
            "replaced as a whole: restore into a session with files: scratch, or into a sandbox, and copy from there",
        );
      }
      const run = this.#runIn(session, options);
      return { session, files: await this.#checkpoints.unpack(owner, checkpoint, run, signal) };
    });
  }

  checkpoints(owner: SessionOwner, signal: AbortSignal): Promise<readonly Checkpoint[]> {
    return this.#guarded(signal, () => this.#checkpoints.list(owner, signal));
  }

  call<I extends z.ZodObject, O extends z.ZodObject>(
    owner: SessionOwner,
    ref: string | undefined,
    operation: Operation<I, O>,
    input: z.input<I>,
    body: Uint8Array | undefined,
    options: SessionCallOptions,
  ): Promise<SessionAnswer<O>> {
    const { clock, log, meters } = this.#core;
    const started = clock.now();
    let session: SessionRecord | undefined;
    const tell = (result: string, error?: unknown) => {
      const ms = clock.now() - started;
      meters.calls.inc({ tool: operation.name, result });
      meters.seconds.observe({ tool: operation.name }, ms / 1_000);
      log.info("a tool was called in a session", {
        session_id: session?.id ?? ref ?? DEFAULT_SESSION,
        tool_name: operation.name,
        duration_ms: Math.round(ms * 10) / 10,
        success: error === undefined,
        workspace_id: session === undefined ? undefined : placeOf(session),
        trace_id: options.traceparent?.split("-")[1],
        ...(error === undefined ? {} : { result, error }),
      });
    };
    return this.#guarded(options.signal, async () => {
      if ([sessionOpen.name, sessionClose.name].includes(operation.name)) {
        throw new SessionError(
          "invalid",
          `${operation.name} is the coordinator's own: create or close the session`,
        );
      }
      session = await this.#ready(owner, ref, options);
      const answer = await this.#runner.run(session, operation, input, body, options);
      session = answer.session;
      return answer;
    }).then((answer) => {
      tell("ok");
      return answer;
    }, (error) => {
      tell(error instanceof SessionError ? error.code : "canceled", error);
      throw error;
    });
  }

  everybody(signal: AbortSignal): Promise<
    { readonly sessions: readonly SessionRecord[]; readonly workers: readonly WorkerView[] }
  > {
    return this.#guarded(signal, async () => ({
      sessions: await this.#core.store.list({}, signal),
      workers: this.#core.registry.list().map(({ worker, sessions }) => ({
        id: worker.id,
        hello: worker.hello,
        load: worker.load,
        isConnected: worker.isConnected,
        isDraining: worker.isDraining,
        lastHeardAt: worker.lastHeardAt,
        sessions,
      })),
    }));
  }

  cleanUp(signal: AbortSignal): Promise<void> {
    return this.#guarded(signal, () => this.#upkeep.cleanUp(signal));
  }

  async shutDown(): Promise<void> {
    this.#upkeep.close();
    this.#presence.close();
    this.#touches.close();
    await this.#core.background.close();
  }

  /** The session of a call, ready to be used. */
  async #ready(
    owner: SessionOwner,
    ref: string | undefined,
    options: SessionCallOptions,
  ): Promise<SessionRecord> {
    const { signal } = options;
    const record = ref === undefined || ref === DEFAULT_SESSION
      ? await this.#default(owner, options)
      : await this.#records.find(owner, ref, signal);
    if (record.state === "ready") return record;
    if (!isOpen(record)) throw endedError(record);
    return await this.#creation.ready(record, signal);
  }

  /** The open session named `default`; one is made where there is none, by one of all who ask for it at once. */
  async #default(owner: SessionOwner, options: SessionCallOptions): Promise<SessionRecord> {
    const { signal } = options;
    const open = await this.#openDefault(owner, signal);
    if (open !== undefined) return open;
    let making = this.#defaults.get(owner.id);
    if (making === undefined) {
      // For all who wait: it does not end with the first of them.
      const own = { ...options, signal: this.#core.background.signal };
      making = this.create(owner, { name: DEFAULT_SESSION }, own).catch(async (error) => {
        const other = error instanceof SessionError && error.code === "conflict"
          ? await this.#openDefault(owner, own.signal)
          : undefined;
        if (other === undefined) throw error;
        return other;
      }).finally(() => this.#defaults.delete(owner.id));
      this.#defaults.set(owner.id, making);
      // Its last caller may have given up.
      making.catch(() => {});
    }
    return await joined(making, signal);
  }

  async #openDefault(owner: SessionOwner, signal: AbortSignal): Promise<SessionRecord | undefined> {
    const filter = { owner: owner.id, name: DEFAULT_SESSION, states: OPEN_STATES };
    const [record] = await this.#core.store.list(filter, signal);
    if (record === undefined) return undefined;
    const current = await this.#records.current(record, signal);
    return isOpen(current) ? current : undefined;
  }

  /** Changes an open session, which is a use of it. */
  async #change(
    owner: SessionOwner,
    ref: string,
    change: (record: SessionRecord) => SessionRecord,
    signal: AbortSignal,
  ): Promise<SessionRecord> {
    const found = await this.#records.find(owner, ref, signal);
    if (!isOpen(found)) throw endedError(found);
    const { record } = await this.#records.change(found.id, (kept) => {
      if (!isOpen(kept)) throw endedError(kept);
      const next = change(kept);
      if (kept.state === "creating") return next;
      const at = this.#core.now();
      return { ...next, lastUsedAt: at, expiresAt: at + next.ttlMs };
    }, signal);
    return record ?? found;
  }

  #runIn(session: SessionRecord, options: SessionCallOptions): RunOperation {
    return (operation, input, body, signal = options.signal) =>
      this.#runner.run(session, operation, input, body, { ...options, signal });
  }

  /** What is no `SessionError`, and not the caller's own doing, is a mistake of ours: it is logged, and says so. */
  async #guarded<T>(signal: AbortSignal, run: () => Promise<T> | T): Promise<T> {
    signal.throwIfAborted();
    try {
      return await run();
    } catch (error) {
      if (error instanceof SessionError) throw error;
      signal.throwIfAborted();
      this.#core.log.error("sessions failed in a way that they do not know", { error });
      throw new SessionError("internal", "this failed at the coordinator: its log says why", {
        cause: error,
      });
    }
  }
}

function merged(
  kept: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | null>> | undefined,
): Record<string, string> {
  const entries = Object.entries({ ...kept, ...change });
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null));
}
