/** How a session comes to be: a record, a place at a worker, its directory there, maybe files. */
import { type WorkerConnection, WorkerLostError } from "../link.ts";
import { sessionOpen } from "../operations.ts";
import {
  isOpen,
  labelsSchema,
  type Limits,
  limitsSchema,
  metadataSchema,
  SessionError,
  type SessionRecord,
} from "../types.ts";
import { sleep } from "../../telemetry/clock.ts";
import type { Checkpoints, RunOperation } from "./checkpoints.ts";
import type { Core } from "./core.ts";
import { joined, within } from "./deadline.ts";
import { randomId, randomText } from "./ids.ts";
import { endedError, placeOf, type Records } from "./records.ts";
import type { Routes } from "./routes.ts";
import { type FoundWorkspace, type Loan, noWorkspaces } from "../workspaces/types.ts";
import { AnswerNotUnderstood, inWorkspace, issuesText, readInput, runTask } from "./tasks.ts";
import type { CreateSession, SessionCallOptions, SessionOwner } from "./types.ts";

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** After the last sign that somebody makes it, before others take it for abandoned: its coordinator went away. */
const ABANDONED_AFTER_MS = 90_000;
/** Sessions of one owner that are over and remembered: whoever makes and closes them without end fills no memory. */
const MAX_ENDED = 200;
/** Of the time to make one in a workspace, for what comes after the workspace is ready and beside opening it. */
const OPEN_RESERVE_MS = 10_000;
/** The shortest, milliseconds. */
const MIN_TTL_MS = 1_000;

export interface CreationParts {
  readonly core: Core;
  readonly records: Records;
  readonly routes: Routes;
  readonly checkpoints: Checkpoints;
}

export class Creation {
  /** By id: sessions that are being made here. */
  readonly #making = new Map<string, Promise<SessionRecord>>();
  /** By owner: the last creation that looks whether there may be one more. */
  readonly #entering = new Map<string, Promise<unknown>>();

  constructor(private readonly parts: CreationParts) {}

  async create(
    owner: SessionOwner,
    request: CreateSession,
    options: SessionCallOptions,
  ): Promise<SessionRecord> {
    const { core, checkpoints } = this.parts;
    const { signal } = options;
    const plain = this.#wished(owner, request);
    const { checkpoint } = request;
    if (checkpoint !== undefined) await checkpoints.find(owner, checkpoint, signal);
    const late = () =>
      new SessionError(
        "deadline",
        `session ${plain.name} was not ready within ${core.settings.taskTimeoutMs / 1_000} s: try again`,
      );
    return await within(
      core.clock,
      core.settings.taskTimeoutMs,
      AbortSignal.any([signal, core.background.signal]),
      late,
      async (signal) => {
        const own = { ...options, signal };
        const found = await this.#found(request, own);
        const place = found === undefined ? {} : { isolation: "workspace" as const, workspace: found.place };
        // To find it may have taken its time.
        const expiresAt = core.now() + ABANDONED_AFTER_MS;
        const record = await this.#enter({ ...plain, ...place, expiresAt }, signal);
        const making = this.#make(record, request, found, own);
        this.#making.set(record.id, making);
        const letGo = this.#hold(record.id);
        try {
          return await making;
        } finally {
          letGo();
          this.#making.delete(record.id);
        }
      },
    );
  }

