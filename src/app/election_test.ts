import assert from "node:assert/strict";
import type { LeaderElectionOptions } from "../kube/lease/leader_election.ts";
import type { RestClient } from "../kube/rest/rest_client.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { noMetrics } from "../telemetry/metrics.ts";
import { leaderElection } from "./election.ts";

/** What one candidacy hands to the election. */
function candidacy() {
  const separated = {} as RestClient;
  const given: LeaderElectionOptions[] = [];
  const election = leaderElection({
    client: { separate: () => separated } as RestClient,
    identity: "pod_1",
    leaseNamespace: "coder-system",
    log: silentLogger,
    metrics: noMetrics,
    config: { shutdownTimeout: 30_000 } as Parameters<typeof leaderElection>[0]["config"],
  }, (options) => {
    given.push(options);
    return Promise.resolve();
  });
  const work = Promise.withResolvers<void>();
  const callbacks = {
    signal: new AbortController().signal,
    onStartedLeading: () => work.promise,
    onStoppedLeading: () => {},
    onNewLeader: () => {},
  };
  void election.run(callbacks);
  const [options] = given;
  assert.ok(options);
  return { options, separated, callbacks, work };
}

Deno.test("the Lease has a client of its own and the identity of this process", () => {
  const { options, separated } = candidacy();
  assert.equal(options.client, separated);
  assert.deepEqual([options.namespace, options.identity], ["coder-system", "pod_1"]);
  assert.equal(options.name, undefined, "the name is the Go operator's, which is the default");
});

Deno.test("the manager hears of everything itself, and its work is what the Lease waits for", () => {
  const { options, callbacks, work } = candidacy();
  assert.equal(options.signal, callbacks.signal);
  assert.equal(options.onStartedLeading(new AbortController().signal), work.promise);
  assert.equal(options.onStoppedLeading, callbacks.onStoppedLeading);
  assert.equal(options.onNewLeader, callbacks.onNewLeader);
});

Deno.test("the Lease outlasts the longest drain", () => {
  assert.ok((candidacy().options.drainTimeoutMs ?? 0) > 35_000);
});
