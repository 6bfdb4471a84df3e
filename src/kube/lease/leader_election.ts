/**
 * Leader election over a Lease, compatible with client-go's: the Go operator and this one never lead at once.
 *
 * Safety rests on two rules. A lease of somebody else has expired only when this process has watched it stay unchanged
 * for its whole duration on its own monotonic clock; what the other's clock says plays no part. And a leader that has
 * not renewed within the renew deadline, counted from the moment before its last successful request, has stopped
 * before anyone can take the lease.
 */
import type { Lease } from "../../api/kubernetes/types.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import type { KubeClient } from "../client.ts";
import { type Clock, systemClock } from "../clock.ts";
import { createLeaseHolder } from "./lease_holder.ts";
import { LEASE_NAME, newIdentity } from "./lease_names.ts";
import { whenAborted } from "../../telemetry/clock.ts";

/** Options of {@linkcode runLeaderElection}. */
export interface LeaderElectionOptions {
  /** A client with connections and a rate limit of its own: the lease must never wait behind other calls. */
  client: KubeClient;
  namespace: string;
  /** @default {"coder-k8s-controller.coder.com"} */
  name?: string;
  /** Unique among all candidates. @default {`<hostname>_<uuid>`} */
  identity?: string;
  /** Ends the candidacy; a leader stops, waits for its work and releases the lease. */
  signal: AbortSignal;
  /** How long others wait for a leader that does not renew, in milliseconds (whole seconds). @default {15_000} */
  leaseDurationMs?: number;
  /** A leader that could not renew for so long stops, in milliseconds; less than the duration. @default {10_000} */
  renewDeadlineMs?: number;
  /** Time between tries, in milliseconds. @default {2_000} */
  retryPeriodMs?: number;
  /** How long the leader's work may take to end before the lease is left to expire, in milliseconds. @default {15_000} */
  drainTimeoutMs?: number;
  /**
   * Starts the leader's work. `signal` aborts the moment leadership ends; a returned promise says when the work has
   * ended, and the lease is released (or sought again) only then. A rejection ends the candidacy.
   */
  onStartedLeading(signal: AbortSignal): void | Promise<void>;
  /** Called at once when leadership ends, after the signal has aborted. `why` is for the log. */
  onStoppedLeading?(why: string): void;
  /** Called when the leader that this process sees changes; the empty string means that nobody leads. */
  onNewLeader?(identity: string): void;
  logger?: Logger;
  metrics?: Metrics;
  clock?: Clock;
  /** @default {Math.random} */
  random?: () => number;
}

/** Spread of the candidates' tries, as a share of the retry period. */
const JITTER = 0.5;
/** Shortest time between two tries to renew, in milliseconds. */
const LAST_RETRY_MS = 200;