  /** Says now and then that somebody makes it. @returns what ends that */
  #hold(id: string): () => void {
    const { background, clock, now, store } = this.parts.core;
    let cancelTimer = () => {};
    const arm = () => {
      cancelTimer = clock.setTimer(() => {
        arm();
        const touch = (signal: AbortSignal) => store.touch(id, now(), now() + ABANDONED_AFTER_MS, signal);
        void background.run(`session ${id} is still being made`, touch);
      }, ABANDONED_AFTER_MS / 4);
    };
    arm();
    return () => cancelTimer();
  }

  /** A session that is being made, here or elsewhere, once it is ready. @throws {SessionError} `session_ended` */
  async ready(record: SessionRecord, signal: AbortSignal): Promise<SessionRecord> {
    const { core, records } = this.parts;
    let delayMs = 20;
    for (let known = record;;) {
      known = await records.current(known, signal);
      if (!isOpen(known)) throw endedError(known);
      if (known.state === "ready") return known;
      const making = this.#making.get(known.id);
      // How it ends is in its record.
      if (making !== undefined) await joined(making.then(() => {}, () => {}), signal);
      else await wait(core, delayMs, signal);
      delayMs = Math.min(delayMs * 2, 1_000);
      known = await core.store.get(known.id, signal) ?? { ...known, state: "closed" };
    }
  }

  #wished(owner: SessionOwner, request: CreateSession): SessionRecord {
    const { now, settings } = this.parts.core;
    const at = now();
    const { name = `session-${randomText(8)}`, labels = {}, metadata = {} } = request;
    if (!NAME.test(name) || name.startsWith("sess-")) {
      throw new SessionError(
        "invalid",
        `a session cannot be named ${
          JSON.stringify(name.slice(0, 128))
        }: lower-case letters, digits and -, at most ` +
          "63, a letter or digit first and last; names that begin with sess- are ids",
      );
    }
    return {
      id: randomId("sess"),
      name,
      owner: owner.id,
      ownerName: owner.name,
      labels: read("labels", labelsSchema, labels),
      metadata: read("metadata", metadataSchema, metadata),
      limits: allowedLimits(request.limits ?? {}, settings.limits, settings.maxLimits),
      state: "creating",
      reason: "",
      workerId: "",
      incarnation: "",
      sharedStorage: "",
      isolation: "none",
      createdAt: at,
      lastUsedAt: at,
      expiresAt: at + ABANDONED_AFTER_MS,
      ttlMs: allowedTtl(request.ttlMs ?? settings.maxAgeMs, settings.maxTtlMs),
      version: 1,
    };
  }

  /** The Coder workspace that a session is to be in, before anything is kept or begun. */
  async #found(
    { checkpoint, workerLabels, workspace: wish }: CreateSession,
    options: SessionCallOptions,
  ): Promise<FoundWorkspace | undefined> {
    if (wish === undefined) return undefined;
    const { workspaces } = this.parts.core;
    if (workspaces === undefined) throw noWorkspaces(`the session is to be in workspace ${wish.workspace}`);
    if (workerLabels !== undefined && Object.keys(workerLabels).length > 0) {
      throw new SessionError(
        "invalid",
        "workerLabels choose among workers of sandboxes: leave them out with workspace",
      );
    }
    if (checkpoint !== undefined && wish.files !== "scratch") {
      throw new SessionError(
        "invalid",
        "a checkpoint replaces all files, and those of a workspace are people's own: give files: scratch, too",
      );
    }
    return await workspaces.find(wish, options);
  }

  /** Waits until the workspace runs, and lends the caller's access to the session. @returns the record as it is then */
  async #inWorkspace(
    { id }: SessionRecord,
    { workspace: wish }: CreateSession,
    found: FoundWorkspace,
    options: SessionCallOptions,
  ): Promise<{ readonly record: SessionRecord; readonly loan: Loan }> {
    const { settings: { openTimeoutMs, taskTimeoutMs }, workspaces } = this.parts.core;
    const timeoutMs = Math.max(taskTimeoutMs / 2, taskTimeoutMs - openTimeoutMs - OPEN_RESERVE_MS);
    const ready = await workspaces!.ready(found, wish ?? {}, { ...options, timeoutMs });
    const record = await this.#still(
      id,
      (kept) => ({ ...kept, workspace: ready.place, reason: ready.warning }),
      options.signal,
    );
    return { record, loan: await workspaces!.lend({ ...record, workspace: ready.place }, options) };
  }

  /** Keeps the record, if the owner may have one more, and forgets what is over and too much. */
  async #enter(wished: SessionRecord, signal: AbortSignal): Promise<SessionRecord> {
    const { core: { store, settings } } = this.parts;
    const { owner } = wished;
    const enter = async () => {
      signal.throwIfAborted();
      const all = await store.list({ owner }, signal);
      // Newest first. What still has files on shared storage is known until these are gone.
      const over = all.filter((record) => !isOpen(record) && record.sharedStorage === "");
      for (const { id } of over.slice(MAX_ENDED - 1)) await store.delete(id, signal);
      return await store.create(wished, settings.maxSessionsPerOwner, signal);
    };
    const before = this.#entering.get(owner) ?? Promise.resolve();
    const turn = before.then(enter, enter);
    const settled = turn.catch(() => {});
    this.#entering.set(owner, settled);
    void settled.then(() => {
      if (this.#entering.get(owner) === settled) this.#entering.delete(owner);
    });
    return await joined(turn, signal).catch((error) => {
      // Whoever gave up while it was kept has no session of that name.
      void turn.then((record) => this.#failed(record, error), () => {});
      throw error;
    });
  }

  async #make(
    record: SessionRecord,
    request: CreateSession,
    found: FoundWorkspace | undefined,
    options: SessionCallOptions,
  ): Promise<SessionRecord> {
    const { core } = this.parts;
    const { traceparent } = options;
    const started = core.clock.now();
    let loan: Loan | undefined;
    try {
      let place = record;
      if (found !== undefined) {
        ({ record: place, loan } = await this.#inWorkspace(record, request, found, options));
      }
      const signal = loan === undefined ? options.signal : AbortSignal.any([options.signal, loan.signal]);
      const ready = await this.#place(place, request, signal, traceparent);
      core.meters.created.inc();
      core.log.info("a session was created", {
        session_id: ready.id,
        workspace_id: placeOf(ready),
        owner: ready.ownerName,
        isolation: ready.isolation,
        duration_ms: Math.round(core.clock.now() - started),
      });
      return ready;
    } catch (error) {
      await this.#failed(record, error);
      throw error;
    } finally {
      loan?.end();
    }
  }

  /** Ends a session that did not come to be: its name is free again. */
  #failed(record: SessionRecord, error: unknown): Promise<void> {
    const { core: { background }, records } = this.parts;
    const reason = error instanceof Error ? error.message : String(error);
    return background.run(`session ${record.id} is given up`, async (signal) => {
      const ending = { state: "failed", cause: "create_failed", reason } as const;
      const ended = await records.end(record, ending, signal);
      // Closed by somebody who could not know how far it was.
      if (!ended.isChanged) void records.remove(ended.record);
    });
  }

  async #place(
    record: SessionRecord,
    request: CreateSession,
    signal: AbortSignal,
    traceparent: string | undefined,
  ): Promise<SessionRecord> {
    const { core, records, routes } = this.parts;
    const tried = new Set<string>();
    let failure: unknown;
    // Where a try may have left files: its record has the name of that storage until they are gone.
    let sharedStorage: string | undefined;
    for (;;) {
      const { workspace } = record;
      const wanted = { labels: request.workerLabels, workspace, sharedStorage, except: tried };
      const worker = await routes.reserve(record.id, wanted, signal)
        .catch((error: unknown) => {
          signal.throwIfAborted();
          throw failure ?? error;
        });
      tried.add(worker.id);
      try {
        await this.#assign(record.id, worker, signal);
      } catch (error) {
        core.registry.opened(record.id, worker);
        core.registry.release(record.id, worker);
        throw error;
      }
      try {
        return await this.#openAt(worker, record, request, signal, traceparent)
          .finally(() => core.registry.opened(record.id, worker));
      } catch (error) {
        signal.throwIfAborted();
        if (!isOfWorker(error)) throw error;
        const reason = error instanceof SessionError ? error.code : "lost";
        core.meters.workerErrors.inc({ reason });
        core.log.warn("a worker could not make a session", {
          session_id: record.id,
          worker: worker.id,
          error,
        });
        failure = error instanceof SessionError ? error : new SessionError("unavailable", error.message);
        if (tried.size >= core.settings.openTries) throw failure;
        const closing = records.closeAt(worker, record.id, false);
        // The next one may have the same files: what is removed late would be removed from under it.
        if (worker.hello.sharedStorage !== "" || record.workspace !== undefined) {
          const isGone = await joined(closing, signal);
          if (!isGone && record.workspace === undefined) sharedStorage = worker.hello.sharedStorage;
        }
      }
    }
  }

  /** Before anything is done there: whoever finds the record knows where to look. */
  async #assign(id: string, worker: WorkerConnection, signal: AbortSignal): Promise<void> {
    const { incarnation, sharedStorage, isolation } = worker.hello;
    const place = { workerId: worker.id, incarnation, sharedStorage, isolation };
    await this.#still(id, (kept) => ({ ...kept, ...place }), signal);
  }

  async #openAt(
    worker: WorkerConnection,
    record: SessionRecord,
    { checkpoint }: CreateSession,
    signal: AbortSignal,
    traceparent: string | undefined,
  ): Promise<SessionRecord> {
    const { core: { now, settings }, checkpoints } = this.parts;
    const { id, limits, owner, ownerName } = record;
    const request = { sessionId: id, traceparent, deadlineMs: settings.openTimeoutMs };
    const { output } = await runTask(worker, {
      ...request,
      id: crypto.randomUUID(),
      operation: sessionOpen,
      input: { limits, existing: false, ...inWorkspace(record) },
    }, { signal });
    if (checkpoint !== undefined) {
      const run: RunOperation = (operation, input, body, own = signal) =>
        runTask(worker, {
          ...request,
          id: crypto.randomUUID(),
          operation,
          input: readInput(operation, input),
          body,
          deadlineMs: settings.taskTimeoutMs,
        }, { signal: own });
      await checkpoints.unpack({ id: owner, name: ownerName }, checkpoint, run, signal);
    }
    return await this.#still(id, (kept) => {
      const at = now();
      const times = { lastUsedAt: at, expiresAt: at + kept.ttlMs };
      return { ...kept, ...times, state: "ready", isolation: output.isolation };
    }, signal);
  }

  /** Changes a session that is being made. @throws {SessionError} `session_ended` where somebody has closed it meanwhile */
  async #still(
    id: string,
    change: (kept: SessionRecord) => SessionRecord,
    signal: AbortSignal,
  ): Promise<SessionRecord> {
    const { record, isChanged } = await this.parts.records.change(
      id,
      (kept) => kept.state === "creating" ? change(kept) : undefined,
      signal,
    );
    if (isChanged && record !== undefined) return record;
    throw record === undefined
      ? new SessionError("session_ended", `session ${id} was removed while it was made`)
      : endedError(record);
  }
}

