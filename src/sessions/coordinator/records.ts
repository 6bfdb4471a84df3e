/** Records of sessions: found for their owners, changed by one at a time, ended once. */
import type { WorkerConnection } from "../link.ts";
import { sessionClose } from "../operations.ts";
import { WORKSPACES_WORKER } from "../wire/worker_ids.ts";
import { isOpen, OPEN_STATES, SessionError, type SessionRecord, type SessionState } from "../types.ts";
import type { Core } from "./core.ts";
import { isSessionId } from "./ids.ts";
import { runTask } from "./tasks.ts";
import type { SessionOwner } from "./types.ts";

/** Writes that others were faster than, before it is given up. */
const MAX_TRIES = 20;

/** Which end a session has, and how it is counted. */
export interface Ending {
  readonly state: Exclude<SessionState, "creating" | "ready">;
  readonly reason: string;
  readonly cause: "closed" | "expired" | "worker_lost" | "create_failed" | "abandoned";
  /** Only if this still holds, of what is kept now. */
  readonly onlyIf?: (record: SessionRecord) => boolean;
}

export interface Ended {
  /** What is kept now. */
  readonly record: SessionRecord;
  /** This has ended it; otherwise somebody else had, or `onlyIf` did not hold. */
  readonly isChanged: boolean;
  /** Its worker has been told, or is away. Never rejects. */
  readonly removed: Promise<void>;
}

export class Records {
  constructor(private readonly core: Core) {}

  /** The newest one of a caller by id or name; open ones first. One whose time is over has ended. @throws {SessionError} `not_found` */
  async find(owner: SessionOwner, ref: string, signal: AbortSignal): Promise<SessionRecord> {
    const record = await this.#find(owner.id, ref, signal);
    if (record === undefined) {
      throw new SessionError(
        "not_found",
        `you have no session ${JSON.stringify(ref.slice(0, 128))}: session.list shows those that you have, ` +
          "session.create makes one",
      );
    }
    return await this.current(record, signal);
  }

  /** The record, ended where its time is over. */
  async current(record: SessionRecord, signal: AbortSignal): Promise<SessionRecord> {
    return isOpen(record) && this.isOverdue(record) ? await this.overdue(record, signal) : record;
  }

  /** Whether its time is over, at whatever coordinator it was used last. */
  isOverdue({ expiresAt }: SessionRecord): boolean {
    return expiresAt < this.core.now() - this.core.settings.clockSkewMs;
  }

  /** An open session whose time is over ends. */
  async overdue(record: SessionRecord, signal: AbortSignal): Promise<SessionRecord> {
    const onlyIf = (kept: SessionRecord) => kept.state === record.state && this.isOverdue(kept);
    const ended = await this.end(
      record,
      record.state === "creating"
        ? {
          state: "failed",
          cause: "abandoned",
          reason: "the coordinator went away while it made this session: create a new one",
          onlyIf,
        }
        : {
          state: "expired",
          cause: "expired",
          reason: `it was not used for ${Math.round(record.ttlMs / 1_000)} s: create a new one, ` +
            "with a longer time to live if need be",
          onlyIf,
        },
      signal,
    );
    return ended.record;
  }

