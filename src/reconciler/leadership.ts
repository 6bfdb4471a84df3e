/** Takes part in leader elections, and works only while leading. */
import { type Clock, settlesWithin, sleep } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";

/** What a candidate is told. */
export interface ElectionCallbacks {
  /** Ends the candidacy. While leading, the Lease is released before `run` resolves. */
  signal: AbortSignal;
  /** This replica leads from now on, until `signal` aborts (at the latest before another one can take the Lease). */
  onStartedLeading(signal: AbortSignal): void;
  onStoppedLeading(): void;
  /** Another identity (or this one) holds the Lease. */
  onNewLeader(identity: string): void;
}

/** An election by Lease. */
export interface LeaderElection {
  /**
   * One candidacy: waits for the Lease, holds it, and resolves when leadership is lost or `signal` has aborted. May be
   * called again then.
   */
  run(callbacks: ElectionCallbacks): Promise<void>;
}

/** For a process that is alone: it leads from the start and never loses. */
export const noElection: LeaderElection = {
  run({ signal, onStartedLeading }) {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
      onStartedLeading(new AbortController().signal);
    });
  },
};

/** Work did not end when it was told to: going on would risk two writers. The process must exit. */
export class StuckWorkError extends Error {
  override readonly name = "StuckWorkError";
}

export interface LeadOptions {
  election: LeaderElection;
  /**
   * Does the leader's work until its signal aborts (leadership is lost: stop at once) or until it is told otherwise to
   * end (drain). Resolves when nothing is in hand any more.
   */
  work: (leading: AbortSignal) => Promise<void>;
  /** The process ends: no new candidacy; while leading, the Lease is kept until `work` has ended. */
  drain: AbortSignal;
  /** Resolves when the drain has taken too long: the Lease is left to expire. */
  drainOverdue: Promise<void>;
  /** How long work may go on after leadership was lost before this replica gives up. @default {10_000} */
  lossGraceMs?: number;
  /** The pause before the next candidacy after one that failed. @default {5_000} */
  retryMs?: number;
  log: Logger;
  clock: Clock;
}

/**
 * Stands for election again and again until the drain. After a loss it does not stand again before the work in hand
 * has ended.
 *
 * @throws {StuckWorkError} where work does not end in time
 */
export async function takePart(options: LeadOptions): Promise<void> {
  const { drain, log, clock, retryMs = 5_000 } = options;
  while (!drain.aborted) {
    try {
      await candidacy(options);
    } catch (error) {
      if (error instanceof StuckWorkError) throw error;
      log.error("the leader election failed, standing again", { error, againInMs: retryMs });
      await sleep(retryMs, drain, clock);
    }
  }
}

async function candidacy(options: LeadOptions): Promise<void> {
  const { election, work, drain, drainOverdue, lossGraceMs = 10_000, log, clock } = options;
  const end = new AbortController();
  let working: Promise<void> | undefined;
  const standDown = () => {
    if (working === undefined) end.abort();
  };
  drain.addEventListener("abort", standDown, { once: true });
  try {
    const ended = election.run({
      signal: end.signal,
      onStartedLeading(leading) {
        log.info("leading");
        working = work(leading).finally(() => end.abort());
        // Its outcome is looked at below.
        working.catch(() => {});
      },
      onStoppedLeading: () => log.info("not leading any more"),
      onNewLeader: (identity) => log.info("leader", { identity }),
    });
    const outcome = await Promise.race([
      ended.then(
        () => ({ kind: "ended" as const }),
        (error: unknown) => ({ kind: "failed" as const, error }),
      ),
      drainOverdue.then(() => ({ kind: "overdue" as const })),
    ]);
    if (outcome.kind === "overdue") {
      throw new StuckWorkError(
        "Work in hand did not end within the drain time; the Lease is left to expire.",
      );
    }
    // Also where the election failed: the next candidacy must not begin with work of this one in hand.
    if (working !== undefined && !await settlesWithin(working, lossGraceMs, clock)) {
      throw new StuckWorkError(
        `Leadership was lost, and work in hand did not end within ${
          lossGraceMs / 1000
        } s. The process must exit.`,
      );
    }
    if (outcome.kind === "failed") throw outcome.error;
    await working;
  } finally {
    drain.removeEventListener("abort", standDown);
  }
}
