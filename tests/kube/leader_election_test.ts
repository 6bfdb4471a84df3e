import assert from "node:assert/strict";
import { join } from "node:path";
import { Leases } from "../../src/api/kubernetes/resources.ts";
import type { Lease, LeaseSpec } from "../../src/api/kubernetes/types.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { type LeaderElectionOptions, runLeaderElection } from "../../src/kube/lease/leader_election.ts";
import { createRestClient, type RestClient } from "../../src/kube/rest/rest_client.ts";
import { type Cluster, sharedCluster, sideBySide, sleep, startCluster, waitFor } from "../cluster/mod.ts";
import type { ElectorLine } from "./elector_process.ts";

const NAME = "lease";
/**
 * Looks often, and holds for long: where nobody is to lose the lease, no pause of a busy machine makes them. Who gets
 * such a lease of another's within a test has not waited for its end.
 */
const STEADY = { leaseDurationMs: 600_000, renewDeadlineMs: 400_000, retryPeriodMs: 300 };
/** Where a lease is to run out, and yet no pause of some seconds is to make it do so. */
const EXPIRING = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 300 };

const DEFAULT = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

/** A candidate in a process of its own. */
function electorProcess(args: string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(import.meta.dirname ?? "", "elector_process.ts"), ...args],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let text = "";
  const reading = (async () => {
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) text += chunk;
  })();
  const lines = () => text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as ElectorLine);
  return {
    child,
    get leads() {
      return lines().filter((line) => line.what !== "leader").at(-1)?.what === "started";
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await child.status;
      await reading;
    },
  };
}

interface Candidate {
  readonly identity: string;
  readonly leads: boolean;
  /** Moments of the monotonic clock. */
  readonly started: number[];
  readonly stopped: number[];
  /** Ends the candidacy in order. */
  end(): Promise<void>;
}

/** Everything one test needs; candidates and clients are ended with it. */
async function withLease(
  run: (harness: {
    cluster: Cluster;
    namespace: string;
    admin: RestClient;
    candidate(identity: string, changes?: Partial<LeaderElectionOptions>, kubeconfig?: string): Candidate;
    lease(): Promise<Lease>;
    /** Writes the lease as another candidate would, whatever it holds. */
    write(spec: LeaseSpec): Promise<void>;
  }) => Promise<void>,
  cluster?: Cluster,
): Promise<void> {
  const on = cluster ?? await sharedCluster();
  const namespace = await on.newNamespace("lease");
  const clients: RestClient[] = [];
  const candidates: Candidate[] = [];
  const connect = (kubeconfig: string) => {
    const client = createRestClient({ connection: loadKubeConfig({ kubeconfig }) });
    clients.push(client);
    return client;
  };
  const admin = connect(on.kubeconfig);
  const lease = () => admin.get(Leases, { namespace, name: NAME });
  try {
    await run({
      cluster: on,
      namespace,
      admin,
      lease,
      candidate(identity, changes = {}, kubeconfig = on.kubeconfig) {
        const abort = new AbortController();
        const [started, stopped]: [number[], number[]] = [[], []];
        let leading: AbortSignal | undefined;
        const done = runLeaderElection({
          client: connect(kubeconfig),
          namespace,
          name: NAME,
          identity,
          signal: abort.signal,
          ...STEADY,
          onStartedLeading(signal) {
            leading = signal;
            started.push(performance.now());
          },
          onStoppedLeading: () => void stopped.push(performance.now()),
          ...changes,
        });
        const made: Candidate = {
          identity,
          started,
          stopped,
          get leads() {
            return leading !== undefined && !leading.aborted;
          },
          async end() {
            abort.abort();
            await done;
          },
        };
        candidates.push(made);
        return made;
      },
      async write(spec) {
        const fresh: Lease = {
          apiVersion: "coordination.k8s.io/v1",
          kind: "Lease",
          metadata: { namespace, name: NAME },
          spec,
        };
        const live = await lease().catch(() => undefined);
        if (live === undefined) await admin.create(Leases, fresh);
        else await admin.update(Leases, { ...live, spec });
      },
    });
  } finally {
    await Promise.all(candidates.map((candidate) => candidate.end()));
    for (const client of clients) client.close();
  }
}

