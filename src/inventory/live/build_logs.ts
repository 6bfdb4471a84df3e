/** Logs of builds: each is read from Coder once for all who want it, and those of builds that are over are kept. */
import { isJobOver, isNotFound } from "../../coder/mod.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { Asks, type AsksOptions } from "./asks.ts";
import { BuildLog } from "./build_log.ts";
import type { CallLimits } from "./lists.ts";
import type { BuildLogReader, CopyClient } from "./types.ts";

type LogClient = Pick<CopyClient, "builds" | "templates">;

export interface BuildLogsOptions {
  readonly clock: Clock;
  /** The way to Coder. Rejects where it is known that Coder does not answer. */
  open(signal: AbortSignal): Promise<LogClient>;
  /** Of one request, in milliseconds. */
  readonly timeoutMs: number;
  /** How often logs are read. @default {120 a minute, 40 at once, none twice in 0.9 s} */
  readonly asks?: Omit<AsksOptions, "clock">;
  /** What is kept of all logs, in characters. @default {16_777_216} */
  readonly capacity?: number;
  /** What is kept of one log, in characters. @default {8_388_608} */
  readonly logCapacity?: number;
}

/** Which log. */
export interface LogSource {
  readonly kind: "build" | "version";
  readonly id: string;
  /** Whether the build is known to be over; undefined: nothing is known. @default nothing is known */
  readonly isKnownOver?: () => boolean | undefined;
}

/** Too many logs are read at a time: this one was not asked for. */
export class TooManyLogsError extends Error {
  override readonly name = "TooManyLogsError";
  constructor() {
    super("too many logs of builds are read from this Coder at a time");
  }
}

const MOST_LOGS = 256;
/** How often Coder is asked for the state of a build that is known to be under way, in milliseconds. */
const STATE_MS = 5_000;

interface Kept {
  readonly log: BuildLog;
  readonly question: string;
  /** When Coder was last asked whether the build is over. */
  stateAt: number;
}

export class BuildLogs {
  readonly #options: BuildLogsOptions;
  readonly #asks: Asks;
  /** By kind and id; the one that was not used for longest is first. */
  readonly #kept = new Map<string, Kept>();
  #made = 0;

  constructor(options: BuildLogsOptions) {
    this.#options = options;
    this.#asks = new Asks({
      perMinute: 120,
      burst: 40,
      rememberMs: 900,
      ...options.asks,
      clock: options.clock,
    });
  }

  /** Characters that are kept. */
  get size(): number {
    return this.#kept.values().reduce((sum, { log }) => sum + log.size, 0);
  }

  /** A reader of a log. Nothing is asked before it is refreshed. */
  of(source: LogSource): BuildLogReader {
    const kept = this.#keptOf(source);
    const { log } = kept;
    return {
      get lines() {
        return log.lines;
      },
      get isOver() {
        return log.isOver;
      },
      get isCut() {
        return log.isCut;
      },
      refresh: (signal) => this.#refresh(kept, source, signal),
    };
  }

  #keptOf({ kind, id }: LogSource): Kept {
    const key = `${kind} ${id}`;
    const kept = this.#kept.get(key) ?? {
      log: new BuildLog(this.#options.logCapacity),
      // Another log of the same build may still have its readers.
      question: String(this.#made++),
      stateAt: -Infinity,
    };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept;
  }

  async #refresh(kept: Kept, source: LogSource, signal: AbortSignal): Promise<void> {
    if (kept.log.isOver) return;
    const asked = await this.#asks.ask(kept.question, (own) => this.#update(kept, source, own), signal);
    if (asked === "spared") throw new TooManyLogsError();
    this.#makeRoom();
  }

  async #update(kept: Kept, source: LogSource, signal: AbortSignal): Promise<void> {
    const { log } = kept;
    const client = await this.#options.open(signal);
    const limits = { signal, timeoutMs: this.#options.timeoutMs };
    try {
      // What is over before the log is read has written all of it.
      let isOver = source.isKnownOver?.() === true;
      if (!isOver && kept.stateAt === -Infinity) isOver = await this.#isOver(kept, client, source, limits);
      const count = log.take(await linesOf(client, source, log.last, limits));
      if (!isOver && count === 0 && this.#isStateDue(kept, source)) {
        isOver = await this.#isOver(kept, client, source, limits);
        if (isOver) log.take(await linesOf(client, source, log.last, limits));
      }
      if (isOver) log.end();
    } catch (error) {
      // What was deleted meanwhile writes no more.
      if (!isNotFound(error) || kept.stateAt === -Infinity) throw error;
      log.end();
    }
  }

  #isStateDue({ stateAt }: Kept, { isKnownOver }: LogSource): boolean {
    return isKnownOver?.() !== false || this.#options.clock.now() - stateAt >= STATE_MS;
  }

  async #isOver(
    kept: Kept,
    { builds, templates }: LogClient,
    { kind, id }: LogSource,
    limits: CallLimits,
  ): Promise<boolean> {
    const { job } = kind === "build" ? await builds.get(id, limits) : await templates.version(id, limits);
    kept.stateAt = this.#options.clock.now();
    return isJobOver(job.status);
  }

  /** Those who read a log that is no longer kept go on reading it. */
  #makeRoom(): void {
    let size = this.size;
    for (const [key, { log }] of this.#kept) {
      if (size <= (this.#options.capacity ?? 16 << 20) && this.#kept.size <= MOST_LOGS) return;
      this.#kept.delete(key);
      size -= log.size;
    }
  }
}

async function linesOf(
  { builds }: LogClient,
  { kind, id }: LogSource,
  after: number | undefined,
  limits: CallLimits,
) {
  const { items } = kind === "build"
    ? await builds.log(id, { after }, limits)
    : await builds.versionLog(id, { after }, limits);
  return items;
}
