/** What happens without a caller: sessions whose time is over, workers that come and go, what they have that nobody knows. */
import type { WorkerConnection } from "../link.ts";
import type { RegistryObserver } from "../registry/registry.ts";
import { isOpen, SESSION_STATES, type SessionRecord } from "../types.ts";
import type { Core } from "./core.ts";
import { isSessionId } from "./ids.ts";
import type { Presence } from "./presence.ts";
import { outlivesWorker, type Records } from "./records.ts";
import type { Routes } from "./routes.ts";
import type { Touches } from "./touches.ts";

/** Of sessions whose time is over, that are looked at together. */
const PAGE = 50;
/** Since a session's last use. */
const FILES_WAIT_MS = 24 * 3_600_000;
const ENDED_STATES = SESSION_STATES.filter((state) => !isOpen({ state }));

export interface UpkeepParts {
  readonly core: Core;
  readonly records: Records;
  readonly routes: Routes;
  readonly presence: Presence;
  readonly touches: Touches;
}

export class Upkeep implements RegistryObserver {
  #cancelTimer = () => {};
  #counting: Promise<void> | undefined;
  #isCountOld = false;
  /** Workers whose strangers are being looked at: what they say is theirs to choose, and may be much. */
  readonly #lookingAt = new WeakSet<WorkerConnection>();
  readonly #stopObserving: () => void;

  constructor(private readonly parts: UpkeepParts) {
    this.#stopObserving = parts.core.registry.observe(this);
    for (const { worker } of parts.core.registry.list()) this.joined(worker);
    // Others make and end sessions, too.
    parts.presence.afterRound = () => this.count();
    this.#arm();
  }

  close(): void {
    this.#stopObserving();
    this.#cancelTimer();
  }

