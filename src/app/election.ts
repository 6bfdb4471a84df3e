/** The Lease that decides which replica reconciles. */
import { runLeaderElection } from "../kube/lease/leader_election.ts";
import type { LeaderElection } from "../reconciler/leadership.ts";
import type { Core } from "./part.ts";

/**
 * Leader election for the manager, on connections and a rate limit of its own: renewing must never wait behind the
 * controllers' calls.
 */
export function leaderElection(
  core: Pick<Core, "client" | "identity" | "leaseNamespace" | "log" | "metrics" | "config">,
  run: typeof runLeaderElection = runLeaderElection,
): LeaderElection {
  const client = core.client.separate();
  return {
    run: (callbacks) =>
      run({
        ...callbacks,
        client,
        namespace: core.leaseNamespace,
        identity: core.identity,
        // The manager bounds the drain itself, and ends the candidacy only when no work is in hand.
        drainTimeoutMs: core.config.shutdownTimeout + 30_000,
        logger: core.log,
        metrics: core.metrics,
      }),
  };
}
