/** The worker that has a session; where that is gone, another one with the same files, or a clear end. */
import type { WorkerConnection } from "../link.ts";
import { sessionOpen } from "../operations.ts";
import type { Wanted } from "../registry/select.ts";
import { isEmbedded } from "../wire/worker_ids.ts";
import { isOpen, OPEN_STATES, SessionError, type SessionRecord } from "../types.ts";
import { sleep } from "../../telemetry/clock.ts";
import type { Core } from "./core.ts";
import { joined, within } from "./deadline.ts";
import type { Presence, Whereabouts } from "./presence.ts";
import { endedError, outlivesWorker, placeOf, type Records } from "./records.ts";
import { inWorkspace, runTask } from "./tasks.ts";

/** Between two looks at a record whose worker is not here. */
const LOOK_MS = 2_000;

export interface Route {
  readonly record: SessionRecord;
  readonly worker: WorkerConnection;
}

export class Routes {
  /** Moves that run here: one a session. */
  readonly #moves = new Map<string, Promise<SessionRecord>>();

  constructor(
    private readonly core: Core,
    private readonly records: Records,
    private readonly presence: Presence,
  ) {}

  /**
   * Where a session is. Waits a while for a worker that is not connected, here or at any coordinator.
   * @throws {SessionError} `session_ended`; `unavailable`, `no_capacity`: nothing was done, and later it may be
   */
  async find(record: SessionRecord, signal: AbortSignal): Promise<Route> {
    const { clock, registry, settings, sightings, store } = this.core;
    const until = clock.now() + settings.reconnectWaitMs;
    for (let known = record;;) {
      if (!isOpen(known)) throw endedError(known);
      const worker = registry.find(known.workerId, known.incarnation);
      if (worker?.isConnected) return { record: known, worker };
      const where = await this.presence.where(known, signal);
      const isLate = clock.now() >= until;
      // One that was not seen to go may be on its way back: to a coordinator that has just been started.
      if (outlivesWorker(known) && (where === "gone" || (where === "silent" && isLate))) {
        known = await this.#move(known, signal);
        continue;
      }
      if (where === "gone") {
        const ended = await this.#overdue(known, signal);
        if (ended !== undefined) throw endedError(ended);
      }
      if (isLate) throw awayError(known, where, settings.reconnectWaitMs);
      // It may have come while others were asked.
      if (registry.find(known.workerId, known.incarnation)?.isConnected) continue;
      // What other coordinators do with it is no news here.
      await this.#news(Math.min(until - clock.now(), sightings === undefined ? Infinity : LOOK_MS), signal);
      known = await store.get(known.id, signal) ?? { ...known, state: "closed" };
    }
  }