/** Looks all the time whether more than one leads, until told to stop. */
function guard(candidates: readonly Candidate[]) {
  let worst = 0;
  const timer = setInterval(() => {
    worst = Math.max(worst, candidates.filter((candidate) => candidate.leads).length);
  }, 1);
  return {
    end() {
      clearInterval(timer);
      assert.equal(worst, 1, "at most one leads at any time, and somebody does");
    },
  };
}

/** A lease as client-go writes it. */
function goSpec(renewTime: string, changes: LeaseSpec = {}): LeaseSpec {
  return {
    holderIdentity: "coder-k8s-6d5f_0a1b2c3d",
    leaseDurationSeconds: 3,
    acquireTime: "2026-01-01T00:00:00.000000Z",
    renewTime,
    leaseTransitions: 7,
    ...changes,
  };
}

// Most of it is waiting for leases to expire, each in a namespace of its own.
sideBySide("leases", {
  "of two candidates one leads; when it ends, the other takes over at once": () =>
    withLease(async ({ candidate, lease }) => {
      const one = candidate("one");
      await waitFor(() => one.leads, { what: "the first to lead" });
      const two = candidate("two");
      const watching = guard([one, two]);
      await waitFor(async () => {
        const { acquireTime, renewTime } = (await lease()).spec ?? {};
        return acquireTime !== renewTime;
      }, { what: "a renewal" });
      assert.equal(two.leads, false);
      await one.end();
      await waitFor(() => two.leads, { what: "the second to lead, long before the lease would expire" });
      assert.equal((await lease()).spec?.leaseTransitions, 1);
      watching.end();
    }),

  "a leader that ends leaves the lease as client-go does": () =>
    withLease(async ({ candidate, lease }) => {
      const one = candidate("one");
      await waitFor(() => one.leads, { what: "the candidate to lead" });
      const held = (await lease()).spec;
      assert.equal(held?.holderIdentity, "one");
      assert.equal(held?.leaseDurationSeconds, 600);
      assert.match(held?.renewTime ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      await one.end();
      const { holderIdentity, leaseDurationSeconds, leaseTransitions } = (await lease()).spec ?? {};
      assert.deepEqual([holderIdentity ?? "", leaseDurationSeconds, leaseTransitions], ["", 1, 0]);
    }),

  "a leader killed with SIGKILL is replaced once its lease is over, with the default times": () =>
    withLease(async ({ cluster, namespace, candidate, lease }) => {
      await using victim = electorProcess([cluster.kubeconfig, namespace, NAME, "victim"]);
      await waitFor(() => victim.leads, { what: "the victim to lead" });
      const heir = candidate("heir", DEFAULT);
      await waitFor(async () => {
        const { acquireTime, renewTime } = (await lease()).spec ?? {};
        return acquireTime !== renewTime;
      }, { what: "the victim's first renewal" });
      assert.equal(heir.leads, false);
      victim.child.kill("SIGKILL");
      await victim.child.status;
      const last = (await lease()).spec;
      assert.equal(last?.holderIdentity, "victim");
      await waitFor(() => heir.leads, { what: "the heir to lead", timeoutMs: 120_000 });
      const { acquireTime } = (await lease()).spec ?? {};
      const afterMs = Date.parse(acquireTime ?? "") - Date.parse(last?.renewTime ?? "");
      assert.ok(afterMs >= DEFAULT.leaseDurationMs, `the victim's lease was not over after ${afterMs} ms`);
    }),

  "a process that is told to end releases the lease for the next, and exits with 0": () =>
    withLease(async ({ cluster, namespace, candidate }) => {
      const args = [cluster.kubeconfig, namespace, NAME, "leaver", JSON.stringify(STEADY)];
      await using leaver = electorProcess(args);
      await waitFor(() => leaver.leads, { what: "the process to lead" });
      const heir = candidate("heir");
      leaver.child.kill("SIGTERM");
      assert.equal((await leaver.child.status).code, 0);
      await waitFor(() => heir.leads, { what: "the heir to lead, long before the lease would expire" });
    }),

  "a holder whose clock is wrong is neither robbed nor mourned for too long": () =>
    withLease(async ({ candidate, write }) => {
      for (const [year, direction] of [[1999, "behind"], [2099, "ahead"]] as const) {
        const leaseDurationSeconds = 10;
        const renew = (second: number) =>
          write(
            goSpec(`${year}-01-01T00:00:${String(second).padStart(2, "0")}.000000Z`, {
              leaseDurationSeconds,
            }),
          );
        await renew(0);
        const ours = candidate(`ours-${direction}`);
        let lastAt = 0;
        for (let second = 1; second <= 25; second++) {
          lastAt = performance.now();
          await renew(second);
          assert.equal(ours.leads, false, `a holder whose clock is ${direction} renews`);
          await sleep(200);
        }
        await waitFor(() => ours.leads, { what: `the dead holder (clock ${direction}) to be replaced` });
        const tookMs = (ours.started[0] ?? 0) - lastAt;
        assert.ok(tookMs >= leaseDurationSeconds * 1_000, `clock ${direction}: ${tookMs} ms`);
        await ours.end();
      }
    }),

  "the holder's duration counts, not ours": () =>
    withLease(async ({ candidate, write }) => {
      await write(goSpec("2026-01-01T00:00:00.000000Z", { leaseDurationSeconds: 6 }));
      const ours = candidate("ours");
      const seenAt = performance.now();
      await waitFor(() => ours.leads, { what: "the lease to expire" });
      assert.ok(performance.now() - seenAt >= 5_900);
    }),

  "client-go and we take turns, and never lead at once": () =>
    withLease(async ({ cluster, namespace, candidate, lease }) => {
      // A second kube-scheduler, for its leader election alone: it schedules for a name that no pod asks for.
      const directory = await Deno.makeTempDir({ prefix: "go-elector-" });
      const config = join(directory, "config.yaml");
      await Deno.writeTextFile(
        config,
        JSON.stringify({
          apiVersion: "kubescheduler.config.k8s.io/v1",
          kind: "KubeSchedulerConfiguration",
          clientConnection: { kubeconfig: cluster.kubeconfig },
          leaderElection: {
            leaderElect: true,
            resourceLock: "leases",
            resourceName: NAME,
            resourceNamespace: namespace,
            leaseDuration: "15s",
            renewDeadline: "10s",
            retryPeriod: "300ms",
          },
          profiles: [{ schedulerName: "nobody-asks-for-this" }],
        }),
      );
      const go = () =>
        new Deno.Command(cluster.state.tools.path["kube-scheduler"], {
          args: [`--config=${config}`, "--secure-port=0"],
          stdout: "null",
          stderr: "null",
        }).spawn();
      const holder = async () => (await lease()).spec?.holderIdentity ?? "";
      const byGo = async () => {
        const now = await holder();
        return now !== "" && !now.startsWith("ours");
      };
      const children: Deno.ChildProcess[] = [];
      try {
        // We lead; client-go waits until we release, and takes over without waiting for the lease to expire.
        const one = candidate("ours-1");
        await waitFor(() => one.leads, { what: "us to lead" });
        const first = go();
        children.push(first);
        await waitFor(async () => {
          const { acquireTime, renewTime = "" } = (await lease()).spec ?? {};
          return Date.parse(renewTime) - Date.parse(acquireTime ?? "") > 5_000;
        }, { what: "five seconds of our leadership with client-go standing by" });
        assert.equal(await holder(), "ours-1");
        await one.end();
        await waitFor(byGo, { what: "client-go to lead, long before our lease would expire" });

        // It leads; we wait while it renews, and take over when it is killed and its lease is over.
        const two = candidate("ours-2");
        const transitions = (await lease()).spec?.leaseTransitions ?? 0;
        const watchedAt = performance.now();
        while (performance.now() - watchedAt < 5_000) {
          assert.equal(two.leads, false);
          assert.equal(await byGo(), true);
          await sleep(50);
        }
        first.kill("SIGKILL");
        await first.status;
        const last = (await lease()).spec;
        assert.equal(last?.holderIdentity?.startsWith("ours"), false);
        await waitFor(() => two.leads, { what: "us to lead", timeoutMs: 120_000 });
        const now = (await lease()).spec;
        const afterMs = Date.parse(now?.acquireTime ?? "") - Date.parse(last?.renewTime ?? "");
        assert.ok(afterMs >= EXPIRING.leaseDurationMs, `its lease was not over after ${afterMs} ms`);
        assert.equal(now?.leaseTransitions, transitions + 1);
        assert.equal(now?.holderIdentity, "ours-2");
      } finally {
        for (const child of children) {
          try {
            child.kill("SIGKILL");
          } catch {
            // It has ended already.
          }
          await child.status;
        }
        await Deno.remove(directory, { recursive: true });
      }
    }),

  "a leader that is cut off stops before the lease can be taken, and another takes it": () =>
    withLease(async ({ cluster, namespace, candidate }) => {
      await using faults = await cluster.newFaults();
      const account = { namespace, name: "elector" };
      const metadata = { name: "elector", namespace };
      const apiGroup = "rbac.authorization.k8s.io";
      await cluster.apply([
        {
          apiVersion: `${apiGroup}/v1`,
          kind: "Role",
          metadata,
          rules: [{
            apiGroups: ["coordination.k8s.io"],
            resources: ["leases"],
            verbs: ["get", "create", "update"],
          }],
        },
        {
          apiVersion: `${apiGroup}/v1`,
          kind: "RoleBinding",
          metadata,
          roleRef: { apiGroup, kind: "Role", name: "elector" },
          subjects: [{ kind: "ServiceAccount", ...account }],
        },
      ]);
      const kubeconfig = await cluster.serviceAccountKubeconfig({ ...account, throughFaults: faults });
      for (const fault of ["cut", "freeze", "loseAnswer"] as const) {
        const one = candidate(`one-${fault}`, EXPIRING, kubeconfig);
        await waitFor(() => one.leads, { what: `the first to lead before ${fault}` });
        const two = candidate(`two-${fault}`, EXPIRING);
        const watching = guard([one, two]);
        using _rule = faults[fault]();
        if (fault === "loseAnswer") {
          // Its renewals arrive although it never hears of them: it must stop all the same, and take up again after.
          await waitFor(() => one.stopped.length > 0, { what: "the first to stop" });
        } else {
          await waitFor(() => two.leads, { what: `the second to lead after ${fault}` });
          const [stoppedAt = Infinity] = one.stopped;
          const [startedAt = 0] = two.started;
          assert.ok(stoppedAt < startedAt, `${fault}: stopped ${startedAt - stoppedAt} ms before`);
        }
        assert.equal(one.leads, false);
        watching.end();
        faults.clear();
        await Promise.all([one.end(), two.end()]);
      }
    }),
});

Deno.test("leadership is given up in time when the API server stops, and taken up when it is back", async () => {
  await using cluster = await startCluster();
  await withLease(async ({ candidate }) => {
    const times = { ...STEADY, leaseDurationMs: 60_000, renewDeadlineMs: 10_000 };
    const one = candidate("one", times);
    await waitFor(() => one.leads, { what: "the candidate to lead" });
    const killedAt = performance.now();
    await cluster.kill("apiserver");
    await waitFor(() => !one.leads, { what: "the candidate to stop" });
    assert.ok((one.stopped[0] ?? Infinity) - killedAt < times.leaseDurationMs, "while the lease is its own");
    await cluster.start("apiserver");
    await waitFor(() => one.leads, { what: "the candidate to lead again" });
    assert.equal(one.started.length, 2);
  }, cluster);
});
