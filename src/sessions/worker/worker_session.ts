/** One session at its worker. */
import type { Sandbox } from "../sandbox/types.ts";
import { type Limits, SessionError } from "../types.ts";
import type { Process, Stream } from "./process.ts";
import { Processes } from "./processes.ts";

export interface WorkerSessionOptions {
  readonly sandbox: Sandbox;
  readonly limits: Limits;
  /** See `ProcessesOptions`. */
  readonly after?: number | undefined;
  readonly onOutput?: ((stream: Stream, bytes: number) => void) | undefined;
  readonly onEnd?: ((process: Process) => void) | undefined;
}

export class WorkerSession {
  readonly sandbox: Sandbox;
  readonly limits: Limits;
  readonly processes: Processes;
  readonly #ended = new AbortController();

  constructor(options: WorkerSessionOptions) {
    this.sandbox = options.sandbox;
    this.limits = options.limits;
    this.processes = new Processes(options);
  }

  get id(): string {
    return this.sandbox.id;
  }

  /** Aborts with a `SessionError` when the session is closed. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Ends its processes; calls that run are told. Its files stay. */
  async close(): Promise<void> {
    this.#ended.abort(new SessionError("session_ended", `session ${this.id} was closed`));
    await this.sandbox.close();
  }
}