  /** Its worker is gone for good: it has ended. Undefined: whoever saw the worker go is about to end it. */
  async #overdue(record: SessionRecord, signal: AbortSignal): Promise<SessionRecord | undefined> {
    const another = this.core.registry.find(record.workerId);
    if (another !== undefined) return await this.restarted(record, another, signal);
    return this.core.sightings === undefined ? undefined : await this.lost(record, signal);
  }

  /**
   * Its worker is not here any more. Ends it, unless its files are elsewhere as well, or another coordinator has the worker.
   * @returns what is kept now
   */
  async lost(record: SessionRecord, signal: AbortSignal, why = ""): Promise<SessionRecord> {
    const { sightings, store } = this.core;
    const isThere = sightings !== undefined && await this.presence.where(record, signal) !== "gone";
    if (isThere || outlivesWorker(record)) {
      return await store.get(record.id, signal) ?? { ...record, state: "closed" };
    }
    const at = new Date(this.core.now()).toISOString();
    return await this.#gone(
      record,
      `worker ${record.workerId} went away at ${at}${
        why === "" ? "" : ` (${why})`
      }: its files are gone; create a new session`,
      signal,
    );
  }

  /** Another process of its worker is there. As {@linkcode Routes.lost}. */
  restarted(record: SessionRecord, worker: WorkerConnection, signal: AbortSignal): Promise<SessionRecord> {
    const at = new Date(worker.registeredAt).toISOString();
    return this.#gone(
      record,
      `worker ${record.workerId} was started again at ${at}: its files are gone; create a new session`,
      signal,
    );
  }

  async #gone(record: SessionRecord, reason: string, signal: AbortSignal): Promise<SessionRecord> {
    const { workerId, incarnation } = record;
    const onlyIf = (kept: SessionRecord) =>
      kept.state === "ready" && kept.workerId === workerId && kept.incarnation === incarnation;
    const ended = await this.records.end(
      record,
      { state: "failed", cause: "worker_lost", reason, onlyIf },
      signal,
    );
    return ended.record;
  }

  #move(record: SessionRecord, signal: AbortSignal): Promise<SessionRecord> {
    const { id } = record;
    const running = this.#moves.get(id);
    if (running !== undefined) return joined(running, signal);
    const { background, clock, settings } = this.core;
    const late = () => new SessionError("unavailable", `session ${id} could not be moved in time: try again`);
    const move = within(
      clock,
      settings.openTimeoutMs + settings.reconnectWaitMs,
      background.signal,
      late,
      (signal) => this.#moveNow(record, signal),
    ).finally(() => this.#moves.delete(id));
    this.#moves.set(id, move);
    // Its last caller may have given up.
    move.catch(() => {});
    return joined(move, signal);
  }

  async #moveNow(stale: SessionRecord, signal: AbortSignal): Promise<SessionRecord> {
    const { log, meters, registry, settings, store } = this.core;
    const { id } = stale;
    const record = await store.get(id, signal);
    if (record === undefined || !isOpen(record)) return record ?? { ...stale, state: "closed" };
    const isAsWas = record.workerId === stale.workerId && record.incarnation === stale.incarnation;
    if (!isAsWas || registry.find(record.workerId, record.incarnation) !== undefined) return record;
    const worker = await this.reserve(id, whereItIs(record), signal).catch((error) => {
      signal.throwIfAborted();
      const where = record.workspace === undefined
        ? `with the storage ${record.sharedStorage}`
        : `that reaches workspace ${record.workspace.workspace}`;
      throw new SessionError(
        "unavailable",
        `nothing was done: worker ${record.workerId}, which had session ${id}, is gone, and no other one ${where} can ` +
          `go on with it now (${error instanceof Error ? error.message : error}). ` +
          "Its files are there still: try again later",
        { cause: error },
      );
    });
    let isMoved = false;
    let now: SessionRecord | undefined;
    try {
      const input = { limits: record.limits, existing: true, ...inWorkspace(record) };
      const request = { id: crypto.randomUUID(), sessionId: id, operation: sessionOpen, input };
      const { output } = await runTask(worker, { ...request, deadlineMs: settings.openTimeoutMs }, {
        signal,
      });
      ({ record: now, isChanged: isMoved } = await this.records.change(id, (kept) => {
        const isAsWas = kept.workerId === record.workerId && kept.incarnation === record.incarnation;
        if (!isOpen(kept) || !isAsWas) return undefined;
        const { incarnation } = worker.hello;
        return { ...kept, workerId: worker.id, incarnation, isolation: output.isolation };
      }, signal));
    } finally {
      registry.opened(id, worker);
      const isHere = now?.workerId === worker.id && now.incarnation === worker.hello.incarnation;
      // Somebody else was faster, or it did not work: the files stay for whoever has them now.
      if (!isMoved && !isHere) {
        void this.records.closeAt(worker, id, now === undefined || isOpen(now));
      }
    }
    if (isMoved && now !== undefined) {
      meters.moved.inc();
      log.info("a session goes on at another worker", {
        session_id: id,
        workspace_id: placeOf(now),
        from: record.workerId,
      });
    }
    return now ?? { ...record, state: "closed" };
  }

  /**
   * A worker with a place for a session; waits a while where one may be back in a moment.
   * @throws {SessionError} `no_capacity`
   */
  async reserve(
    id: string,
    wanted: Wanted,
    signal: AbortSignal,
  ): Promise<WorkerConnection> {
    const { clock, registry, settings } = this.core;
    const until = clock.now() + settings.reconnectWaitMs;
    for (let isFirst = true;; isFirst = false) {
      const selection = registry.reserve(id, wanted);
      if (selection.worker !== undefined) return selection.worker;
      if (isFirst && await this.#freed(signal)) continue;
      const why = selection.chosen === undefined ? selection : undefined;
      if (!why?.isSoon || clock.now() >= until) {
        throw new SessionError("no_capacity", `no worker can take the session: ${why?.why ?? "none"}`);
      }
      await this.#news(until - clock.now(), signal);
    }
  }

  /** Places at full workers that other coordinators have given up. @returns whether there were any */
  async #freed(signal: AbortSignal): Promise<boolean> {
    if (this.core.sightings === undefined) return false;
    let isFreed = false;
    for (const { worker, sessions } of this.core.registry.list()) {
      if (sessions < worker.hello.capacity || !worker.isConnected) continue;
      isFreed = await this.compare(worker, signal) || isFreed;
    }
    return isFreed;
  }

  /**
   * Gives up places of sessions that this coordinator has put at a worker, and that another one has ended or moved.
   * @returns whether there were any
   */
  async compare(worker: WorkerConnection, signal: AbortSignal): Promise<boolean> {
    const { registry, store } = this.core;
    const settled = registry.settled(worker);
    if (settled.length === 0) return false;
    const there = await store.list({ workerId: worker.id, states: OPEN_STATES }, signal);
    const ids = new Set(
      there.filter(({ incarnation }) => incarnation === worker.hello.incarnation).map(({ id }) => id),
    );
    const over = settled.filter((id) => !ids.has(id));
    registry.over(over, worker);
    return over.length > 0;
  }

  /** The next change of workers, or the end of the wait. @throws the reason of `signal` */
  async #news(ms: number, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    await Promise.race([this.core.registry.changes(either), sleep(ms, either, this.core.clock)]);
    stop.abort();
    signal.throwIfAborted();
  }
}

/** Which workers can go on with a session. */
function whereItIs({ sharedStorage, workspace }: SessionRecord): Wanted {
  return workspace === undefined ? { sharedStorage } : { workspace };
}

/** Why a session cannot be reached now, though it is not over. */
function awayError(
  { id, workerId }: SessionRecord,
  where: Whereabouts,
  waitedMs: number,
): SessionError {
  const seconds = Math.round(waitedMs / 1_000);
  const worker = `nothing was done: worker ${workerId}, which has session ${id},`;
  if (where !== "elsewhere") {
    return new SessionError(
      "unavailable",
      `${worker} has not been connected for ${seconds} s. Try again; where it stays away, create a new session`,
    );
  }
  return new SessionError(
    "unavailable",
    isEmbedded(workerId)
      ? `${worker} is part of another coordinator's process, the only one that reaches it: ask there, or have workers ` +
        "of their own (coder-k8s worker), which dial all coordinators"
      : `${worker} was heard by another coordinator, and did not connect to this one within ${seconds} s. Try again; ` +
        "where that stays so, see that workers dial every coordinator",
  );
}
