/** What all of the coordinator's parts work with. */
import type { Clock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { WorkerRegistry } from "../registry/registry.ts";
import type { BlobStore, SessionStore, WorkerSightings } from "../store/types.ts";
import { SessionError } from "../types.ts";
import type { WorkspaceDoor } from "../workspaces/types.ts";
import { within } from "./deadline.ts";
import type { Meters } from "./meters.ts";
import type { SessionSettings } from "./settings.ts";

export interface Core {
  readonly store: SessionStore;
  readonly blobs: BlobStore;
  readonly registry: WorkerRegistry;
  /** Absent: this coordinator is the only one, and its store ends with it. */
  readonly sightings: WorkerSightings | undefined;
  /** Absent: there are no sessions in Coder workspaces here. */
  readonly workspaces: WorkspaceDoor | undefined;
  readonly settings: SessionSettings;
  readonly log: Logger;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly meters: Meters;
  readonly background: Background;
}

/** What nobody waits for, as long as the coordinator lives: each has a deadline, and what fails is logged. */
export class Background {
  readonly #running = new Set<Promise<void>>();
  readonly #life = new AbortController();

  constructor(
    private readonly options: { readonly clock: Clock; readonly log: Logger; readonly timeoutMs: number },
  ) {}

  /** Aborts when the coordinator closes. */
  get signal(): AbortSignal {
    return this.#life.signal;
  }

  /** Starts something. What is answered never rejects. */
  run(what: string, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const { clock, log, timeoutMs } = this.options;
    if (this.signal.aborted) return Promise.resolve();
    const late = () => new SessionError("deadline", `${what}: not done within ${timeoutMs} ms`);
    const promise = within(clock, timeoutMs, this.signal, late, work).then(
      () => {},
      (error) => {
        if (!this.signal.aborted) log.warn(`${what}: this did not work`, { error });
      },
    ).finally(() => this.#running.delete(promise));
    this.#running.add(promise);
    return promise;
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Ends all. */
  async close(): Promise<void> {
    this.#life.abort(new SessionError("unavailable", "the coordinator is shutting down: try again"));
    await this.idle();
  }
}
