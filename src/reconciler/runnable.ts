/** What runs beside the controllers: servers, pollers, writers of events. */
import type { Logger } from "../telemetry/logger.ts";

/**
 * When something runs:
 * - `serving`: from the start to the very end (probes, metrics);
 * - `synced`: on every replica, once the caches have synced (API and MCP servers);
 * - `leading`: only while this replica leads.
 */
export type Phase = "serving" | "synced" | "leading";

/** Something that runs until it is told to stop. */
export interface Runnable {
  readonly name: string;
  readonly phase: Phase;
  /** Resolves once everything is ended after `signal` aborted. A rejection before that ends the whole process. */
  run(signal: AbortSignal): Promise<void>;
}

/** Starts and stops several runnables together. Once only. */
export class RunnableGroup {
  readonly #runnables: readonly Runnable[];
  readonly #log: Logger;
  readonly #onFailure: (error: Error) => void;
  readonly #stop = new AbortController();
  readonly #running = new Set<string>();
  #ended: Promise<unknown> = Promise.resolve();

  /** `onFailure` gets the first and every other failure of a runnable that was not told to stop. */
  constructor(runnables: readonly Runnable[], log: Logger, onFailure: (error: Error) => void) {
    this.#runnables = runnables;
    this.#log = log;
    this.#onFailure = onFailure;
  }

  start(): void {
    this.#ended = Promise.all(this.#runnables.map((runnable) => this.#run(runnable)));
  }

  /** Tells all to stop; resolves when they have. Never rejects. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  /** The names of those that have not ended. */
  running(): string[] {
    return [...this.#running];
  }

  async #run(runnable: Runnable): Promise<void> {
    const { name } = runnable;
    this.#running.add(name);
    try {
      this.#log.debug("starting", { runnable: name });
      await runnable.run(this.#stop.signal);
      this.#log.debug("ended", { runnable: name });
    } catch (cause) {
      if (this.#stop.signal.aborted) {
        this.#log.warn("failed while stopping", { runnable: name, error: cause });
      } else {this.#onFailure(
          new Error(`${name} failed, and the process cannot go on without it.`, { cause }),
        );}
    } finally {
      this.#running.delete(name);
    }
  }
}
