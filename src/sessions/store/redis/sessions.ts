/** Records of sessions in a Redis that several coordinators share. */
import { randomUUID } from "node:crypto";
import { type Clock, sleep, systemClock } from "../../../telemetry/clock.ts";
import type { Logger } from "../../../telemetry/logger.ts";
import { isOpen, SESSION_STATES, SessionError, type SessionRecord, type SessionState } from "../../types.ts";
import { matches, newestFirst } from "../filter.ts";
import { idTaken, nameTaken, nameTakenByOther, tooManyOpen } from "../refusals.ts";
import type { SessionFilter, SessionStore } from "../types.ts";
import { type CallOptions, type RedisConnection, UnknownOutcome } from "./connection.ts";
import { indexesOf, keepFor, keyPrefix, lookupOf, nameKey, openKey } from "./keys.ts";
import { recordJson, recordOf } from "./record_schema.ts";
import { COUNT, CREATE, DELETE, EXPIRED, FETCH, LIST, TOUCH, UPDATE } from "./record_scripts.ts";
import { UnknownWrites } from "./unknown_writes.ts";
import type { Reply } from "./wire.ts";

export interface RedisStoreOptions {
  readonly connection: RedisConnection;
  /** Of all keys. */
  readonly prefix: string;
  readonly log: Logger;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
  readonly clock?: Clock | undefined;
  /** A write that nobody waits for any more is not done any more after so long, in milliseconds. @default {6_000} */
  readonly settledMs?: number | undefined;
}

/** Records in one reply. */
const PAGE = 500;
/** The longest that a call may take, and what clocks may differ by. */
const SETTLED_MS = 6_000;
/** Between two attempts to undo. */
const UNDO_WAIT_MS = 2_000;
const UNDONE = "a session that nobody waited for is gone";
const UNDONE_NOTHING = "a session that nobody waited for was not made";
const MOST_UNDONE = 1_000;
const MOST_UNREADABLE = 10_000;

