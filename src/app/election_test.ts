import assert from "node:assert/strict";
import type { LeaderElectionOptions } from "../kube/leader_election.ts";
import type { RestClient } from "../kube/rest_client.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { noMetrics } from "../telemetry/metrics.ts";
import { settle } from "../telemetry/testing/fake_clock.ts";
import { leaderElection } from "./election.ts";

/** A candidacy whose election the test plays. */
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
  const end = new AbortController();
  const said: string[] = [];
  void election.run({
    signal: end.signal,
    onStartedLeading: (signal) => void said.push(`leading ${signal.aborted}`),
    onStoppedLeading: () => void said.push("stopped"),
    onNewLeader: (identity) => void said.push(`leader ${identity}`),
  });
  const [options] = given;
  assert.ok(options);
  return { options, separated, end, said };
}

Deno.test("the Lease has a client of its own and the identity of this process", () => {
  const { options, separated, end } = candidacy();
  assert.equal(options.client, separated);
  assert.deepEqual([options.namespace, options.identity, options.name], ["coder-system", "pod_1", undefined]);
  assert.equal(options.signal, end.signal);
});

Deno.test("the Lease is not given up before the work has ended", async () => {
  const { options, end, said } = candidacy();
  let ended = false;
  const work = Promise.resolve(options.onStartedLeading(new AbortController().signal)).then(() =>
    ended = true
  );
  await settle();
  assert.deepEqual(said, ["leading false"]);
  assert.equal(ended, false, "the manager has not said that the work is over");
  end.abort();
  await work;
  assert.equal(ended, true);
});

Deno.test("leading that begins when everything is over ends at once", async () => {
  const { options, end } = candidacy();
  end.abort();
  await options.onStartedLeading(new AbortController().signal);
  assert.equal(end.signal.aborted, true);
});

Deno.test("what the election reports reaches the manager", () => {
  const { options, said } = candidacy();
  options.onNewLeader?.("other");
  options.onStoppedLeading?.("lost");
  assert.deepEqual(said, ["leader other", "stopped"]);
});