/** Campaigns, leads, and campaigns again after a loss, until `signal` aborts. */
export async function runLeaderElection(options: LeaderElectionOptions): Promise<void> {
  const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = options;
  if (!(leaseDurationMs > renewDeadlineMs && renewDeadlineMs > retryPeriodMs && retryPeriodMs > 0)) {
    throw new RangeError(
      `Leader election needs lease duration > renew deadline > retry period > 0, not ` +
        `${leaseDurationMs} > ${renewDeadlineMs} > ${retryPeriodMs} ms.`,
    );
  }
  const { client, namespace, name = LEASE_NAME, signal, clock = systemClock, random = Math.random } = options;
  const identity = options.identity ?? newIdentity();
  const logger = (options.logger ?? silentLogger).child({ lease: `${namespace}/${name}`, identity });
  const status = (options.metrics ?? noMetrics).gauge(
    "leader_election_master_status",
    "Whether this process leads (1) or stands by (0), by lease.",
    ["name"],
  );
  status.set({ name }, 0);

  let leader: string | undefined;
  const holder = createLeaseHolder({
    client,
    namespace,
    name,
    identity,
    leaseDurationMs,
    clock,
    onObserved(lease: Lease) {
      const seen = lease.spec?.holderIdentity ?? "";
      if (seen === leader) return;
      leader = seen;
      logger.info(seen === "" ? "nobody leads" : "leader seen", { leader: seen });
      options.onNewLeader?.(seen);
    },
  });

  while (!signal.aborted) {
    const since = await campaign();
    if (since === undefined) break;
    await lead(since);
  }

  /** Tries until the lease is ours; returns when the request that won it was sent, or undefined at the end. */
  async function campaign(): Promise<number | undefined> {
    let trouble = "";
    while (!signal.aborted) {
      const startedAt = clock.now();
      try {
        if (await holder.tryAcquire(signal, renewDeadlineMs / 2)) return startedAt;
        trouble = "";
      } catch (error) {
        if (signal.aborted) break;
        const said = words(error);
        if (said !== trouble) logger.warn("cannot read or take the lease; trying again", { error: said });
        trouble = said;
      }
      // Not later than the expiry, so that a dead leader is replaced as soon as it may be.
      const periodMs = retryPeriodMs * (1 + JITTER * random());
      const untilExpiryMs = holder.expiresInMs();
      const waitMs = untilExpiryMs > 0 ? Math.min(periodMs, untilExpiryMs + 100 * random() + 1) : periodMs;
      await clock.sleep(waitMs, signal).catch(() => {});
    }
    return undefined;
  }

  /** Leads from winning the lease to losing or releasing it, and waits for the work to end. */
  async function lead(wonAt: number): Promise<void> {
    const leading = new AbortController();
    const ending = new AbortController();
    let leadsUntil = wonAt + renewDeadlineMs;
    let failure: { error: unknown } | undefined;
    const stop = (why: string) => {
      if (leading.signal.aborted) return;
      leading.abort(new Error(why));
      status.set({ name }, 0);
      logger.info("stopped leading", { why });
      try {
        options.onStoppedLeading?.(why);
      } catch (error) {
        logger.error("onStoppedLeading failed", { error: words(error) });
      }
    };
    const onAbort = () => stop("this process is shutting down");
    if (signal.aborted) return await release();
    signal.addEventListener("abort", onAbort, { once: true });
    status.set({ name }, 1);
    logger.info("started leading");

    const work = (async () => await options.onStartedLeading(leading.signal))().catch((error) => {
      failure = { error };
      stop(`the leader's work failed: ${words(error)}`);
    });
    const renewing = keepRenewing();
    const watchdog = (async () => {
      for (let leftMs = leadsUntil - clock.now(); leftMs > 0; leftMs = leadsUntil - clock.now()) {
        await clock.sleep(leftMs, ending.signal);
      }
      stop(`the lease could not be renewed within ${renewDeadlineMs} ms`);
      ending.abort();
    })().catch(() => {});

    await whenAborted(leading.signal);
    signal.removeEventListener("abort", onAbort);
    const drainMs = options.drainTimeoutMs ?? 15_000;
    const drainOver = new AbortController();
    const drained = await Promise.race([
      work.then(() => true),
      clock.sleep(drainMs, drainOver.signal).then(() => false, () => false),
    ]);
    drainOver.abort();
    const held = !ending.signal.aborted;
    ending.abort();
    await Promise.all([renewing, watchdog]);
    if (held && drained) await release();
    if (!drained) {
      logger.error("the leader's work has not ended; the lease is left to expire", { waitedMs: drainMs });
      await Promise.race([work, whenAborted(signal)]);
    }
    if (failure !== undefined) throw failure.error;

    /** Renews until told to end; a lease that somebody else has ends everything. */
    async function keepRenewing(): Promise<void> {
      let failed = false;
      while (!ending.signal.aborted) {
        // After a failure the tries come closer as the deadline does.
        const leftMs = (leadsUntil - clock.now()) / 2;
        const waitMs = failed ? Math.max(LAST_RETRY_MS, Math.min(retryPeriodMs, leftMs)) : retryPeriodMs;
        await clock.sleep(waitMs, ending.signal).catch(() => {});
        if (ending.signal.aborted) return;
        const startedAt = clock.now();
        // Shorter than what is left: one hanging connection must leave time for another try.
        const tryMs = Math.max(1, Math.min(renewDeadlineMs / 2, leadsUntil - startedAt));
        try {
          failed = false;
          if (await holder.tryAcquire(ending.signal, tryMs)) {
            leadsUntil = startedAt + renewDeadlineMs;
          } else {
            stop(`the lease was taken by ${holder.observedHolder || "nobody known"}`);
            ending.abort();
          }
        } catch (error) {
          failed = true;
          if (!ending.signal.aborted) {
            logger.warn("cannot renew the lease; trying again", {
              error: words(error),
              leftMs: Math.round(leadsUntil - clock.now()),
            });
          }
        }
      }
    }
  }

  async function release(): Promise<void> {
    try {
      await holder.release(renewDeadlineMs / 2);
      logger.info("released the lease");
    } catch (error) {
      logger.warn("could not release the lease; it expires by itself", { error: words(error) });
    }
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
