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
   * Keeps a new one (`version` 1), unless its owner has `mostOpen` open ones already: looked at and kept in one step, whoever
   * else does the same meanwhile.
   * @throws {SessionError} `limit`; `conflict` where the id is known, or the owner has an open session (`creating`, `ready`)
   * of the name
   */
  create(record: SessionRecord, mostOpen: number, signal: AbortSignal): Promise<SessionRecord>;
  get(id: string, signal: AbortSignal): Promise<SessionRecord | undefined>;
  /** By creation, newest first; ties by id. */
  list(filter: SessionFilter, signal: AbortSignal): Promise<readonly SessionRecord[]>;
  /**
   * Writes it where its `version` is the one that is kept, as the version after it.
   * @returns what is kept now; `undefined` where another was faster, or it is gone
   */
  update(record: SessionRecord, signal: AbortSignal): Promise<SessionRecord | undefined>;
  /**
   * `lastUsedAt` and `expiresAt` of an open one alone, never backwards, without a version: the newest counts. False where it
   * is gone or over.
   */
  touch(id: string, lastUsedAt: number, expiresAt: number, signal: AbortSignal): Promise<boolean>;
  delete(id: string, signal: AbortSignal): Promise<void>;
  /** Ids of those whose `expiresAt` is before `now`, the longest over first, at most `limit`. */
  expired(now: number, limit: number, signal: AbortSignal): Promise<readonly string[]>;
  /** Numbers by state. */
  count(signal: AbortSignal): Promise<Readonly<Record<SessionRecord["state"], number>>>;
  close(): Promise<void>;
}

/** What is said of a blob when it is written. */
export interface BlobFacts {
  /** Milliseconds since 1970; then it is not there any more. */
  readonly expiresAt: number;
  /** Whatever the writer wants to know of it later. */
  readonly facts: Readonly<Record<string, string | number>>;
}

/** What is known of a blob that is there. */
export interface BlobInfo extends BlobFacts {
  readonly owner: string;
  readonly id: string;
  readonly size: number;
  readonly sha256: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/**
 * Archives of sessions: checkpoints. Written in pieces; there as a whole or not at all. Each is its owner's: under another
 * owner there is none of that id. Ids are lower-case letters, digits and `-`. Every call rejects with the reason of `signal`
 * once that aborts.
 */
export interface BlobStore {
  /** @throws {SessionError} `limit` where it would be too much, `conflict` where the owner has one of that id */
  write(
    owner: string,
    id: string,
    facts: BlobFacts,
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<BlobInfo>;
  /** Undefined: there is none, or none any more. */
  get(owner: string, id: string, signal: AbortSignal): Promise<BlobInfo | undefined>;
  /** Newest first; ties by id. */
  list(owner: string, signal: AbortSignal): Promise<readonly BlobInfo[]>;
  /** Undefined: there is none. Fails while it is read where it is deleted or damaged meanwhile. */
  read(owner: string, id: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Twice is no more than once. */
  delete(owner: string, id: string, signal: AbortSignal): Promise<void>;
  /** Removes what is over, and what a crash has left. @returns how many blobs were over */
  sweep(signal: AbortSignal): Promise<number>;
}

/** A process of a worker. */
export interface WorkerProcess {
  readonly id: string;
  readonly incarnation: string;
}

/**
 * Which workers are there, as all coordinators on one store have heard: a worker that one of them does not hear is not gone
 * while another does. Every call rejects with the reason of `signal`, and with `SessionError` `unavailable` where the store
 * is away.
 */
export interface WorkerSightings {
  /** This coordinator hears these now. It counts for `forMs` milliseconds. */
  heard(workers: readonly WorkerProcess[], forMs: number, signal: AbortSignal): Promise<void>;
  /** It said farewell, or another process has its name: gone for everybody. */
  gone(worker: WorkerProcess, signal: AbortSignal): Promise<void>;
  /** Whether any coordinator has heard of it within the time that it gave. */
  isHeard(worker: WorkerProcess, signal: AbortSignal): Promise<boolean>;
}
