/** Which workers are there, as all coordinators on the store know together. */
import { beganBefore } from "../incarnation.ts";
import type { WorkerConnection } from "../link.ts";
import type { WorkerProcess } from "../store/types.ts";
import type { SessionRecord } from "../types.ts";
import { WORKSPACES_WORKER } from "../wire/worker_ids.ts";
import type { Core } from "./core.ts";

/**
 * Where a worker's process is. `here`: registered at this coordinator. `elsewhere`: another one has heard it, and it may be
 * here in a moment. `silent`: nobody has heard it, and it may yet come. `gone`: for good. `unknown`: nobody can say now.
 */
export type Whereabouts = "here" | "elsewhere" | "silent" | "gone" | "unknown";

/**
 * Rounds without a failure, before what others have not said counts: after the store was away, each coordinator needs one to
 * say again what it hears.
 */
const STEADY_ROUNDS = 3;
/** Nobody is called so: to look whether the store answers. */
const NOBODY: WorkerProcess = { id: "nobody", incarnation: "" };

export class Presence {
  /** What was told of each worker last: when it was heard. */
  #told = new WeakMap<WorkerConnection, number>();
  #steadySince: number | undefined;
  #cancelTimer = () => {};
  /** Called after each round. */
  afterRound: () => void = () => {};

  constructor(private readonly core: Core) {
    if (core.sightings !== undefined) this.#arm();
  }

  close(): void {
    this.#cancelTimer();
  }

  #arm(): void {
    const { background, clock, settings } = this.core;
    this.#cancelTimer = clock.setTimer(() => {
      void background.run(
        "other coordinators are told which workers are heard",
        (signal) => this.tell(signal),
      )
        .then(() => {
          if (background.signal.aborted) return;
          this.afterRound();
          this.#arm();
        });
    }, settings.sightingEveryMs);
  }

  /** Tells the others which workers were heard since it did so last. */
  async tell(signal: AbortSignal): Promise<void> {
    const { clock, registry, settings, sightings } = this.core;
    if (sightings === undefined) return;
    const heard = registry.list().map(({ worker }) => ({ worker, at: worker.lastHeardAt })).filter((
      { worker, at },
    ) => worker.id !== WORKSPACES_WORKER && this.#told.get(worker) !== at);
    try {
      if (heard.length === 0) await sightings.isHeard(NOBODY, signal);
      else {
        await sightings.heard(heard.map(({ worker }) => processOf(worker)), settings.workerTimeoutMs, signal);
      }
    } catch (error) {
      // What was told may be forgotten by the time the store is back.
      this.#told = new WeakMap();
      this.#steadySince = undefined;
      throw error;
    }
    for (const { worker, at } of heard) this.#told.set(worker, at);
    this.#steadySince ??= clock.now();
  }

  /** Its process is over: no coordinator is to wait for it. */
  async over(worker: WorkerConnection, signal: AbortSignal): Promise<void> {
    if (worker.id !== WORKSPACES_WORKER) await this.core.sightings?.gone(processOf(worker), signal);
  }

  /** Where the process is that has a session. Rejects where the store is away: then nobody can say. */
  async where(
    { workerId: id, incarnation }: Pick<SessionRecord, "workerId" | "incarnation">,
    signal: AbortSignal,
  ): Promise<Whereabouts> {
    const { registry, sightings, settings } = this.core;
    if (registry.find(id, incarnation) !== undefined) return "here";
    const isGoneHere = registry.isGone(id, incarnation);
    if (sightings === undefined) return isGoneHere ? "gone" : "silent";
    // One that has been moved nowhere yet is at no process at all.
    if (incarnation === "" || registry.isOver(incarnation)) return "gone";
    const other = registry.find(id);
    if (other !== undefined && beganBefore(incarnation, other.hello.incarnation)) return "gone";
    if (await sightings.isHeard({ id, incarnation }, signal)) return "elsewhere";
    const steadyMs = this.#steadyMs();
    if (steadyMs < STEADY_ROUNDS * settings.sightingEveryMs) return "unknown";
    return isGoneHere || steadyMs >= settings.workerTimeoutMs ? "gone" : "silent";
  }

  #steadyMs(): number {
    return this.#steadySince === undefined ? -1 : this.core.clock.now() - this.#steadySince;
  }
}

function processOf({ id, hello: { incarnation } }: WorkerConnection): WorkerProcess {
  return { id, incarnation };
}
