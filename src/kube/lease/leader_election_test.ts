import assert from "node:assert/strict";
import type { KubeClient } from "../client.ts";
import { type LeaderElectionOptions, runLeaderElection } from "./leader_election.ts";
import { CountingMetrics } from "../testing/counting_metrics.ts";
import { ManualClock, settle } from "../testing/manual_clock.ts";
import { MemoryLeases, unreachable } from "../testing/memory_leases.ts";
import { recordingLogger } from "../testing/recording_logger.ts";

interface Setting {
  leases?: MemoryLeases;
  clock?: ManualClock;
  client?: KubeClient;
  options?: Partial<LeaderElectionOptions>;
}

/** A candidate that writes down what happens to it. */
function campaign(identity: string, setting: Setting = {}) {
  const { leases = new MemoryLeases(), clock = new ManualClock() } = setting;
  const abort = new AbortController();
  const metrics = new CountingMetrics();
  const { logger, lines } = recordingLogger();
  const story: string[] = [];
  let leading: AbortSignal | undefined;
  const done = runLeaderElection({
    client: setting.client ?? leases.client(),
    namespace: "ns",
    name: "lease",
    identity,
    signal: abort.signal,
    clock,
    metrics,
    logger,
    random: () => 0.5,
    onStartedLeading(signal) {
      leading = signal;
      story.push(`started at ${clock.now()}`);
    },
    onStoppedLeading: (why) => story.push(`stopped at ${clock.now()}: ${why}`),
    onNewLeader: (leader) => story.push(`leader ${leader || "nobody"}`),
    ...setting.options,
  });
  done.catch(() => {});
  return {
    abort,
    clock,
    leases,
    metrics,
    lines,
    story,
    done,
    get leads() {
      return leading !== undefined && !leading.aborted;
    },
    get status() {
      return metrics.get("leader_election_master_status", { name: "lease" });
    },
    async stop() {
      abort.abort();
      await clock.advance(0);
      await done;
    },
  };
}

Deno.test("the only candidate leads at once, and renews every two seconds", async () => {
  const one = campaign("a");
  await one.clock.advance(9_000);
  assert.equal(one.leads, true);
  assert.equal(one.status, 1);
  assert.deepEqual(one.story, ["leader a", "started at 0"]);
  assert.deepEqual(one.leases.calls, ["get", "create", "update", "update", "update", "update"]);
  await one.stop();
});

Deno.test("on shutdown the leader stops first and then releases the lease", async () => {
  const one = campaign("a");
  await one.clock.advance(3_000);
  one.abort.abort();
  assert.equal(one.leads, false, "synchronously");
  assert.deepEqual(one.story.slice(2), ["stopped at 3000: this process is shutting down"]);
  assert.equal(one.leases.lease?.spec?.holderIdentity, "a");
  await one.clock.advance(0);
  await one.done;
  assert.deepEqual(one.leases.holders, ["a", ""]);
  assert.equal(one.status, 0);
  assert.equal(one.clock.sleeping, 0, "nothing is left behind");
});

Deno.test("a stand-by takes a released lease over with its next try", async () => {
  const one = campaign("a");
  await settle();
  const two = campaign("b", one);
  await one.clock.advance(5_000);
  assert.deepEqual([one.leads, two.leads], [true, false]);
  assert.equal(two.status, 0);
  await one.stop();
  await one.clock.advance(3_000);
  assert.equal(two.leads, true);
  assert.deepEqual(one.leases.holders, ["a", "", "b"]);
  assert.deepEqual(two.story.slice(0, 3), ["leader a", "leader nobody", "leader b"]);
  await two.stop();
});

Deno.test("a leader that dies is replaced within twenty seconds, and not before its lease is over", async () => {
  const clock = new ManualClock();
  const leases = new MemoryLeases();
  let dead = false;
  const client = leases.client({ fault: () => dead ? new Promise(() => {}) : undefined });
  const one = campaign("a", { leases, clock, client });
  const two = campaign("b", { leases, clock, options: { random: () => 0.99 } });
  await clock.advance(7_000);
  assert.equal(one.leads, true);
  dead = true;
  const diedAt = clock.now();
  await clock.until(() => two.leads, "the stand-by leads");
  const tookMs = clock.now() - diedAt;
  assert.ok(tookMs <= 20_000, `${tookMs} ms`);
  assert.ok(tookMs >= 12_900, `${tookMs} ms`);
  await two.stop();
});

