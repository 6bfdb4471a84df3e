/** The worker that has a session; where that is gone, another one with the same files, or a clear end. */
import type { WorkerConnection } from "../link.ts";
import { sessionOpen } from "../operations.ts";
import { isOpen, SessionError, type SessionRecord } from "../types.ts";
import { sleep } from "../../telemetry/clock.ts";
import type { Core } from "./core.ts";
import { joined, within } from "./deadline.ts";
import { endedError, placeOf, type Records } from "./records.ts";
import { runTask } from "./tasks.ts";

export interface Route {
  readonly record: SessionRecord;
  readonly worker: WorkerConnection;
}

export class Routes {
  /** Moves that run here: one a session. */
  readonly #moves = new Map<string, Promise<SessionRecord>>();

  constructor(private readonly core: Core, private readonly records: Records) {}

  /**
   * Where a session is. Waits a while for a worker that is not connected.
   * @throws {SessionError} `session_ended`; `unavailable`, `no_capacity`: nothing was done, and later it may be
   */
  async find(record: SessionRecord, signal: AbortSignal): Promise<Route> {
    const { clock, registry, settings, store } = this.core;
    const until = clock.now() + settings.reconnectWaitMs;
    for (let known = record;;) {
      if (!isOpen(known)) throw endedError(known);
      const worker = registry.find(known.workerId, known.incarnation);
      if (worker?.isConnected) return { record: known, worker };
      // One that was not seen to go may be on its way back: to a coordinator that has just been started.
      const isGone = registry.isGone(known.workerId, known.incarnation) || clock.now() >= until;
      if (worker === undefined && known.sharedStorage !== "" && isGone) {
        known = await this.#move(known, signal);
        continue;
      }
      const another = worker === undefined ? registry.find(known.workerId) : undefined;
      if (another !== undefined) throw endedError(await this.restarted(known, another, signal));
      if (clock.now() >= until) {
        throw new SessionError(
          "unavailable",
          `nothing was done: worker ${known.workerId}, which has session ${known.id}, has not been connected for ` +
            `${
              Math.round(settings.reconnectWaitMs / 1_000)
            } s. Try again; where it stays away, create a new session`,
        );
      }
      await this.#news(until - clock.now(), signal);
      known = await store.get(known.id, signal) ?? { ...known, state: "closed" };
    }
  }

  /** Its worker is gone for good. Ends it, unless its files are elsewhere as well. @returns what is kept now */
  async lost(record: SessionRecord, signal: AbortSignal, why = ""): Promise<SessionRecord> {
    if (record.sharedStorage !== "") {
      return await this.core.store.get(record.id, signal) ?? { ...record, state: "closed" };
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
    const { id, sharedStorage } = stale;
    const record = await store.get(id, signal);
    if (record === undefined || !isOpen(record)) return record ?? { ...stale, state: "closed" };
    if (registry.find(record.workerId, record.incarnation) !== undefined) return record;
    const worker = await this.reserve(id, { sharedStorage }, signal).catch((error) => {
      signal.throwIfAborted();
      throw new SessionError(
        "unavailable",
        `nothing was done: worker ${record.workerId}, which had session ${id}, is gone, and no other one with the ` +
          `storage ${sharedStorage} can go on with it now (${
            error instanceof Error ? error.message : error
          }). ` +
          "Its files are there still: try again later",
        { cause: error },
      );
    });
    let isMoved = false;
    let now: SessionRecord | undefined;
    try {
      const input = { limits: record.limits, existing: true };
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
    wanted: Parameters<Core["registry"]["reserve"]>[1],
    signal: AbortSignal,
  ): Promise<WorkerConnection> {
    const { clock, registry, settings } = this.core;
    const until = clock.now() + settings.reconnectWaitMs;
    for (;;) {
      const selection = registry.reserve(id, wanted);
      if (selection.worker !== undefined) return selection.worker;
      const why = selection.chosen === undefined ? selection : undefined;
      if (!why?.isSoon || clock.now() >= until) {
        throw new SessionError("no_capacity", `no worker can take the session: ${why?.why ?? "none"}`);
      }
      await this.#news(until - clock.now(), signal);
    }
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