export class RedisSessionStore implements SessionStore {
  readonly #options: RedisStoreOptions;
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #unknown: UnknownWrites;
  /** Ids of records that cannot be read: reported once, and left alone. */
  readonly #unreadable = new Set<string>();
  readonly #undoing = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(options: RedisStoreOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.#prefix = keyPrefix(options.prefix);
    this.#clock = options.clock ?? systemClock;
    this.#unknown = new UnknownWrites(() => this.#clock.now());
  }

  async create(record: SessionRecord, mostOpen: number, signal: AbortSignal): Promise<SessionRecord> {
    signal.throwIfAborted();
    const by = randomUUID();
    const json = recordJson(record);
    const before = this.#unknown.before(record.id, json);
    const most = isOpen(record) ? String(mostOpen) : "-1";
    try {
      const [word, rest] = await this.#script(CREATE, "session.create", signal, [
        ...[record.id, by, before, most, openKey(record.owner)],
        ...this.#content(record, json),
      ]) as [string, Reply];
      this.#unknown.settle(record.id);
      if (word === "limit") throw tooManyOpen(Number(rest), mostOpen);
      if (word === "known") throw idTaken(record);
      if (word === "named") throw nameTaken(record);
      return this.#written(record, rest);
    } catch (error) {
      if (error instanceof UnknownOutcome || signal.aborted) {
        this.#unknown.remember(record.id, by, json);
        this.#undo(record.id, by);
      }
      throw error;
    }
  }

  async get(id: string, signal: AbortSignal): Promise<SessionRecord | undefined> {
    const fields = await this.#connection.command(
      ["HMGET", `${this.#prefix}r:${id}`, "j", "v", "u", "e"],
      { operation: "session.get", signal, reads: true },
    ) as readonly Reply[];
    return fields[0] === null ? undefined : this.#read(id, fields);
  }

  async list(filter: SessionFilter, signal: AbortSignal): Promise<readonly SessionRecord[]> {
    signal.throwIfAborted();
    if (filter.states?.length === 0) return [];
    const { how, keys } = lookupOf(filter);
    const call = { operation: "session.list", signal, reads: true };
    const [what, rest] = await this.#connection.script(
      LIST,
      [this.#prefix, String(PAGE), how, ...keys],
      call,
    ) as [string, readonly Reply[]];
    const kept = what === "records" ? rest : await this.#fetched(rest as readonly string[], call);
    const found: SessionRecord[] = [];
    for (const [id, fields] of kept as readonly [string, Reply][]) {
      const record = this.#read(id, fields);
      if (record !== undefined && matches(record, filter)) found.push(record);
    }
    return found.sort(newestFirst);
  }

  async update(record: SessionRecord, signal: AbortSignal): Promise<SessionRecord | undefined> {
    signal.throwIfAborted();
    const by = randomUUID();
    const { id, version } = record;
    const json = recordJson(record);
    const content = `${version} ${record.lastUsedAt} ${record.expiresAt} ${json}`;
    const before = this.#unknown.before(id, content);
    try {
      const [word, rest] = await this.#script(UPDATE, "session.update", signal, [
        ...[id, by, before, String(version), String(version + 1)],
        ...this.#content(record, json),
      ]) as [string, Reply];
      this.#unknown.settle(id);
      if (word === "named") throw nameTakenByOther(record);
      return word === "ok" ? this.#written({ ...record, version: version + 1 }, rest) : undefined;
    } catch (error) {
      if (error instanceof UnknownOutcome || signal.aborted) this.#unknown.remember(id, by, content);
      throw error;
    }
  }

  async touch(id: string, lastUsedAt: number, expiresAt: number, signal: AbortSignal): Promise<boolean> {
    const reply = await this.#script(TOUCH, "session.touch", signal, [
      ...[id, String(lastUsedAt), String(expiresAt), keepFor(expiresAt, this.#now())],
    ]);
    return reply === 1;
  }

  async delete(id: string, signal: AbortSignal): Promise<void> {
    await this.#script(DELETE, "session.delete", signal, [id, ""]);
    this.#unreadable.delete(id);
  }

  async expired(now: number, limit: number, signal: AbortSignal): Promise<readonly string[]> {
    const most = limit + this.#unreadable.size;
    const ids = await this.#script(EXPIRED, "session.expired", signal, [
      String(now),
      String(most),
    ]) as readonly string[];
    return ids.filter((id) => !this.#unreadable.has(id)).slice(0, limit);
  }

  async count(signal: AbortSignal): Promise<Readonly<Record<SessionState, number>>> {
    const counts = await this.#connection.script(COUNT, [this.#prefix, ...SESSION_STATES], {
      operation: "session.count",
      signal,
      reads: true,
    }) as readonly number[];
    return Object.fromEntries(SESSION_STATES.map((state, index) => [state, counts[index] ?? 0])) as Record<
      SessionState,
      number
    >;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#undoing.values());
  }

  #script(
    script: typeof CREATE,
    operation: string,
    signal: AbortSignal,
    args: readonly string[],
  ): Promise<Reply> {
    return this.#connection.script(script, [this.#prefix, ...args], { operation, signal });
  }

  #content(record: SessionRecord, json: string): readonly string[] {
    const { lastUsedAt, expiresAt, state } = record;
    return [
      nameKey(record),
      keepFor(expiresAt, this.#now()),
      json,
      String(lastUsedAt),
      String(expiresAt),
      state,
      indexesOf(record).join("\n"),
    ];
  }

  async #fetched(ids: readonly string[], call: CallOptions): Promise<readonly Reply[]> {
    const found: Reply[] = [];
    for (let at = 0; at < ids.length; at += PAGE) {
      const page = ids.slice(at, at + PAGE);
      found.push(
        ...await this.#connection.script(FETCH, [this.#prefix, ...page], call) as readonly Reply[],
      );
    }
    return found;
  }

  /** What was written, as it is kept. */
  #written({ id }: SessionRecord, fields: Reply): SessionRecord {
    const record = this.#read(id, fields);
    if (record === undefined) {
      throw new SessionError("internal", `session ${id} was written, and cannot be read`);
    }
    return record;
  }

  #read(id: string, fields: Reply): SessionRecord | undefined {
    try {
      const record = recordOf(fields);
      if (record.id !== id) throw new Error(`it is of another session: ${record.id}`);
      return record;
    } catch (error) {
      if (!this.#unreadable.has(id) && this.#unreadable.size < MOST_UNREADABLE) {
        this.#unreadable.add(id);
        this.#options.log.warn("a session in the store cannot be read, and is left as it is", {
          session_id: id,
          error,
        });
      }
      return undefined;
    }
  }

  /** Nobody knows of a session that was made while its caller was told that it was not: it would only be in the way. */
  #undo(id: string, by: string): void {
    if (this.#undoing.size >= MOST_UNDONE || this.#stop.signal.aborted) return;
    const { signal } = this.#stop;
    const undone = async () => {
      // Before that it may still be on its way.
      await sleep(this.#options.settledMs ?? SETTLED_MS, signal, this.#clock);
      for (; !signal.aborted; await sleep(UNDO_WAIT_MS, signal, this.#clock)) {
        try {
          const reply = await this.#script(DELETE, "session.undo", signal, [id, by]);
          const what = reply === 1 ? UNDONE : UNDONE_NOTHING;
          this.#options.log.info(what, { session_id: id });
          return;
        } catch {
          // It is away still: it is told by every call.
        }
      }
    };
    this.#undoing.set(by, undone().finally(() => this.#undoing.delete(by)));
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}
