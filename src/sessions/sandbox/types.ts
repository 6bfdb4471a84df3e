/** Between a worker and what keeps its sessions apart: the contract of `sandbox/`. */
import type { Isolation, Limits, WorkspaceFiles } from "../types.ts";

/** What the kernel lets a worker do, found out by trying. */
export interface IsolationReport {
  readonly isolation: Isolation;
  /** Limits that the kernel sees to by control groups; the others are seen to by rlimits and by looking. */
  readonly cgroups: readonly ("memory" | "pids" | "cpu")[];
  /** Sessions have a network namespace of their own: egress goes through the worker alone. */
  readonly network: boolean;
  /** `/proc` of their own; where not, theirs is empty. */
  readonly proc: boolean;
  /** What could not be had, and why, in words for people. */
  readonly notes: readonly string[];
}

export interface SandboxHostOptions {
  /** Everything is below it, one directory a session. Made where it is missing; nobody else's. */
  readonly directory: string;
  /** Sessions run even where nothing isolates them. */
  readonly allowUnisolated: boolean;
  /** It does not start as root of the machine with CAP_SYS_ADMIN: that was not meant. @default false */
  readonly refusesNodeRoot?: boolean | undefined;
  /**
   * Uids (and gids) for sessions, where the worker may use them: first and count. Nobody else's: on one machine, each worker
   * has its own. Without namespaces, a session ends by ending all processes of its uid.
   */
  readonly uids: { readonly first: number; readonly count: number };
  /** Directories and files that sessions see besides the usual ones (`/usr`, …), read-only. */
  readonly readOnlyPaths: readonly string[];
  /** Variables that sessions have besides `PATH`, `HOME`, `LANG`, `TMPDIR`. Nothing of the worker's own gets in. */
  readonly environment: Readonly<Record<string, string>>;
  /** `none`: sessions reach nothing; `proxy`: the worker's sockets alone; `host`: all that the worker reaches. */
  readonly network: "none" | "proxy" | "host";
  /**
   * With `proxy`: loopback ports inside of each session, and the Unix sockets of the worker that they lead to; the worker
   * is told which session a connection is of by the first line `<session id>\n`.
   */
  readonly forwards: readonly { readonly port: number; readonly socket: string }[];
  /** Milliseconds without a call and without a process, after which a session's processes of ours end too. @default 30_000 */
  readonly idleMs?: number | undefined;
  /** @default `python3` of `PATH` */
  readonly python?: string | undefined;
}

export interface OpenOptions {
  readonly limits: Limits;
  /** Its files are there already. */
  readonly existing: boolean;
  /** Of sessions in a Coder workspace alone; see `WorkspacePlace`. */
  readonly workspace?: {
    readonly directory: string;
    readonly files: WorkspaceFiles;
    /** Milliseconds without a connection after which its processes end there. @default a day, which is the most */
    readonly keepMs?: number | undefined;
  } | undefined;
}

/** Where sessions run on this machine. One process of ours (the launcher) makes the others. */
export interface SandboxHost {
  readonly report: IsolationReport;
  /** Directories of sessions that an earlier process has left. */
  leftovers(): Promise<readonly string[]>;
  /** Makes a session's directories, or finds them (`existing`). Rejects with `SessionError`. */
  open(
    id: string,
    options: OpenOptions,
    signal: AbortSignal,
  ): Promise<Sandbox>;
  /** Removes a session's directories, whoever they belong to. */
  remove(id: string, signal: AbortSignal): Promise<void>;
  /** Kills everything of every session, and the launcher. Files stay. */
  close(): Promise<void>;
}

/** One session. What is asked of it is carried out inside of its namespaces, as its uid. */
export interface Sandbox {
  readonly id: string;
  readonly isolation: Isolation;
  /** Of sandboxes that several have open at once, and whose processes outlive who has started them. */
  readonly shared?: SharedProcesses | undefined;
  /** Starts a process. Rejects with `SessionError`. */
  spawn(spec: SpawnSpec, signal: AbortSignal): Promise<SandboxProcess>;
  /**
   * An operation on files, by name: `read`, `write`, `list`, `edit`, `search`, `pack`, `unpack`, … (`sandbox/python/files.py`).
   * Rejects with `SessionError`.
   */
  file(
    op: string,
    input: Readonly<Record<string, unknown>>,
    body: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly output: Record<string, unknown>; readonly body?: Uint8Array | undefined }>;
  usage(): Promise<
    {
      readonly cpuMs: number;
      readonly memoryBytes: number;
      readonly diskBytes: number;
      readonly processes: number;
    }
  >;
  /** Kills all processes. Its directories stay until `SandboxHost.remove`. */
  close(): Promise<void>;
}

export interface SpawnSpec {
  /** Program and arguments; the program is looked up in the session's `PATH`. */
  readonly argv: readonly string[];
  /** Below the session's directory. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Called as output comes, in order; waiting for it slows the process down. */
  readonly onOutput: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
  /** So many bytes before the next output are lost: more was written than is kept, while nobody could take it. */
  readonly onLost?: ((stream: "stdout" | "stderr", bytes: number) => void) | undefined;
  /**
   * Where processes are shared: how others are told of it, and after how long it is ended (0: never). Absent: it is not
   * shared, and has no number.
   */
  readonly shared?: { readonly command: string; readonly timeoutMs: number } | undefined;
}

/** What others have started in a sandbox, and what was started before this process began. */
export interface SharedProcesses {
  /** What is known here is what is known in the sandbox, but for what is on its way. */
  readonly isCurrent: boolean;
  /** Highest number that a process ever had. */
  readonly last: number;
  /** Those up to this number were before the workspace was started anew, and have ended with it. */
  readonly before: number;
  /** Calls `found` once for each process that was not started by this object. To be called once, before anything else. */
  follow(found: (process: FoundProcess) => Pick<SpawnSpec, "onOutput" | "onLost">): void;
  /** Resolves when all that was known in the sandbox at the call is known here. Rejects with `SessionError`. */
  refresh(signal: AbortSignal): Promise<void>;
}

export interface FoundProcess extends SandboxProcess {
  readonly number: number;
  readonly command: string;
  /** Milliseconds since its start. */
  readonly ageMs: number;
  /** Nothing can be written to it. */
  readonly inputIsClosed: boolean;
}

export interface SandboxExit {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** `timeout`: of those that are shared. */
  readonly limit?: "cpu" | "memory" | "disk" | "processes" | "timeout" | undefined;
  /** Milliseconds that it took, where that is known there. */
  readonly durationMs?: number | undefined;
}

export interface SandboxProcess {
  /** Of those that are shared: never another's. */
  readonly number?: number | undefined;
  /** All output was told before it resolves. Never rejects: where the sandbox ended, it says SIGKILL. */
  readonly exited: Promise<SandboxExit>;
  /** Waits until the process takes it. Rejects with `SessionError` where it is over or has closed its input. */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  closeInput(): void;
  /** To the process group. */
  kill(signal: string): void;
}
