/** What sandbox sessions are made of: plain data that the coordinator, its store, its workers and its doors share. */
import { z } from "zod";

/**
 * How far a worker can keep sessions from it and from each other, best first.
 * - `full`: mount, process, IPC and network namespaces of their own, and a uid of their own on the host.
 * - `namespaces`: the namespaces, and the worker's own uid (an unprivileged worker whose kernel allows user namespaces).
 * - `none`: nothing but a directory. Sessions are refused, unless the worker was started with `--allow-unisolated`.
 * - `workspace`: a Coder workspace is around it. A session can do there what the workspace's user can, and no more.
 */
export const ISOLATION = ["full", "namespaces", "none", "workspace"] as const;
export type Isolation = (typeof ISOLATION)[number];

/** What one session may use, on its worker. Bytes, milliseconds, counts. */
export const limitsSchema = z.object({
  /** CPU time of all its processes together. */
  cpuMs: z.int().min(1_000).max(24 * 3_600_000),
  /** Memory of all its processes together. */
  memoryBytes: z.int().min(16 * 2 ** 20),
  processes: z.int().min(4).max(4_096),
  /** Of its directories together, and so of each file. */
  diskBytes: z.int().min(2 ** 20),
  /** Kept of each process' output; older output is counted, and gone. */
  outputBytes: z.int().min(4_096).max(64 * 2 ** 20),
  /** Of each process. */
  openFiles: z.int().min(32).max(65_536),
}).strict();
export type Limits = z.output<typeof limitsSchema>;

export const STANDARD_LIMITS: Limits = {
  cpuMs: 3_600_000,
  memoryBytes: 2 * 2 ** 30,
  processes: 256,
  diskBytes: 2 * 2 ** 30,
  outputBytes: 2 ** 20,
  openFiles: 1_024,
};

export const LABEL = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;
/** Of sessions and of workers: short names and values, at most 32. */
export const labelsSchema = z.record(z.string().regex(LABEL), z.string().max(63)).refine(
  (labels) => Object.keys(labels).length <= 32,
  { error: "at most 32 labels" },
);
export type Labels = z.output<typeof labelsSchema>;

/** Of sessions: what a caller wants to keep with one. At most 64 keys, 16 KiB of JSON. */
export const metadataSchema = z.record(z.string().min(1).max(128), z.string().max(4_096)).refine(
  (metadata) => Object.keys(metadata).length <= 64 && JSON.stringify(metadata).length <= 16_384,
  { error: "at most 64 keys and 16 KiB together" },
);
export type Metadata = z.output<typeof metadataSchema>;

/** `creating` until its worker has it; `failed` says why; the last two are its ends, and are soon forgotten. */
export const SESSION_STATES = ["creating", "ready", "failed", "closed", "expired"] as const;
export type SessionState = (typeof SESSION_STATES)[number];

/** Of those that are in use, or about to be. */
export const OPEN_STATES: readonly SessionState[] = ["creating", "ready"];
/** Whether a session is in use, or about to be. */
export function isOpen({ state }: { readonly state: SessionState }): boolean {
  return OPEN_STATES.includes(state);
}

/**
 * Which files a session in a workspace has. `workspace`: those that are there, which are the people's: the session's end
 * leaves them, and nothing replaces them as a whole. `scratch`: a new directory of the session's own, gone with it.
 */
export const WORKSPACE_FILES = ["workspace", "scratch"] as const;
export type WorkspaceFiles = (typeof WORKSPACE_FILES)[number];

/** The Coder workspace that a session is in. */
export interface WorkspacePlace {
  /** `CoderRef.id` of its Coder. */
  readonly coder: string;
  /** How to choose that Coder again: its namespace, and its control plane where that is known (empty otherwise). */
  readonly namespace: string;
  readonly controlPlane: string;
  readonly workspaceId: string;
  /** `<owner>/<workspace>`, as it was called when the session was made. */
  readonly workspace: string;
  /** Coder's user id of the workspace's owner. */
  readonly ownerId: string;
  /** By name: ids of agents change with every start. */
  readonly agent: string;
  /** As it was asked for: below the agent's directory, or absolute; empty: the agent's directory. */
  readonly directory: string;
  readonly files: WorkspaceFiles;
}

/** One session, as its store keeps it. Times are milliseconds since 1970. */
export interface SessionRecord {
  /** `sess-` and 16 random letters and digits (80 bits). */
  readonly id: string;
  /** Of the caller's choice, unique among the caller's open sessions; `default` is made where none is named. */
  readonly name: string;
  /** Who it belongs to, by the name that was proved: nobody else sees it. */
  readonly owner: string;
  /** The owner's name, for people. */
  readonly ownerName: string;
  readonly labels: Labels;
  readonly metadata: Metadata;
  readonly limits: Limits;
  readonly state: SessionState;
  /** Why it failed, with what to do; of one that is in use, what is not as it should be; empty otherwise. */
  readonly reason: string;
  /** The worker that has it; empty while none has. */
  readonly workerId: string;
  /** Of that worker's process: another one of the same name does not have the session's processes. */
  readonly incarnation: string;
  /** Name of the storage that the worker shares with others (`--shared-workspaces`); empty: its own disk. */
  readonly sharedStorage: string;
  readonly isolation: Isolation;
  /** Absent: it is in no Coder workspace. */
  readonly workspace?: WorkspacePlace | undefined;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  /** Ends without a call until then. Every call moves it on by `ttlMs`. */
  readonly expiresAt: number;
  readonly ttlMs: number;
  /** Grows with each write: the precondition of the next. */
  readonly version: number;
}

/** What a worker says of itself when it registers. */
export interface WorkerHello {
  /** Of the process: another one after every start (`incarnation.ts`). */
  readonly incarnation: string;
  readonly version: string;
  readonly labels: Labels;
  /** Names of operations (`operations.ts`) that it can carry out. */
  readonly capabilities: readonly string[];
  readonly isolation: Isolation;
  /** Sessions at once. */
  readonly capacity: number;
  /** See `SessionRecord.sharedStorage`. */
  readonly sharedStorage: string;
}

/** What a worker says of itself with each heartbeat. */
export interface WorkerLoad {
  /** Ids of the sessions that it has. */
  readonly sessions: readonly string[];
  readonly runningTasks: number;
  readonly processes: number;
  readonly memoryBytes: number;
  readonly freeDiskBytes: number;
}

/** Codes of what goes wrong; clients act on them. */
export const SESSION_ERROR_CODES = [
  /** What was sent cannot be so. */
  "invalid",
  /** There is no such session, file, process or snapshot. */
  "not_found",
  /** There is one of that name, or the file is another by now. */
  "conflict",
  /** Outside of the session's directory, or not of this caller. */
  "forbidden",
  /** A limit of the session, or of the worker. */
  "limit",
  /** No worker has room, or none can isolate. */
  "no_capacity",
  /** The session is over. */
  "session_ended",
  /** Its worker is away, and nothing was done. */
  "unavailable",
  /** Its worker went away in the middle: it is not known whether it was done. */
  "unknown_outcome",
  /** It took longer than it may. */
  "deadline",
  /** The caller gave it up. */
  "canceled",
  /** It was tried, and did not work. */
  "failed",
  /** A mistake of coder-k8s: its log has more. */
  "internal",
] as const;
export type SessionErrorCode = (typeof SESSION_ERROR_CODES)[number];

/** Whatever goes wrong with a session. The message says what was tried, on what, and what to do. */
export class SessionError extends Error {
  override readonly name = "SessionError";
  constructor(readonly code: SessionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
