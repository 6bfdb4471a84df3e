/** Starts everything in order, keeps it running, and ends it in order. */
import { keyText } from "../api/object.ts";
import type { SharedCache } from "../kube/informer.ts";
import { type Clock, settlesWithin, systemClock, whenAborted } from "../telemetry/clock.ts";
import type { Health } from "../telemetry/health.ts";
import { type Logger, silentLogger } from "../telemetry/logger.ts";
import type { Controller, RunSignals } from "./controller.ts";
import { type LeaderElection, noElection, takePart } from "./leadership.ts";
import { addManagerChecks } from "./manager_checks.ts";
import { type Phase, type Runnable, RunnableGroup } from "./runnable.ts";

export interface ManagerOptions {
  cache: SharedCache;
  /** They work while this replica leads. */
  controllers?: readonly Controller[];
  runnables?: readonly Runnable[];
  /** Absent: this replica always leads. */
  election?: LeaderElection;
  /** Gets the checks `caches` and `workers` (readiness) and `reconcilers` (liveness), and is told of the drain. */
  health?: Health;
  /** Run at the end, when nothing writes any more: sends out what is buffered (events). */
  flush?: readonly { name: string; run(signal: AbortSignal): Promise<void> }[];
  /** How long passes in hand may go on after the stop. @default {30_000} */
  drainMs?: number;
  /** How long after that, told to stop at once, they may take before the process gives up. @default {5_000} */
  abortGraceMs?: number;
  /** How long passes may go on after leadership was lost, told to stop at once. @default {10_000} */
  lossGraceMs?: number;
  /**
   * How long flushing, and the end of each group of runnables, may take; those of the phase `synced`, which are told to
   * stop when the end begins, may take as long as passes. @default {5_000}
   */
  closeMs?: number;
  /** @default {silentLogger} */
  log?: Logger;
  clock?: Clock;
}

/** Where the manager is. `standby`: caches are kept, another replica leads. */
export type ManagerState = "new" | "syncing" | "standby" | "leading" | "draining" | "stopped";

export interface Manager {
  readonly state: ManagerState;
  /**
   * Runs until `signal` aborts, then ends in order: readiness red, no new passes, passes in hand finish (bounded),
   * the Lease released, buffers flushed, servers closed. Rejects where something failed that the process cannot go on
   * without; the process must exit then. Once only.
   */
  run(signal: AbortSignal): Promise<void>;
}

export function createManager(options: ManagerOptions): Manager {
  return new ProcessManager(options);
}

