/** Takes part in leader elections, and works only while leading. */
import { type Clock, settlesWithin, sleep } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";

/** What a candidate is told. */
export interface ElectionCallbacks {
  /** Ends the candidacy. It aborts only when no work is in hand: a leader releases the Lease at once. */
  signal: AbortSignal;
  /**
   * This replica leads from now on, until `signal` aborts: at the latest before another one can take the Lease. The
   * promise resolves when no work is in hand any more; before that the candidate must not stand again.
   */
  onStartedLeading(signal: AbortSignal): Promise<void>;
  onStoppedLeading(): void;
  /** Another identity (or this one, or with the empty string nobody) holds the Lease. */
  onNewLeader(identity: string): void;
}

/**
 * An election by Lease: `{ run: (callbacks) => runLeaderElection({ client, namespace, ...callbacks }) }` from the kube
 * room is one.
 */
export interface LeaderElection {
  /**
   * Waits for the Lease and holds it. Resolves when `signal` has aborted, the Lease released; it may also resolve when
   * leadership was lost, and is called again then.
   */
  run(callbacks: ElectionCallbacks): Promise<void>;
}

/** For a process that is alone: it leads from the start and never loses. */
export const noElection: LeaderElection = {
  run({ signal, onStartedLeading }) {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
      onStartedLeading(new AbortController().signal).catch(reject);
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
   * end (drain). Resolves when nothing is in hand any more; never rejects.
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
  const lossOverdue = Promise.withResolvers<void>();
  let working: Promise<void> | undefined;
  const standDown = () => {
    if (working === undefined) end.abort();
  };
  const endsInTime = async () => {
    if (working !== undefined && !await settlesWithin(working, lossGraceMs, clock)) lossOverdue.resolve();
  };
  drain.addEventListener("abort", standDown, { once: true });
  try {
    const ended = election.run({
      signal: end.signal,
      onStartedLeading(leading) {
        log.debug("leading");
        working = work(leading).finally(() => end.abort());
        if (leading.aborted) endsInTime();
        else leading.addEventListener("abort", endsInTime, { once: true });
        return working;
      },
      onStoppedLeading: () => log.debug("not leading any more"),
      onNewLeader: (identity) => log.debug("leader", { identity }),
    });
    const outcome = await Promise.race([
      ended.then(
        () => ({ kind: "ended" as const }),
        (error: unknown) => ({ kind: "failed" as const, error }),
      ),
      drainOverdue.then(() => ({ kind: "drain overdue" as const })),
      lossOverdue.promise.then(() => ({ kind: "loss overdue" as const })),
    ]);
    if (outcome.kind === "drain overdue") {
      throw new StuckWorkError(
        "Work in hand did not end within the drain time; the Lease is left to expire.",
      );
    }
    // Also where the election failed: the next candidacy must not begin with work of this one in hand.
    if (
      outcome.kind === "loss overdue" ||
      working !== undefined && !await settlesWithin(working, lossGraceMs, clock)
    ) {
      throw new StuckWorkError(
        `Leadership was lost, and work in hand did not end within ${
          lossGraceMs / 1000
        } s. The process must exit.`,
      );
    }
    if (outcome.kind === "failed") throw outcome.error;
  } finally {
    drain.removeEventListener("abort", standDown);
  }
}
