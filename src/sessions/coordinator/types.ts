/** What the coordinator does for its callers: the contract between `coordinator/` and its doors (tools, resources, debug). */
import type { z } from "zod";
import type { CoderClient } from "../../coder/mod.ts";
import type { TaskEvent } from "../link.ts";
import type { Operation } from "../operations.ts";
import type {
  Labels,
  Limits,
  Metadata,
  SessionRecord,
  WorkerHello,
  WorkerLoad,
  WorkspaceFiles,
  WorkspacePlace,
} from "../types.ts";

/** Whose sessions they are; see `SessionRecord.owner`. */
export interface SessionOwner {
  readonly id: string;
  readonly name: string;
}

/** Which Coder; see `WorkspacePlace`. */
export type CoderOf = Pick<WorkspacePlace, "namespace" | "controlPlane">;

/**
 * Coder as whoever calls, with their own rights and nobody else's.
 * @throws {Error} in words for people, where the caller has no way to that Coder
 */
export type OpenCoder = (coder: CoderOf, signal: AbortSignal) => Promise<CallersCoder>;

export interface CallersCoder {
  /** `CoderRef.id` */
  readonly id: string;
  readonly client: CoderClient;
  /** The caller's Coder user name. */
  readonly user: string;
  /** Tells one token of the user from another, which may have other rights; see `CoderSession`. */
  readonly credential?: string | undefined;
}

/** The workspace that a session is to be in. */
export interface WorkspaceWish extends CoderOf {
  /** `name`, `owner/name`, either with `.agent` where it has several; or the workspace's id. */
  readonly workspace: string;
  /** @default {""} */
  readonly directory?: string | undefined;
  /** @default {"workspace"} */
  readonly files?: WorkspaceFiles | undefined;
  /** Start it where it is stopped. Absent: a stopped one is refused, with the words that ask for this. */
  readonly start?: boolean | undefined;
}

export interface CreateSession {
  /** @default {a random one} */
  readonly name?: string | undefined;
  readonly labels?: Labels | undefined;
  readonly metadata?: Metadata | undefined;
  /** Milliseconds without a call. @default {SESSION_MAX_AGE} */
  readonly ttlMs?: number | undefined;
  /** No more than the coordinator allows. @default {`STANDARD_LIMITS`} */
  readonly limits?: { readonly [K in keyof Limits]?: Limits[K] | undefined } | undefined;
  /** Only on workers that have these. */
  readonly workerLabels?: Labels | undefined;
  /** Files to begin with. */
  readonly checkpoint?: string | undefined;
  /** In this Coder workspace. Absent: in a sandbox of a worker. */
  readonly workspace?: WorkspaceWish | undefined;
}

export interface SessionList {
  readonly labels?: Labels | undefined;
  /** Those that are over, too, as long as they are known. @default {false} */
  readonly ended?: boolean | undefined;
}

/** A copy of a session's files. */
export interface Checkpoint {
  /** `ckpt-` and 16 random letters and digits. */
  readonly id: string;
  readonly sessionId: string;
  readonly size: number;
  readonly sha256: string;
  readonly files: number;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface SessionCallOptions {
  readonly signal: AbortSignal;
  readonly onEvent?: ((event: TaskEvent) => void) | undefined;
  readonly traceparent?: string | undefined;
  /** Needed for sessions in Coder workspaces. Absent: the caller has no way to Coder. */
  readonly coder?: OpenCoder | undefined;
}

export interface SessionAnswer<O extends z.ZodObject = z.ZodObject> {
  readonly session: SessionRecord;
  readonly output: z.output<O>;
  readonly body?: Uint8Array | undefined;
}

/** How a worker is told of to administrators. */
export interface WorkerView {
  readonly id: string;
  readonly hello: WorkerHello;
  readonly load: WorkerLoad;
  readonly isConnected: boolean;
  readonly isDraining: boolean;
  readonly lastHeardAt: number;
  readonly sessions: number;
}

/**
 * Sessions of callers. `ref` is a session's id or name; another's session is not found, whatever it is called. Every method
 * rejects with `SessionError`, and with the reason of the signal.
 */
export interface Sessions {
  create(owner: SessionOwner, request: CreateSession, options: SessionCallOptions): Promise<SessionRecord>;
  list(owner: SessionOwner, request: SessionList, signal: AbortSignal): Promise<readonly SessionRecord[]>;
  get(owner: SessionOwner, ref: string, signal: AbortSignal): Promise<SessionRecord>;
  extend(owner: SessionOwner, ref: string, ttlMs: number, signal: AbortSignal): Promise<SessionRecord>;
  /** Changes labels and metadata: `null` removes a key. */
  annotate(
    owner: SessionOwner,
    ref: string,
    change: {
      readonly labels?: Readonly<Record<string, string | null>> | undefined;
      readonly metadata?: Readonly<Record<string, string | null>> | undefined;
    },
    signal: AbortSignal,
  ): Promise<SessionRecord>;
  /**
   * Twice is no more than once.
   * @param coder see `SessionCallOptions`; without it, what a session has in its workspace ends there after a while
   */
  close(
    owner: SessionOwner,
    ref: string,
    signal: AbortSignal,
    coder?: OpenCoder | undefined,
  ): Promise<SessionRecord>;
  checkpoint(owner: SessionOwner, ref: string, options: SessionCallOptions): Promise<Checkpoint>;
  /** Replaces the session's files by those of the checkpoint. */
  restore(
    owner: SessionOwner,
    ref: string,
    checkpoint: string,
    options: SessionCallOptions,
  ): Promise<{ readonly session: SessionRecord; readonly files: number }>;
  checkpoints(owner: SessionOwner, signal: AbortSignal): Promise<readonly Checkpoint[]>;
  /**
   * Carries out an operation in a session, at its worker.
   * @param ref absent: the session named `default`, which is made where there is none
   */
  call<I extends z.ZodObject, O extends z.ZodObject>(
    owner: SessionOwner,
    ref: string | undefined,
    operation: Operation<I, O>,
    input: z.input<I>,
    body: Uint8Array | undefined,
    options: SessionCallOptions,
  ): Promise<SessionAnswer<O>>;
  /** Of everybody, for administrators: no contents. */
  everybody(signal: AbortSignal): Promise<{
    readonly sessions: readonly SessionRecord[];
    readonly workers: readonly WorkerView[];
  }>;
}
