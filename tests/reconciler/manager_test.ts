/** Two replicas on the real API server: who works, when, and what a change of leader costs. */
import assert from "node:assert/strict";
import { serviceAccountUser, sharedCluster, waitFor } from "../cluster/mod.ts";
import { adminOf, type Seen, setUp, startReplica } from "./replica.ts";

const data = (value: number) => ({ value: String(value) });

Deno.test("one replica works; when it ends the other goes on at once, from caches that are full already", async () => {
  const cluster = await sharedCluster();
  await using faults = await cluster.newFaults();
  const { namespace, a, b } = await setUp(cluster, faults);
  const admin = adminOf(cluster, namespace);
  const seen: Seen[] = [];
  await using first = startReplica({ cluster, namespace, name: "a", kubeconfig: a, seen });
  await waitFor(() => first.manager.state === "leading", { what: "a to lead" });
  await using second = startReplica({ cluster, namespace, name: "b", kubeconfig: b, seen });

  const names = Array.from({ length: 40 }, (_, index) => `w${index}`);
  await Promise.all(names.map((name) => admin.put(name, data(1))));
  await admin.copied(Object.fromEntries(names.map((name) => [name, data(1)])));
  await waitFor(() => second.manager.state === "standby", { what: "b to stand by" });
  assert.equal(second.health.passes("readiness"), true, "a stand-by is ready");
  assert.deepEqual([...new Set(seen.map(({ replica }) => replica))], ["a"]);

  const mark = await cluster.audit.mark();
  const released = first.stop().then(() => admin.holder());
  await Promise.all([released, admin.put("w0", data(2)), admin.put("new", data(2))]);
  assert.notEqual(await released, "a", "the Lease was released, not left to expire");
  await admin.copied({ w0: data(2), new: data(2) });
  assert.equal(await admin.holder(), "b");

  const since = await cluster.audit.since(mark);
  const user = serviceAccountUser({ namespace, name: "b" });
  assert.equal(
    since.count({ user, verb: ["list", "watch"] }),
    0,
    "the new leader lists and watches nothing anew",
  );
  assert.ok(since.count({ user, resource: "configmaps", verb: "patch" }) >= 2, "but works");
  assertNoOverlap(seen);
  await second.stop();
  assert.equal(await admin.holder(), "", "the last one leaves the Lease free");
  admin.client.close();
});

Deno.test("a leader that is cut off stops its passes before another one works, and comes back as a stand-by", async () => {
  const cluster = await sharedCluster();
  await using faults = await cluster.newFaults();
  const { namespace, a, b } = await setUp(cluster, faults);
  const admin = adminOf(cluster, namespace);
  const seen: Seen[] = [];
  let hold = true;
  await using first = startReplica({
    cluster,
    namespace,
    name: "a",
    kubeconfig: a,
    seen,
    // A pass that goes on until it is told to stop.
    dwell: (_, { signal }) =>
      new Promise((resolve, reject) => {
        if (!hold) return resolve();
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  });
  await waitFor(() => first.manager.state === "leading", { what: "a to lead" });
  await using second = startReplica({ cluster, namespace, name: "b", kubeconfig: b, seen });
  await waitFor(() => second.manager.state === "standby", { what: "b to stand by" });
  await admin.put("long", data(1));
  await waitFor(() => seen.some(({ name }) => name === "long"), { what: "the long pass to begin" });

  const frozen = faults.freeze();
  await admin.copied({ long: data(1) });
  const [pass] = seen.filter(({ replica, name }) => replica === "a" && name === "long");
  assert.equal(pass!.aborted, true);
  assertNoOverlap(seen);
  assert.notEqual(first.manager.state, "leading");
  assert.equal(second.manager.state, "leading");

  frozen[Symbol.dispose]();
  hold = false;
  await admin.put("after", data(2));
  await admin.copied({ after: data(2) });
  await waitFor(() => first.health.passes("readiness"), { what: "a to be a ready stand-by again" });
  await second.stop();
  await waitFor(() => first.manager.state === "leading", { what: "a to lead again" });
  await admin.put("again", data(3));
  await admin.copied({ again: data(3) });
  assert.equal(await admin.holder(), "a");
  assertNoOverlap(seen);
  await first.stop();
  admin.client.close();
});

/** No pass of one replica lies in the time between another's first and last moment of work in the same term. */
function assertNoOverlap(seen: readonly Seen[]): void {
  for (const one of seen) {
    for (const other of seen) {
      if (one.replica === other.replica) continue;
      const apart = (one.ended ?? Infinity) <= other.began || (other.ended ?? Infinity) <= one.began;
      assert.ok(apart, `${one.replica} and ${other.replica} worked at once: ${JSON.stringify([one, other])}`);
    }
  }
}
