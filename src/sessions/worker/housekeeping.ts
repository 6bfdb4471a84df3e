/** What a worker does beside tasks: removes what earlier processes have left, and watches disk and memory. */
import { statfs } from "node:fs/promises";
import { type Clock, sleep } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { SandboxHost } from "../sandbox/types.ts";
import { SessionError } from "../types.ts";
import type { SessionTable } from "./session_table.ts";

export interface HousekeepingOptions {
  readonly host: Pick<SandboxHost, "leftovers">;
  /** Whose disk is watched. @default {none is} */
  readonly directory?: string | undefined;
  readonly diskReserveBytes?: number | undefined;
  readonly isShared?: boolean | undefined;
  readonly log: Logger;
  readonly clock: Clock;
  /** Bytes that are free in a directory. */
  readonly freeDisk?: ((directory: string) => Promise<number>) | undefined;
}

const STANDARD_RESERVE = 512 * 2 ** 20;
const LOOK_MS = 15_000;
const REMOVE_MS = 120_000;

export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #sessions: SessionTable;
  #ended: Promise<unknown> = Promise.resolve();
  #freeDisk: number | undefined;
  #memoryBytes = 0;
  #isShort = false;

  constructor(options: HousekeepingOptions, sessions: SessionTable) {
    this.#options = options;
    this.#sessions = sessions;
  }

  /** Goes on until `signal` aborts. */
  begin(signal: AbortSignal): void {
    this.#ended = Promise.all([this.#removeLeftovers(signal), this.#watch(signal)]);
  }

  /** Resolves once it has ended. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  /** By the last look; 0 before the first. */
  get freeDiskBytes(): number {
    return this.#freeDisk ?? 0;
  }

  /** Of processes of sessions, by the last look. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** @throws {SessionError} `no_capacity` where the disk is too full for another session */
  admit(): void {
    const reserve = this.#options.diskReserveBytes ?? STANDARD_RESERVE;
    if (this.#freeDisk === undefined || this.#freeDisk >= reserve) return;
    throw new SessionError(
      "no_capacity",
      `this worker has ${this.#freeDisk} bytes of disk left in ${this.#options.directory}, and takes no new session ` +
        `below ${reserve}: close sessions, or give it more disk`,
    );
  }

  async #removeLeftovers(signal: AbortSignal): Promise<void> {
    const { host, isShared, log } = this.#options;
    // On storage that workers share they may be sessions of others.
    if (isShared) return;
    let removed = 0;
    try {
      for (const id of await host.leftovers()) {
        if (signal.aborted) break;
        try {
          const within = AbortSignal.any([signal, AbortSignal.timeout(REMOVE_MS)]);
          if (await this.#sessions.removeLeftover(id, within)) removed++;
        } catch (error) {
          if (!signal.aborted) {
            log.warn("files of an earlier session could not be removed", { session_id: id, error });
          }
        }
      }
    } catch (error) {
      if (!signal.aborted) log.warn("it is not known what earlier sessions have left", { error });
    }
    if (removed > 0) log.info("files of earlier sessions were removed", { sessions: removed });
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#lookAtDisk();
      await this.#lookAtSessions(signal);
      await sleep(LOOK_MS, signal, this.#options.clock);
    }
  }

  async #lookAtDisk(): Promise<void> {
    const { directory, log, freeDisk = freeBytes, diskReserveBytes = STANDARD_RESERVE } = this.#options;
    if (directory === undefined) return;
    try {
      this.#freeDisk = await freeDisk(directory);
    } catch (error) {
      log.warn("free disk could not be found out", { directory, error });
      return;
    }
    const isShort = this.#freeDisk < diskReserveBytes;
    if (isShort && !this.#isShort) {
      log.warn("the disk is nearly full: new sessions are refused", {
        directory,
        free_bytes: this.#freeDisk,
        reserve_bytes: diskReserveBytes,
      });
    } else if (!isShort && this.#isShort) log.info("there is disk for new sessions again", { directory });
    this.#isShort = isShort;
  }

  async #lookAtSessions(signal: AbortSignal): Promise<void> {
    let sum = 0;
    for (const { sandbox, processes } of this.#sessions.list()) {
      if (signal.aborted) return;
      processes.prune();
      // Those elsewhere are not asked for nobody's sake.
      if (processes.running === 0 || this.#options.directory === undefined) continue;
      // It may be closed meanwhile.
      sum += (await sandbox.usage().catch(() => undefined))?.memoryBytes ?? 0;
    }
    this.#memoryBytes = sum;
  }
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