/** Whether another worker may do better. */
function isOfWorker(error: unknown): error is SessionError | WorkerLostError {
  if (error instanceof WorkerLostError) return true;
  if (error instanceof AnswerNotUnderstood) return true;
  return error instanceof SessionError &&
    ["no_capacity", "unavailable", "deadline", "limit", "failed", "internal"].includes(error.code);
}

/** @throws {SessionError} `limit`, `invalid` */
export function allowedTtl(ttlMs: number, maxTtlMs: number): number {
  if (!Number.isFinite(ttlMs) || ttlMs < MIN_TTL_MS) {
    throw new SessionError("invalid", `a session lives at least ${MIN_TTL_MS / 1_000} s without calls`);
  }
  if (ttlMs <= maxTtlMs) return Math.floor(ttlMs);
  throw new SessionError(
    "limit",
    `a session may live ${Math.floor(maxTtlMs / 1_000)} s without calls at most, not ${
      Math.ceil(ttlMs / 1_000)
    } s: ` +
      "ask for less, and extend it by calls",
  );
}

function allowedLimits(
  asked: NonNullable<CreateSession["limits"]>,
  standard: Limits,
  most: Limits,
): Limits {
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  const limits = read("limits", limitsSchema, { ...standard, ...given });
  const above = (Object.keys(most) as (keyof Limits)[]).filter((name) => limits[name] > most[name]);
  if (above.length === 0) return limits;
  const text = above.map((name) => `${name} ${most[name]} (not ${limits[name]})`).join(", ");
  throw new SessionError("limit", `a session may have at most ${text}: ask for less`);
}

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | {
    success: false;
    error: Parameters<typeof issuesText>[0];
  };
}
/** @throws {SessionError} `invalid` */
export function read<T>(what: string, schema: Schema<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SessionError("invalid", `${what} of a session cannot be so: ${issuesText(parsed.error)}`);
}

async function wait({ clock }: Core, ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, signal, clock);
  signal.throwIfAborted();
}
