/** What the commands of sandbox sessions reach out to; tests put their own in its place. */
import type { StartNotes } from "../../app/process.ts";
import type { CoordinatorConfig, WorkerConfig } from "../../app/sandbox/config.ts";
import type { Machine } from "./machine.ts";

/** A worker of that name, or the one of a Coder workspace. */
export type WorkerTokenFor =
  | { readonly workerId: string }
  | { readonly binding: { readonly workspaceId: string; readonly ownerId: string } };

/** A token to be made. */
export interface WorkerTokenRequest {
  /** What the key file holds. */
  readonly keys: string;
  readonly whom: WorkerTokenFor;
  readonly ttlMs: number;
}

export interface SandboxSurroundings {
  readonly machine: () => Promise<Machine>;
  /** Runs it until it ends; resolves to the exit code. */
  readonly runCoordinator: (config: CoordinatorConfig, notes: StartNotes) => Promise<number>;
  readonly runWorker: (config: WorkerConfig, notes: StartNotes) => Promise<number>;
  /** The token, or why there is none. */
  readonly workerToken: (
    request: WorkerTokenRequest,
  ) => Promise<{ readonly token: string } | { readonly refusal: string }>;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