Deno.test("a leader that cannot renew stops at the renew deadline, before anyone may take the lease", async () => {
  const clock = new ManualClock();
  const leases = new MemoryLeases();
  let cut = false;
  const client = leases.client({
    fault(verb) {
      if (cut) throw unreachable(verb);
    },
  });
  const one = campaign("a", { leases, clock, client });
  const two = campaign("b", { leases, clock });
  await clock.advance(6_500);
  cut = true;
  await clock.until(() => !one.leads, "the leader stops");
  assert.equal(clock.now(), 16_000, "ten seconds after the last renewal at six seconds");
  assert.equal(two.leads, false);
  assert.deepEqual(one.story.slice(2, 3), [
    "stopped at 16000: the lease could not be renewed within 10000 ms",
  ]);
  await clock.until(() => two.leads, "the stand-by leads");
  assert.ok(clock.now() >= 21_000);
  assert.equal(one.leads, false);
  one.abort.abort();
  await two.stop();
});

Deno.test("requests that hang do not carry leadership beyond the deadline", async () => {
  const clock = new ManualClock();
  const leases = new MemoryLeases();
  let frozen = false;
  const client = leases.client({
    fault: (verb, signal) =>
      !frozen ? undefined : new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(unreachable(verb)));
      }),
  });
  const one = campaign("a", { leases, clock, client });
  await clock.advance(4_000);
  frozen = true;
  await clock.until(() => !one.leads, "the leader stops");
  assert.ok(clock.now() <= 14_000, `${clock.now()} ms`);
  one.abort.abort();
  await clock.advance(0);
  await one.done;
});

Deno.test("a short outage is ridden out", async () => {
  const clock = new ManualClock();
  const leases = new MemoryLeases();
  let cut = false;
  const client = leases.client({
    fault(verb) {
      if (cut) throw unreachable(verb);
    },
  });
  const one = campaign("a", { leases, clock, client });
  await clock.advance(3_000);
  cut = true;
  await clock.advance(7_000);
  cut = false;
  await clock.advance(20_000);
  assert.equal(one.leads, true);
  assert.deepEqual(one.story, ["leader a", "started at 0"]);
  assert.ok(one.lines.some((line) => line.level === "warn" && /cannot renew/.test(line.message)));
  await one.stop();
});

Deno.test("a lease that somebody took by force ends leadership with the next renewal", async () => {
  const one = campaign("a");
  await one.clock.advance(5_000);
  one.leases.store({
    holderIdentity: "thief",
    leaseDurationSeconds: 15,
    renewTime: "x",
    leaseTransitions: 9,
  });
  await one.clock.advance(2_000);
  assert.equal(one.leads, false);
  assert.match(one.story.at(-1) ?? "", /stopped at 6000: the lease was taken by thief/);
  assert.equal(one.leases.lease?.spec?.holderIdentity, "thief", "it is not released by us");
  await one.clock.until(() => one.leads, "it leads again when the thief is gone");
  assert.ok(one.clock.now() >= 21_000);
  await one.stop();
});

Deno.test("the lease is released only when the leader's work has ended, and kept renewed until then", async () => {
  const work = Promise.withResolvers<void>();
  const one = campaign("a", { options: { onStartedLeading: () => work.promise } });
  await one.clock.advance(1_000);
  one.abort.abort();
  await one.clock.advance(8_000);
  assert.equal(one.leases.lease?.spec?.holderIdentity, "a");
  assert.equal(one.leases.calls.filter((verb) => verb === "update").length, 4);
  work.resolve();
  await one.clock.advance(0);
  await one.done;
  assert.equal(one.leases.lease?.spec?.holderIdentity, "");
});

Deno.test("work that does not end keeps the lease from being released, and the shutdown bounded", async () => {
  const one = campaign("a", {
    options: { onStartedLeading: () => new Promise(() => {}), drainTimeoutMs: 4_000 },
  });
  await one.clock.advance(1_000);
  one.abort.abort();
  await one.clock.advance(4_000);
  await one.done;
  assert.deepEqual(one.leases.holders, ["a"]);
  assert.ok(one.lines.some((line) => line.level === "error" && /left to expire/.test(line.message)));
  assert.equal(one.clock.sleeping, 0);
});

Deno.test("after a loss the candidate waits for its old work before it leads again", async () => {
  const clock = new ManualClock();
  const leases = new MemoryLeases();
  const works: PromiseWithResolvers<void>[] = [];
  const one = campaign("a", {
    leases,
    clock,
    options: {
      drainTimeoutMs: 1_000,
      onStartedLeading: () => {
        const work = Promise.withResolvers<void>();
        works.push(work);
        return work.promise;
      },
    },
  });
  await clock.advance(3_000);
  leases.store({ holderIdentity: "", leaseDurationSeconds: 1 });
  leases.store({ holderIdentity: "thief", leaseDurationSeconds: 1, leaseTransitions: 1 });
  await clock.advance(30_000);
  assert.equal(works.length, 1);
  works[0]?.resolve();
  await clock.advance(5_000);
  assert.equal(works.length, 2);
  works[1]?.resolve();
  await one.stop();
});