class ProcessManager implements Manager {
  readonly #options: ManagerOptions;
  readonly #controllers: readonly Controller[];
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #closeMs: number;
  /** Aborts when the end begins. */
  readonly #drain = new AbortController();
  /** Aborts when passes in hand have had their time. */
  readonly #force = new AbortController();
  readonly #overdue = Promise.withResolvers<void>();
  #cancelDrain = () => {};
  #failure: Error | undefined;
  #state: ManagerState = "new";

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#controllers = options.controllers ?? [];
    this.#log = options.log ?? silentLogger;
    this.#clock = options.clock ?? systemClock;
    this.#closeMs = options.closeMs ?? 5_000;
    if (options.health !== undefined) {
      addManagerChecks(options.health, {
        cache: options.cache,
        controllers: this.#controllers,
        manager: this,
      });
    }
  }

  get state(): ManagerState {
    return this.#state;
  }

  async run(signal: AbortSignal): Promise<void> {
    if (this.#state !== "new") throw new Error("A manager runs once. Make another one.");
    this.#state = "syncing";
    const begin = () => this.#beginDrain();
    signal.addEventListener("abort", begin, { once: true });
    if (signal.aborted) begin();

    const caches = new AbortController();
    const serving = this.#group("serving");
    const synced = this.#group("synced");
    // Servers hand over while passes in hand finish.
    this.#drain.signal.addEventListener("abort", () => void synced.stop(), { once: true });
    try {
      serving.start();
      this.#options.cache.start(caches.signal);
      if (await this.#cachesSynced()) {
        synced.start();
        await this.#takePart();
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
    await this.#close(synced, this.#options.drainMs ?? 30_000);
    await this.#flush();
    caches.abort();
    await this.#close(serving);
    this.#cancelDrain();
    signal.removeEventListener("abort", begin);
    this.#state = "stopped";
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #cachesSynced(): Promise<boolean> {
    const { cache } = this.#options;
    const startedAt = this.#clock.now();
    let cancel = () => {};
    const remind = () => {
      cancel = this.#clock.setTimer(() => {
        this.#log.warn("waiting for caches to sync", { troubles: cache.troubles() });
        remind();
      }, 10_000);
    };
    remind();
    try {
      await cache.whenSynced(this.#drain.signal);
      this.#log.info("caches synced", { ms: Math.round(this.#clock.now() - startedAt) });
      return !this.#drain.signal.aborted;
    } catch (error) {
      if (this.#drain.signal.aborted) return false;
      throw error;
    } finally {
      cancel();
    }
  }

  async #takePart(): Promise<void> {
    const { election = noElection, lossGraceMs } = this.#options;
    if (!this.#drain.signal.aborted) this.#state = "standby";
    await takePart({
      election,
      work: (leading) => this.#work(leading),
      drain: this.#drain.signal,
      drainOverdue: this.#overdue.promise,
      ...(lossGraceMs === undefined ? {} : { lossGraceMs }),
      log: this.#log,
      clock: this.#clock,
    });
  }

  /** Everything that only the leader does. Never rejects. */
  async #work(leading: AbortSignal): Promise<void> {
    const stop = this.#drain.signal;
    const abort = AbortSignal.any([leading, this.#force.signal]);
    const ending = AbortSignal.any([stop, abort]);
    if (ending.aborted) return;
    this.#state = "leading";
    const runnables = this.#group("leading");
    runnables.start();
    await Promise.all([
      ...this.#controllers.map((controller) => this.#control(controller, { stop, abort })),
      whenAborted(ending).then(() => runnables.stop()),
    ]);
    if (!stop.aborted) this.#state = "standby";
  }

  async #control(controller: Controller, signals: RunSignals): Promise<void> {
    try {
      await controller.run(signals);
    } catch (cause) {
      this.#fail(new Error(`Controller ${controller.name} failed.`, { cause }));
    }
  }

  #beginDrain(): void {
    if (this.#drain.signal.aborted) return;
    const { health, drainMs = 30_000, abortGraceMs = 5_000 } = this.#options;
    this.#state = "draining";
    health?.startDraining();
    this.#log.info("shutting down", { inHand: this.#inHand().length });
    this.#cancelDrain = this.#clock.setTimer(() => {
      this.#log.warn("work in hand takes too long and is stopped", { drainMs, inHand: this.#inHand() });
      this.#force.abort(new Error(`The drain time of ${drainMs / 1000} s is over.`));
      this.#cancelDrain = this.#clock.setTimer(() => this.#overdue.resolve(), abortGraceMs);
    }, drainMs);
    this.#drain.abort(new Error("The process is shutting down."));
  }

  /** Keeps the first failure and begins the end. */
  #fail(error: Error): void {
    if (this.#failure === undefined) this.#failure = error;
    this.#log.error("the process has to end", {
      error,
      ...(this.#inHand().length > 0 ? { inHand: this.#inHand() } : {}),
    });
    this.#beginDrain();
  }

  #inHand(): string[] {
    return this.#controllers.flatMap((controller) =>
      controller.inHand().map(({ key }) => `${controller.name} ${keyText(key)}`)
    );
  }

  #group(phase: Phase): RunnableGroup {
    const runnables = (this.#options.runnables ?? []).filter((runnable) => runnable.phase === phase);
    return new RunnableGroup(runnables, this.#log, (error) => this.#fail(error));
  }

  async #flush(): Promise<void> {
    await Promise.all((this.#options.flush ?? []).map(async ({ name, run }) => {
      const late = new AbortController();
      const cancel = this.#clock.setTimer(
        () => late.abort(new Error(`${name} did not end within ${this.#closeMs / 1000} s.`)),
        this.#closeMs,
      );
      try {
        await Promise.race([
          run(late.signal),
          whenAborted(late.signal).then(() => late.signal.throwIfAborted()),
        ]);
      } catch (error) {
        this.#log.warn("not everything could be sent before the end", { flush: name, error });
      } finally {
        cancel();
      }
    }));
  }

  async #close(group: RunnableGroup, withinMs = this.#closeMs): Promise<void> {
    if (await settlesWithin(group.stop(), Math.max(withinMs, this.#closeMs), this.#clock)) return;
    this.#log.warn("did not end in time and is left behind", { runnables: group.running() });
  }
}