  /**
   * Changes what is kept, however many others do.
   * @param change of what is kept now; undefined: nothing is to be changed
   * @returns what is kept then, and whether this has changed it
   */
  async change(
    id: string,
    change: (record: SessionRecord) => SessionRecord | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly record: SessionRecord | undefined; readonly isChanged: boolean }> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const kept = await this.core.store.get(id, signal);
      const next = kept === undefined ? undefined : change(kept);
      if (next === undefined) return { record: kept, isChanged: false };
      const record = await this.core.store.update(next, signal);
      if (record !== undefined) return { record, isChanged: true };
    }
    throw new SessionError("conflict", `session ${id} is changed by many at once: try again`);
  }

  /** Ends an open session: the record first, so that nothing new begins, then what its worker has of it. */
  async end(record: SessionRecord, ending: Ending, signal: AbortSignal): Promise<Ended> {
    const { state, reason, cause, onlyIf } = ending;
    let before: SessionRecord | undefined;
    const { record: kept, isChanged } = await this.change(record.id, (kept) => {
      before = kept;
      return isOpen(kept) && (onlyIf?.(kept) ?? true)
        ? { ...kept, state, reason, expiresAt: this.core.now() + this.core.settings.keepEndedMs }
        : undefined;
    }, signal);
    if (!isChanged || kept === undefined) {
      const gone = { ...record, state: "closed", reason: "it is known no more" } as const;
      return { record: kept ?? gone, isChanged, removed: Promise.resolve() };
    }
    this.core.meters.ended.inc({ reason: cause });
    this.core.log.info("a session has ended", {
      session_id: kept.id,
      workspace_id: placeOf(kept),
      cause,
      reason,
    });
    // Who makes it finds out, and then knows that nothing more of it is being made.
    const isBeingMade = before?.state === "creating" && cause === "closed";
    const removed = isBeingMade ? Promise.resolve() : this.remove(kept);
    const { workspaces } = this.core;
    if (workspaces !== undefined) void removed.then(() => workspaces.forget(kept.id));
    return { record: kept, isChanged, removed };
  }

  /**
   * Tells its worker that a session is over. One that is away is told when it is back; where files are on storage that
   * workers share, the record has the name of the storage until they are gone. Never rejects.
   */
  async remove(record: SessionRecord): Promise<void> {
    const { background, registry } = this.core;
    const own = registry.find(record.workerId, record.incarnation);
    const worker = own ?? this.#neighbour(record);
    if (worker === undefined || !await this.closeAt(worker, record.id, false)) return;
    if (record.sharedStorage === "") return;
    await background.run(`files of session ${record.id} are gone`, (signal) =>
      this.change(
        record.id,
        (kept) => isOpen(kept) || kept.sharedStorage === "" ? undefined : { ...kept, sharedStorage: "" },
        signal,
      ));
  }

  /** Tells a worker to end a session that it has. Never rejects. @returns whether it is gone there */
  async closeAt(worker: WorkerConnection, sessionId: string, keepFiles: boolean): Promise<boolean> {
    const { background, registry, settings } = this.core;
    const closed = registry.closing(sessionId, worker);
    let isGone = false;
    await background.run(`session ${sessionId} is closed at worker ${worker.id}`, async (signal) => {
      const request = { id: crypto.randomUUID(), sessionId, operation: sessionClose, input: { keepFiles } };
      await runTask(worker, { ...request, deadlineMs: settings.openTimeoutMs }, { signal });
      isGone = true;
    });
    closed(isGone);
    return isGone;
  }

  /** Another worker that has the files, where the session's own is gone. */
  #neighbour({ sharedStorage, workspace }: SessionRecord): WorkerConnection | undefined {
    if (workspace !== undefined) {
      // Its agent has them, whichever worker had the session.
      const agents = this.core.registry.find(WORKSPACES_WORKER);
      return agents?.isConnected ? agents : undefined;
    }
    if (sharedStorage === "") return undefined;
    const others = this.core.registry.list().map(({ worker }) => worker)
      .filter(({ hello }) => hello.sharedStorage === sharedStorage);
    // One that has just registered is connected in a moment.
    return others.find(({ isConnected }) => isConnected) ?? others[0];
  }

  async #find(owner: string, ref: string, signal: AbortSignal): Promise<SessionRecord | undefined> {
    const { store } = this.core;
    if (isSessionId(ref)) {
      const record = await store.get(ref, signal);
      return record?.owner === owner ? record : undefined;
    }
    const [open] = await store.list({ owner, name: ref, states: OPEN_STATES }, signal);
    return open ?? (await store.list({ owner, name: ref }, signal))[0];
  }
}

/** Its files are reached without the worker that has it: the session goes on where that is gone. */
export function outlivesWorker(
  { sharedStorage, workspace }: Pick<SessionRecord, "sharedStorage" | "workspace">,
): boolean {
  return sharedStorage !== "" || workspace !== undefined;
}

/** What has been, for who asks for more. */
export function endedError({ id, name, state, reason }: SessionRecord): SessionError {
  const text = reason === "" ? "create a new one" : reason;
  return new SessionError("session_ended", `session ${name} (${id}) is over (${state}): ${text}`);
}

/** Where its directory is: worker and session. */
export function placeOf({ id, workerId }: Pick<SessionRecord, "id" | "workerId">): string {
  return workerId === "" ? id : `${workerId}/${id}`;
}
