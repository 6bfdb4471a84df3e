/** Records of sessions in this process: gone with it. */
import { isOpen, SESSION_STATES, type SessionRecord, type SessionState } from "../types.ts";
import { matches, newestFirst } from "./filter.ts";
import { idTaken, nameTaken, nameTakenByOther, tooManyOpen } from "./refusals.ts";
import type { SessionFilter, SessionStore } from "./types.ts";

export class MemorySessionStore implements SessionStore {
  readonly #records = new Map<string, SessionRecord>();
  /** Ids by owner: what a caller asks for does not depend on how many others there are. */
  readonly #owned = new Map<string, Set<string>>();
  /** Ids of open ones by owner and name. */
  readonly #names = new Map<string, string>();
  readonly #counts = Object.fromEntries(SESSION_STATES.map((state) => [state, 0])) as Record<
    SessionState,
    number
  >;

  // deno-lint-ignore require-await -- stores are asynchronous, and reject
  async create(record: SessionRecord, mostOpen: number, signal: AbortSignal): Promise<SessionRecord> {
    signal.throwIfAborted();
    const open = [...this.#candidates({ owner: record.owner })].filter(isOpen).length;
    if (isOpen(record) && open >= mostOpen) throw tooManyOpen(open, mostOpen);
    if (this.#records.has(record.id)) {
      throw idTaken(record);
    }
    if (isOpen(record) && this.#names.has(nameKey(record))) throw nameTaken(record);
    return this.#put({ ...record, version: 1 });
  }

  // deno-lint-ignore require-await -- as above
  async get(id: string, signal: AbortSignal): Promise<SessionRecord | undefined> {
    signal.throwIfAborted();
    return this.#records.get(id);
  }

  // deno-lint-ignore require-await -- as above
  async list(filter: SessionFilter, signal: AbortSignal): Promise<readonly SessionRecord[]> {
    signal.throwIfAborted();
    const found: SessionRecord[] = [];
    for (const record of this.#candidates(filter)) if (matches(record, filter)) found.push(record);
    return found.sort(newestFirst);
  }

  // deno-lint-ignore require-await -- as above
  async update(record: SessionRecord, signal: AbortSignal): Promise<SessionRecord | undefined> {
    signal.throwIfAborted();
    const kept = this.#records.get(record.id);
    if (kept?.version !== record.version) return undefined;
    if (isOpen(record) && (this.#names.get(nameKey(record)) ?? record.id) !== record.id) {
      throw nameTakenByOther(record);
    }
    return this.#put({ ...record, version: record.version + 1 });
  }

  // deno-lint-ignore require-await -- as above
  async touch(id: string, lastUsedAt: number, expiresAt: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const kept = this.#records.get(id);
    if (kept === undefined || !isOpen(kept)) return false;
    this.#put({
      ...kept,
      lastUsedAt: Math.max(kept.lastUsedAt, lastUsedAt),
      expiresAt: Math.max(kept.expiresAt, expiresAt),
    });
    return true;
  }

  // deno-lint-ignore require-await -- as above
  async delete(id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#remove(id);
  }

  // deno-lint-ignore require-await -- as above
  async expired(now: number, limit: number, signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    const over = [...this.#records.values()].filter(({ expiresAt }) => expiresAt < now);
    return over.sort((a, b) => a.expiresAt - b.expiresAt).slice(0, limit).map(({ id }) => id);
  }

  // deno-lint-ignore require-await -- as above
  async count(signal: AbortSignal): Promise<Readonly<Record<SessionState, number>>> {
    signal.throwIfAborted();
    return { ...this.#counts };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  *#candidates({ owner, name, states }: SessionFilter): Iterable<SessionRecord> {
    if (owner === undefined) return yield* this.#records.values();
    const wantsOpen = states?.every((state) => isOpen({ state })) ?? false;
    const named = name !== undefined && wantsOpen ? this.#names.get(nameKey({ owner, name })) : undefined;
    const ids = name !== undefined && wantsOpen
      ? (named === undefined ? [] : [named])
      : this.#owned.get(owner) ?? [];
    for (const id of ids) {
      const record = this.#records.get(id);
      if (record !== undefined) yield record;
    }
  }

  #put(given: SessionRecord): SessionRecord {
    const record = frozen(given);
    this.#remove(record.id);
    this.#records.set(record.id, record);
    this.#counts[record.state]++;
    if (isOpen(record)) this.#names.set(nameKey(record), record.id);
    const owned = this.#owned.get(record.owner);
    if (owned === undefined) this.#owned.set(record.owner, new Set([record.id]));
    else owned.add(record.id);
    return record;
  }

  #remove(id: string): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    this.#records.delete(id);
    this.#counts[record.state]--;
    if (this.#names.get(nameKey(record)) === id) this.#names.delete(nameKey(record));
    const owned = this.#owned.get(record.owner);
    owned?.delete(id);
    if (owned?.size === 0) this.#owned.delete(record.owner);
  }
}

/** JSON, because owners may have any character in them. */
function nameKey({ owner, name }: Pick<SessionRecord, "owner" | "name">): string {
  return JSON.stringify([owner, name]);
}

function frozen(record: SessionRecord): SessionRecord {
  return Object.freeze({
    ...record,
    labels: Object.freeze({ ...record.labels }),
    metadata: Object.freeze({ ...record.metadata }),
    limits: Object.freeze({ ...record.limits }),
  });
}
