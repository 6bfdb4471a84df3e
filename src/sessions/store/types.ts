/** Where the coordinator keeps what it knows of sessions. Every implementation passes the same suite (`store/suite.ts`). */
import type { SessionRecord } from "../types.ts";

export interface SessionFilter {
  readonly owner?: string | undefined;
  readonly workerId?: string | undefined;
  readonly states?: readonly SessionRecord["state"][] | undefined;
  readonly name?: string | undefined;
  /** All of them must be there. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/**
 * Records of sessions. Answers are never to be changed by who gets them. Every call rejects with the reason of `signal`
 * once that aborts, and with `SessionError` `unavailable` where the store is away.
 */
export interface SessionStore {
  /**
   * Keeps a new one (`version` 1).
   * @throws {SessionError} `conflict` where the id is known, or the owner has an open session (`creating`, `ready`) of the name
   */
  create(record: SessionRecord, signal: AbortSignal): Promise<SessionRecord>;
  get(id: string, signal: AbortSignal): Promise<SessionRecord | undefined>;
  /** By creation, newest first; ties by id. */
  list(filter: SessionFilter, signal: AbortSignal): Promise<readonly SessionRecord[]>;
  /**
   * Writes it where its `version` is the one that is kept, as the version after it.
   * @returns what is kept now; `undefined` where another was faster, or it is gone
   */
  update(record: SessionRecord, signal: AbortSignal): Promise<SessionRecord | undefined>;
  /** `lastUsedAt` and `expiresAt` alone, never backwards, without a version: the newest counts. False where it is gone. */
  touch(id: string, lastUsedAt: number, expiresAt: number, signal: AbortSignal): Promise<boolean>;
  delete(id: string, signal: AbortSignal): Promise<void>;
  /** Ids of those whose `expiresAt` is before `now`, at most `limit`. */
  expired(now: number, limit: number, signal: AbortSignal): Promise<readonly string[]>;
  /** Numbers by state. */
  count(signal: AbortSignal): Promise<Readonly<Record<SessionRecord["state"], number>>>;
  close(): Promise<void>;
}

/** Archives of sessions: checkpoints. Kept in pieces, whole or not at all. */
export interface BlobStore {
  /** @throws {SessionError} `limit` where it would be too much */
  write(
    id: string,
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<{ readonly size: number; readonly sha256: string }>;
  /** Undefined: there is none. */
  read(id: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined>;
  delete(id: string, signal: AbortSignal): Promise<void>;
}