Deno.test("work that fails ends leadership, releases the lease and ends the candidacy with its error", async () => {
  const one = campaign("a", {
    options: { onStartedLeading: () => Promise.reject(new Error("no controllers")) },
  });
  await one.clock.advance(1_000);
  await assert.rejects(one.done, /no controllers/);
  assert.ok(one.story.includes("stopped at 0: the leader's work failed: no controllers"));
  assert.deepEqual(one.leases.holders, ["a", ""]);
  const two = campaign("b", {
    options: {
      onStartedLeading: () => {
        throw new Error("at once");
      },
    },
  });
  await two.clock.advance(1_000);
  await assert.rejects(two.done, /at once/);
});

Deno.test("a callback that throws does not keep leadership alive", async () => {
  const one = campaign("a", {
    options: {
      onStoppedLeading: () => {
        throw new Error("oops");
      },
    },
  });
  await one.clock.advance(1_000);
  await one.stop();
  assert.deepEqual(one.leases.holders, ["a", ""]);
  assert.ok(one.lines.some((line) => line.level === "error" && line.fields["error"] === "oops"));
});

Deno.test("trouble with the API server is logged once while it lasts, and the candidate goes on", async () => {
  const clock = new ManualClock();
  const leases = new MemoryLeases();
  let cut = true;
  const client = leases.client({
    fault(verb) {
      if (cut) throw unreachable(verb);
    },
  });
  const one = campaign("a", { leases, clock, client });
  await clock.advance(30_000);
  assert.equal(one.lines.filter((line) => /cannot read or take/.test(line.message)).length, 1);
  cut = false;
  await clock.advance(3_000);
  assert.equal(one.leads, true);
  await one.stop();
});

Deno.test("a candidate that is told to end while it waits ends at once", async () => {
  const leases = new MemoryLeases();
  leases.store({ holderIdentity: "other", leaseDurationSeconds: 15 });
  const one = campaign("a", { leases });
  await one.clock.advance(4_000);
  await one.stop();
  assert.deepEqual(leases.holders, ["other"]);
  assert.equal(one.clock.sleeping, 0);
});

Deno.test("a lease that was won while the process was told to end is given back, unused", async () => {
  const leases = new MemoryLeases();
  const abort = new AbortController();
  const client = leases.client({
    afterwards(verb) {
      if (verb === "create") abort.abort();
    },
  });
  let started = 0;
  await runLeaderElection({
    client,
    namespace: "ns",
    identity: "a",
    signal: abort.signal,
    clock: new ManualClock(),
    onStartedLeading: () => void started++,
  });
  assert.equal(started, 0);
  assert.deepEqual(leases.holders, ["a", ""]);
});

Deno.test("a release that fails is logged, and the process ends all the same", async () => {
  const leases = new MemoryLeases();
  let cut = false;
  const client = leases.client({
    fault(verb) {
      if (cut) throw unreachable(verb);
    },
  });
  const one = campaign("a", { leases, client });
  await one.clock.advance(1_000);
  cut = true;
  await one.stop();
  assert.ok(one.lines.some((line) => /could not release/.test(line.message)));
});

Deno.test("times that cannot be safe are refused", async () => {
  const base = {
    client: new MemoryLeases().client(),
    namespace: "ns",
    signal: AbortSignal.abort(),
    onStartedLeading() {},
  };
  for (
    const times of [
      { leaseDurationMs: 10_000, renewDeadlineMs: 10_000 },
      { renewDeadlineMs: 1_000, retryPeriodMs: 2_000 },
      { retryPeriodMs: 0 },
    ]
  ) {
    await assert.rejects(runLeaderElection({ ...base, ...times }), RangeError);
  }
});

Deno.test("never do two lead at once, whatever fails when (random faults, many runs)", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    let state = seed * 7919;
    const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const clock = new ManualClock();
    const leases = new MemoryLeases();
    const cut = new Map<string, boolean>();
    const candidates = ["a", "b", "c"].map((identity) =>
      campaign(identity, {
        leases,
        clock,
        client: leases.client({
          fault(verb) {
            if (cut.get(identity)) throw unreachable(verb);
          },
          afterwards(verb) {
            if (random() < 0.1) throw unreachable(verb);
          },
        }),
        options: { random },
      })
    );
    let led = 0;
    for (let step = 0; step < 60; step++) {
      for (const identity of ["a", "b", "c"]) cut.set(identity, random() < 0.4);
      for (let part = 0; part < 3; part++) {
        await clock.advance(1_000 + 1_000 * random());
        const leaders = candidates.filter((candidate) => candidate.leads).length;
        assert.ok(leaders <= 1, `seed ${seed}: ${leaders} leaders at ${clock.now()} ms`);
        led += leaders;
      }
    }
    assert.ok(led > 20, `seed ${seed}: somebody leads most of the time (${led} of 180)`);
    for (const candidate of candidates) candidate.abort.abort();
    await clock.advance(20_000);
    await Promise.all(candidates.map((candidate) => candidate.done));
  }
});
