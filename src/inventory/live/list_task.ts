/** One list that is asked for again and again: how it goes, and when it is due again. */
import { CoderError } from "../../coder/mod.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Listed as ListKind, Pace } from "./pace.ts";
import { leastMs } from "./pace.ts";
import type { Listed } from "./lists.ts";
import type { Task } from "./rounds.ts";
import type { ListState } from "./types.ts";

/** A list that was taken. */
export interface SureList extends Listed {
  /** Whether all that follows from it is sure, too. */
  readonly isSure: boolean;
}

export interface ListTaskOptions {
  readonly name: ListKind;
  readonly pace: Pace;
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallTime: () => number;
  readonly log: Logger;
  /** Asks, and takes what comes. */
  list(signal: AbortSignal): Promise<SureList>;
  /** Called after a list that is complete and sure. */
  completed(): void;
  /** Called for every failure, before it is reported. */
  failed(error: unknown): void;
  readonly isBuilding: () => boolean;
  /** Something else that may take a turn of the list while all is well. Returns whether it did. */
  readonly instead?: (signal: AbortSignal) => Promise<boolean>;
}

/** As the log calls what is listed. */
const NOUNS: Readonly<Record<ListKind, string>> = {
  workspaces: "workspaces",
  templates: "templates",
  deprecated: "deprecated templates",
  jobs: "jobs",
};

/** After the first list, the second one comes soon: what replicas say of their time is the sooner true. */
const SECOND_MS = 2_000;
const UNSURE_MS = 5_000;

export class ListTask implements Task {
  readonly #options: ListTaskOptions;
  #state: ListState = {};
  #problems = "";
  #endedAt = -Infinity;
  #tookMs = 0;

  constructor(options: ListTaskOptions) {
    this.#options = options;
  }

  get name(): ListKind {
    return this.#options.name;
  }

  get state(): ListState {
    return this.#state;
  }

  /** How long Coder is to be left alone after the last list, from now on, in milliseconds. */
  get restMs(): number {
    return Math.max(0, this.#endedAt + leastMs(this.name, this.#tookMs) - this.#options.now());
  }

  async run(signal: AbortSignal): Promise<number> {
    const { name, pace, now, wallTime, list, completed, isBuilding, instead } = this.#options;
    const { completeAt, trouble } = this.#state;
    if (completeAt !== undefined && trouble === undefined && await instead?.(signal)) {
      return signal.aborted ? 0 : pace.afterList(name, this.#tookMs, isBuilding());
    }
    const wallSentAt = wallTime();
    try {
      const listed = await list(signal);
      this.#endedAt = now();
      this.#tookMs = listed.tookMs;
      this.#told(listed.problems);
      this.#recovered();
      const nextMs = pace.afterList(name, this.#tookMs, isBuilding());
      if (!listed.isSure) return Math.max(UNSURE_MS, this.restMs);
      const isFirst = this.#state.completeAt === undefined;
      this.#state = { completeAt: wallSentAt };
      completed();
      return isFirst ? Math.min(nextMs, Math.max(SECOND_MS, this.restMs)) : nextMs;
    } catch (error) {
      this.#endedAt = now();
      if (signal.aborted) return 0;
      return this.#failed(error);
    }
  }

  #failed(error: unknown): number {
    const { name, pace, wallTime, log, failed } = this.#options;
    const { trouble, completeAt } = this.#state;
    const failures = (trouble?.failures ?? 0) + 1;
    const since = trouble?.since ?? wallTime();
    this.#state = { completeAt, trouble: { error, failures, since } };
    failed(error);
    if (trouble === undefined || !isSameTrouble(trouble.error, error)) {
      log.warn(`the ${NOUNS[name]} of a Coder cannot be listed; what is known stays`, { error });
    }
    return pace.afterFailure(failures, error instanceof CoderError ? error.retryAfterMs : 0);
  }

  #recovered(): void {
    const { trouble, completeAt } = this.#state;
    if (trouble === undefined) return;
    const { failures } = trouble;
    this.#options.log.info(`the ${NOUNS[this.name]} of a Coder can be listed again`, { failures });
    this.#state = { completeAt };
  }

  /** Records that cannot be read: said once, and again when they are others. */
  #told(problems: readonly string[]): void {
    const text = problems.slice(0, 20).join("\n");
    if (text !== "" && text !== this.#problems) {
      const { length: count } = problems;
      this.#options.log.warn(`${NOUNS[this.name]} of a Coder that cannot be read are left out`, {
        count,
        problems: problems.slice(0, 20),
      });
    }
    this.#problems = text;
  }
}

/** Whether a failure is of the same kind as the one before, which is on record already. */
function isSameTrouble(before: unknown, now: unknown): boolean {
  if (before instanceof CoderError && now instanceof CoderError) return before.kind === now.kind;
  return before instanceof Error && now instanceof Error && before.message === now.message;
}
