/** Goes on with wishes that are kept. Every replica may: what one has begun, another ends. */
import { isUnderWay } from "../../inventory/mod.ts";
import { type Clock, sleep, systemClock } from "../../telemetry/clock.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { carryOut, NotCarriedOut, type Progress } from "./carry_out.ts";
import { adopt, find, isBeingMade } from "./create.ts";
import type { Turns } from "./turns.ts";
import type { StoredWish } from "./store.ts";
import { keyOf, type WishRecord, wishRecordSchema } from "./types.ts";
import { wishWords, wordsFor } from "./words.ts";
import { type ActionWorld, Session } from "./world.ts";

/**
 * Hears of a wish that Coder refuses for good, before it is dropped: whoever wished it has long been answered. What it
 * rejects with is logged.
 */
export type OnRefused = (record: WishRecord, message: string, signal: AbortSignal) => Promise<void> | void;

export interface KeeperOptions {
  readonly world: ActionWorld;
  /** Shared with the actions of this process. */
  readonly turns: Turns;
  /** Monotonic. @default {the machine's} */
  readonly clock?: Clock | undefined;
  readonly log?: Logger | undefined;
  /** Time between two looks at what is kept, in milliseconds. @default {1_000} */
  readonly everyMs?: number | undefined;
  /** However quiet the copy is: Coder is asked at least so often, in milliseconds. @default {60_000} */
  readonly askMs?: number | undefined;
  readonly onRefused?: OnRefused | undefined;
}

export class Keeper {
  readonly #options: KeeperOptions;
  /** Builds that are waited for, by the key of the wish. */
  readonly #waiting = new Map<string, { build: string; until: number }>();
  #wake = new AbortController();

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Something has changed: looks at once. */
  wake(): void {
    this.#wake.abort();
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock = systemClock, everyMs = 1_000 } = this.#options;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const woken = this.#wake.signal;
      await this.round(signal);
      await sleep(everyMs, AbortSignal.any([signal, woken]), clock);
    }
  }

  /** Goes on with every wish as far as can be gone now; how many are left. Never rejects. */
  async round(signal: AbortSignal): Promise<number> {
    const { world, turns, log = silentLogger } = this.#options;
    let left = 0;
    try {
      const all = await world.store.list(signal);
      const keys = new Set(all.map(({ key }) => key));
      for (const key of this.#waiting.keys()) if (!keys.has(key)) this.#waiting.delete(key);
      for (const { key } of all) {
        if (signal.aborted) return left;
        if (await turns.take(key, () => this.#goOn(key, signal), signal)) left++;
      }
    } catch (error) {
      if (!signal.aborted) log.warn("wishes for workspaces cannot be looked at", { error });
    }
    return left;
  }

  /** Whether it is still kept. */
  async #goOn(key: string, signal: AbortSignal): Promise<boolean> {
    const { world, log = silentLogger } = this.#options;
    if (this.#isWaiting(key)) return true;
    const session = new Session(world, signal);
    const stored = await world.store.read(key, signal);
    if (stored === undefined) return false;
    const parsed = wishRecordSchema.safeParse(stored.record);
    if (!parsed.success) {
      log.warn("a wish for a workspace cannot be read, and is dropped", { key });
      await world.store.remove(key, stored.version, signal);
      return false;
    }
    try {
      const progress = await this.#progress(session, stored);
      if (progress === undefined) return true;
      this.#keepWaiting(key, progress);
      if (progress.outcome !== undefined || progress.built.length > 0) {
        this.#tell(session, stored, progress.outcome === undefined ? "accepted" : "done", wordsFor(progress));
      }
      return progress.outcome === undefined;
    } catch (error) {
      if (error instanceof NotCarriedOut && !error.isTransient) {
        // Nothing helps but another wish.
        const message = error.cause instanceof Error ? error.cause.message : String(error.cause);
        await this.#refused(stored, message, signal);
        await world.store.remove(key, (await world.store.read(key, signal))?.version ?? "", signal);
        this.#tell(session, stored, "refused", message);
        return false;
      }
      log.debug("a wish for a workspace has to wait", { key, error });
      return true;
    }
  }

  async #refused({ record, key }: StoredWish, message: string, signal: AbortSignal): Promise<void> {
    const { onRefused, log = silentLogger } = this.#options;
    try {
      await onRefused?.(record, message, signal);
    } catch (error) {
      if (!signal.aborted) {
        log.warn("nobody can be told that a wish for a workspace was refused", { key, error });
      }
    }
  }

  /** Undefined: somebody else is at it. */
  async #progress(session: Session, stored: StoredWish): Promise<Progress | undefined> {
    const { world } = this.#options;
    const { record, key } = stored;
    if (record.workspace === undefined) return await this.#made(session, stored);
    const workspace = await session.look(record.workspace);
    if (workspace !== undefined && keyOf(workspace.owner_id, workspace.name) !== key) {
      // Whoever wishes something of it does so under its new name.
      await world.store.remove(key, stored.version, session.signal);
      return { workspace, outcome: "superseded", built: [] };
    }
    return await carryOut(session, key, record, stored, workspace);
  }

  /** It was to be made, and nobody has heard whether it was. */
  async #made(session: Session, stored: StoredWish): Promise<Progress | undefined> {
    const { world } = this.#options;
    const { record, key } = stored;
    if (isBeingMade(record, world.now())) return undefined;
    const workspace = await find(session, { id: record.owner }, record.name);
    if (workspace === undefined) {
      // Whoever asked was told that it failed.
      await world.store.remove(key, stored.version, session.signal);
      return { workspace, outcome: "gone", built: [] };
    }
    world.copy.observeWorkspace(workspace);
    const left = await adopt(session, stored, workspace);
    if (left === undefined) return { workspace, outcome: "done", built: [] };
    return await carryOut(session, key, left.record, left, workspace);
  }

  /** The build that it waits for is still active, as the copy has it. */
  #isWaiting(key: string): boolean {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined || this.#options.world.now() >= waiting.until) return false;
    const [id = "", build] = waiting.build.split(" ");
    const latest = this.#options.world.copy.workspace(id)?.latest_build;
    return latest?.id === build && isUnderWay(latest?.status ?? "");
  }

  #keepWaiting(key: string, { workspace, waiting }: Progress): void {
    const { world, askMs = 60_000 } = this.#options;
    if (waiting !== "BuildActive" || workspace === undefined) return void this.#waiting.delete(key);
    const build = `${workspace.id} ${workspace.latest_build.id}`;
    this.#waiting.set(key, { build, until: world.now() + askMs });
  }

  #tell(
    session: Session,
    { record }: StoredWish,
    result: "done" | "accepted" | "refused",
    message: string,
  ): void {
    const { world } = this.#options;
    world.audit.write({
      at: new Date(world.now()),
      by: record.wish.by,
      action: "continue wish",
      workspace: { id: record.workspace, owner: record.owner, name: record.name },
      changes: wishWords(record),
      calls: session.calls,
      result,
      message,
    });
  }
}
