/** The Lease that decides which replica reconciles. */
import { runLeaderElection } from "../kube/leader_election.ts";
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
        client,
        namespace: core.leaseNamespace,
        identity: core.identity,
        signal: callbacks.signal,
        // The manager bounds the drain itself and ends the candidacy (`signal`) when its work has ended: only then may
        // the Lease be released or sought again.
        drainTimeoutMs: core.config.shutdownTimeout + 30_000,
        onStartedLeading(leading) {
          callbacks.onStartedLeading(leading);
          return aborted(callbacks.signal);
        },
        onStoppedLeading: () => callbacks.onStoppedLeading(),
        onNewLeader: (identity) => callbacks.onNewLeader(identity),
        logger: core.log,
        metrics: core.metrics,
      }),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
