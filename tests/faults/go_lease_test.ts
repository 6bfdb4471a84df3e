/** The Go operator holds the Lease, as client-go writes it: ours waits, and takes over when it is not renewed any more. */
import assert from "node:assert/strict";
import type { Lease } from "../../src/api/kubernetes/types.ts";
import { waitFor } from "../cluster/mod.ts";
import { runOperator } from "./operator.ts";
import { LEASE, type Scene, startScene } from "./scene.ts";

const HOLDER = "coder-k8s-7d9f8b6c5-x2x4z_3b9e2a1c-8f0d-4a55-9c1e-0a1b2c3d4e5f";
/** More than the few seconds for which a busy machine may stop this whole process, in which both leaders are. */
const SECONDS = 8;
const HOUR_MS = 3_600_000;

const microTime = (ms: number) => new Date(ms).toISOString().replace("Z", "000Z");

/** A Go operator as far as its Lease is concerned; its clock is off by `skewMs`. */
class GoLeader {
  /** When the last renewal was sent, on this process' clock. */
  renewedAt = 0;
  renewals = 0;
  #acquired: string;

  private constructor(private readonly scene: Scene, private readonly skewMs: number) {
    this.#acquired = microTime(Date.now() + skewMs);
  }

  static async acquire(scene: Scene, skewMs: number): Promise<GoLeader> {
    const leader = new GoLeader(scene, skewMs);
    await scene.cluster.request("DELETE", LEASE).catch(() => {});
    const collection = LEASE.slice(0, LEASE.lastIndexOf("/"));
    await scene.cluster.request("POST", collection, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: LEASE.slice(collection.length + 1) },
      spec: leader.#spec(),
    });
    leader.renewedAt = performance.now();
    return leader;
  }

  async renew(): Promise<void> {
    const lease: Lease = await this.scene.cluster.request("GET", LEASE);
    assert.equal(lease.spec?.holderIdentity, HOLDER, "nobody took the lease of a leader that renews it");
    this.renewedAt = performance.now();
    await this.scene.cluster.request("PUT", LEASE, { ...lease, spec: this.#spec() });
    this.renewals++;
  }

  /** Renews every second until `signal` aborts. */
  async keepRenewing(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.renew();
      await waitFor(() => signal.aborted || performance.now() - this.renewedAt >= 1_000, { intervalMs: 20 });
    }
  }

  #spec() {
    return {
      holderIdentity: HOLDER,
      leaseDurationSeconds: SECONDS,
      acquireTime: this.#acquired,
      renewTime: microTime(Date.now() + this.skewMs),
      leaseTransitions: 4,
    };
  }
}

for (const [words, skewMs] of [["behind", -HOUR_MS], ["ahead", HOUR_MS]] as const) {
  Deno.test(`a Go operator whose clock is an hour ${words} leads while it renews its lease, and not longer`, async () => {
    await using scene = await startScene("go-lease");
    const leader = await GoLeader.acquire(scene, skewMs);
    try {
      const stop = new AbortController();
      const renewing = leader.keepRenewing(stop.signal);
      await using operator = await runOperator({ kubeconfig: scene.kubeconfig });
      await operator.ready();
      await scene.create("p");
      // Twice as long as the lease lasts, and as often as a candidate looks.
      const target = leader.renewals + 2 * SECONDS;
      await Promise.race([
        renewing,
        waitFor(() => leader.renewals >= target, { what: `${target} renewals` }),
      ]);
      assert.equal(await operator.metric("leader_election_master_status"), 0);
      assert.deepEqual(await scene.children("p"), {
        deployment: undefined,
        service: undefined,
        serviceAccount: undefined,
      });
      assert.equal(
        scene.faults.count({ verb: ["create", "update", "patch", "delete"] }),
        0,
        "it wrote nothing",
      );

      stop.abort();
      await renewing;
      await waitFor(async () => await operator.metric("leader_election_master_status") === 1, {
        what: "ours to lead",
        intervalMs: 20,
      });
      const afterMs = performance.now() - leader.renewedAt;
      assert.ok(afterMs >= SECONDS * 1_000, `it took the lease ${afterMs.toFixed(0)} ms after a renewal`);
      await scene.settled("p");
      const { spec }: Lease = await scene.cluster.request("GET", LEASE);
      assert.notEqual(spec?.holderIdentity, HOLDER);
      assert.equal(spec?.leaseTransitions, 5);
      await operator.stop();
      const { spec: after }: Lease = await scene.cluster.request("GET", LEASE);
      assert.equal(after?.holderIdentity ?? "", "", "given back as client-go does");
    } finally {
      await scene.cluster.request("DELETE", LEASE).catch(() => {});
    }
  });
}