  #arm(): void {
    const { background, clock, settings } = this.parts.core;
    this.#cancelTimer = clock.setTimer(() => {
      void background.run("cleaning up", (signal) => this.cleanUp(signal)).then(() => {
        if (!background.signal.aborted) this.#arm();
      });
    }, settings.cleanupIntervalMs);
  }

  /** Ends what is overdue, forgets what is long over. */
  async cleanUp(signal: AbortSignal): Promise<void> {
    const { core: { blobs, now, settings, store }, touches } = this.parts;
    for (;;) {
      const ids = await store.expired(now() - settings.clockSkewMs, PAGE, signal);
      const done = await Promise.all(ids.map((id) => this.#settle(id, signal)));
      // Those that are used this very moment stay: they would be found again and again.
      if (ids.length < PAGE || !done.includes(true)) break;
    }
    await blobs.sweep(signal);
    touches.prune();
    await this.#others(signal);
    this.count();
  }

  /** What other coordinators have done, or were about to do when they went away. */
  async #others(signal: AbortSignal): Promise<void> {
    const { core: { registry, sightings, store }, presence, routes } = this.parts;
    if (sightings === undefined) return;
    for (const { worker } of registry.list()) {
      if (await routes.compare(worker, signal)) await this.#strangers(worker, signal);
    }
    const isGone = new Map<string, boolean>();
    for (const record of await store.list({ states: ["ready"] }, signal)) {
      const process = JSON.stringify([record.workerId, record.incarnation]);
      if (!isGone.has(process)) isGone.set(process, await presence.where(record, signal) === "gone");
      if (isGone.get(process)) await routes.lost(record, signal, "no coordinator heard it any more");
    }
  }

  async #settle(id: string, signal: AbortSignal): Promise<boolean> {
    const { core: { now, settings, store }, records, touches } = this.parts;
    const record = await store.get(id, signal);
    if (record === undefined || record.expiresAt >= now() - settings.clockSkewMs) return true;
    if (!isOpen(record)) {
      await this.#forget(record, signal);
      return true;
    }
    if (touches.isUsed(id)) {
      await store.touch(id, now(), now() + record.ttlMs, signal);
      return false;
    }
    await records.overdue(record, signal);
    return true;
  }

  /** One that is over. Files on storage that no worker has just now are waited for, for a day. */
  async #forget(record: SessionRecord, signal: AbortSignal): Promise<void> {
    const { core: { log, now, settings, store }, records } = this.parts;
    const { id, sharedStorage, lastUsedAt } = record;
    if (sharedStorage !== "") {
      await records.remove(record);
      const kept = await store.get(id, signal);
      if (kept === undefined) return;
      if (kept.sharedStorage !== "" && now() - lastUsedAt < FILES_WAIT_MS) {
        await store.update({ ...kept, expiresAt: now() + settings.cleanupIntervalMs }, signal);
        return;
      }
      if (kept.sharedStorage !== "") {
        log.warn("files of a session could not be removed: remove them by hand", {
          session_id: id,
          storage: sharedStorage,
        });
      }
    }
    await store.delete(id, signal);
  }

  /** Looks how many sessions there are, for the gauge: once more where it was asked meanwhile. */
  count(): void {
    if (this.#counting !== undefined) {
      this.#isCountOld = true;
      return;
    }
    const { background, meters, store } = this.parts.core;
    this.#counting = background.run("sessions are counted", async (signal) => {
      const { creating, ready } = await store.count(signal);
      meters.active.set({}, creating + ready);
    }).then(() => {
      this.#counting = undefined;
      if (!this.#isCountOld) return;
      this.#isCountOld = false;
      this.count();
    });
  }

  joined(worker: WorkerConnection): void {
    void this.parts.core.background.run(`worker ${worker.id} is looked at`, async (signal) => {
      await this.parts.presence.tell(signal);
      await this.#ownSessions(worker, signal);
      await this.#strangers(worker, signal);
      await this.#leftFiles(worker.hello.sharedStorage, signal);
    });
  }

  loaded(worker: WorkerConnection): void {
    const { background, registry } = this.parts.core;
    if (registry.strangers(worker).length === 0) return;
    void background.run(
      `sessions of worker ${worker.id} are looked at`,
      (signal) => this.#strangers(worker, signal),
    );
  }

  left(worker: WorkerConnection, why: string, isOver: boolean): void {
    const { core: { background, store }, presence, routes } = this.parts;
    void background.run(`sessions of worker ${worker.id} are looked at`, async (signal) => {
      if (isOver) await presence.over(worker, signal);
      const records = await store.list({ workerId: worker.id, states: ["ready"] }, signal);
      for (const record of records) {
        // Where others have the files, the next call moves it; where another coordinator has the worker, it stays.
        if (record.incarnation === worker.hello.incarnation) await routes.lost(record, signal, why);
      }
      await this.#leftFiles(worker.hello.sharedStorage, signal);
      this.count();
    });
  }

  /** What it should have: of this process of it, or of one before. */
  async #ownSessions(worker: WorkerConnection, signal: AbortSignal): Promise<void> {
    const { core: { registry, store }, presence, routes } = this.parts;
    for (const record of await store.list({ workerId: worker.id, states: ["ready"] }, signal)) {
      if (record.incarnation === worker.hello.incarnation) registry.hold(record.id, worker);
      else if (!outlivesWorker(record) && await presence.where(record, signal) === "gone") {
        await routes.restarted(record, worker, signal);
      }
    }
  }

  /** Sessions that it has, and should not: closed while it was away, moved, or never known here. */
  async #strangers(worker: WorkerConnection, signal: AbortSignal): Promise<void> {
    if (this.#lookingAt.has(worker)) return;
    this.#lookingAt.add(worker);
    try {
      for (const id of this.parts.core.registry.strangers(worker)) {
        if (isSessionId(id)) await this.#stranger(id, worker, signal);
      }
    } finally {
      this.#lookingAt.delete(worker);
    }
  }

  async #stranger(id: string, worker: WorkerConnection, signal: AbortSignal): Promise<void> {
    const { core: { log, registry, store }, records } = this.parts;
    const record = await store.get(id, signal);
    if (record !== undefined && isOpen(record) && isAt(record, worker)) return registry.hold(id, worker);
    // It may have been given to this worker meanwhile.
    if (!registry.isStranger(id, worker)) return;
    log.info("a worker has a session that it should not have", { session_id: id, worker: worker.id });
    const isElsewhere = record !== undefined && isOpen(record) && (record.workspace !== undefined ||
      (record.sharedStorage !== "" && record.sharedStorage === worker.hello.sharedStorage));
    await records.closeAt(worker, id, isElsewhere);
  }

  /** Files of sessions that ended while their own worker was not there to remove them. */
  async #leftFiles(sharedStorage: string, signal: AbortSignal): Promise<void> {
    const { core: { registry, store }, records } = this.parts;
    if (sharedStorage === "") return;
    for (const record of await store.list({ states: ENDED_STATES }, signal)) {
      if (record.sharedStorage !== sharedStorage) continue;
      if (registry.find(record.workerId, record.incarnation) === undefined) await records.remove(record);
    }
  }
}

function isAt(record: SessionRecord, worker: WorkerConnection): boolean {
  return record.workerId === worker.id && record.incarnation === worker.hello.incarnation;
}
