import assert from "node:assert/strict";
import type { Lease } from "../../api/kubernetes/types.ts";
import { createLeaseHolder, microTime } from "./lease_holder.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { MemoryLeases, unreachable } from "../testing/memory_leases.ts";

const forever = new AbortController().signal;

function candidate(leases: MemoryLeases, clock: ManualClock, identity = "me", client = leases.client()) {
  return createLeaseHolder({
    client,
    namespace: "ns",
    name: "lease",
    identity,
    leaseDurationMs: 15_000,
    clock,
  });
}

/** As client-go writes it. */
function goSpec(holder: string, changes: Lease["spec"] = {}): Lease["spec"] {
  return {
    holderIdentity: holder,
    leaseDurationSeconds: 15,
    acquireTime: "2020-01-01T00:00:00.000000Z",
    renewTime: "2020-01-01T00:00:10.123456Z",
    leaseTransitions: 3,
    ...changes,
  };
}

Deno.test("a lease that does not exist is made, as client-go makes it", async () => {
  const leases = new MemoryLeases();
  const clock = new ManualClock();
  assert.equal(await candidate(leases, clock).tryAcquire(forever, 5_000), true);
  const now = "2026-01-01T00:00:00.000000Z";
  assert.deepEqual(leases.lease?.spec, {
    holderIdentity: "me",
    leaseDurationSeconds: 15,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: 0,
  });
});

Deno.test("renewing changes the renew time alone, in one request", async () => {
  const leases = new MemoryLeases();
  const clock = new ManualClock();
  const me = candidate(leases, clock);
  await me.tryAcquire(forever, 5_000);
  await clock.advance(2_000);
  assert.equal(await me.tryAcquire(forever, 5_000), true);
  assert.deepEqual(leases.calls, ["get", "create", "update"]);
  assert.equal(leases.lease?.spec?.renewTime, "2026-01-01T00:00:02.000000Z");
  assert.equal(leases.lease?.spec?.acquireTime, "2026-01-01T00:00:00.000000Z");
  assert.equal(leases.lease?.spec?.leaseTransitions, 0);
});

Deno.test("another's lease is not taken before it was seen unchanged for its whole duration", async () => {
  const leases = new MemoryLeases();
  const clock = new ManualClock();
  leases.store(goSpec("go"));
  const me = candidate(leases, clock);
  assert.equal(await me.tryAcquire(forever, 5_000), false, "however old its renew time looks");
  assert.equal(me.expiresInMs(), 15_000);
  await clock.advance(14_999);
  assert.equal(await me.tryAcquire(forever, 5_000), false);
  await clock.advance(1);
  assert.equal(await me.tryAcquire(forever, 5_000), true);
  assert.equal(leases.lease?.spec?.leaseTransitions, 4);
});

Deno.test("a renew time in the future does not make a lease live longer", async () => {
  const leases = new MemoryLeases();
  const clock = new ManualClock();
  leases.store(goSpec("go", { renewTime: "2099-01-01T00:00:00.000000Z" }));
  const me = candidate(leases, clock);
  assert.equal(await me.tryAcquire(forever, 5_000), false);
  await clock.advance(15_000);
  assert.equal(await me.tryAcquire(forever, 5_000), true);
});

Deno.test("each renewal that is seen starts the wait anew, whatever time it carries", async () => {
  const leases = new MemoryLeases();
  const clock = new ManualClock();
  leases.store(goSpec("go"));
  const me = candidate(leases, clock);
  await me.tryAcquire(forever, 5_000);
  await clock.advance(14_000);
  leases.store(goSpec("go", { renewTime: "1999-01-01T00:00:00.000000Z" }));
  await me.tryAcquire(forever, 5_000);
  await clock.advance(14_000);
  assert.equal(await me.tryAcquire(forever, 5_000), false);
  assert.equal(me.expiresInMs(), 1_000);
});

Deno.test("a change of annotations is not a sign of life", async () => {
  const leases = new MemoryLeases();
  const clock = new ManualClock();
  leases.store(goSpec("dead"));
  const me = candidate(leases, clock);
  await me.tryAcquire(forever, 5_000);
  await clock.advance(14_000);
  leases.store(goSpec("dead"), { note: "looked at by somebody" });
  await me.tryAcquire(forever, 5_000);
  await clock.advance(1_000);
  assert.equal(await me.tryAcquire(forever, 5_000), true);
});

Deno.test("the holder's own duration counts, ours only where it gives none", async () => {
  const clock = new ManualClock();
  const long = new MemoryLeases();
  long.store(goSpec("go", { leaseDurationSeconds: 60 }));
  const one = candidate(long, clock);
  await one.tryAcquire(forever, 5_000);
  assert.equal(one.expiresInMs(), 60_000);
  const none = new MemoryLeases();
  none.store({ holderIdentity: "go" });
  const two = candidate(none, clock);
  await two.tryAcquire(forever, 5_000);
  assert.equal(two.expiresInMs(), 15_000);
});

Deno.test("a released lease is taken at once", async () => {
  const leases = new MemoryLeases();
  leases.store(goSpec("", { leaseDurationSeconds: 1 }));
  assert.equal(await candidate(leases, new ManualClock()).tryAcquire(forever, 5_000), true);
  assert.equal(leases.lease?.spec?.leaseTransitions, 4);
  assert.equal(leases.lease?.spec?.leaseDurationSeconds, 15);
});

Deno.test("a lease without a spec is free", async () => {
  const leases = new MemoryLeases();
  leases.store(undefined);
  const me = candidate(leases, new ManualClock());
  assert.equal(await me.tryAcquire(forever, 5_000), true);
  assert.deepEqual([leases.lease?.spec?.holderIdentity, leases.lease?.spec?.leaseTransitions], ["me", 1]);
});

Deno.test("of two that are faster than each other only one wins", async () => {
  const leases = new MemoryLeases();
  const clock = new ManualClock();
  const both = ["a", "b"].map((identity) => candidate(leases, clock, identity));
  const created = await Promise.all(both.map((one) => one.tryAcquire(forever, 5_000)));
  assert.deepEqual(created.filter((won) => won).length, 1);
  leases.store(goSpec("", { leaseDurationSeconds: 1 }));
  const taken = await Promise.all(
    ["c", "d"].map((identity) => candidate(leases, clock, identity).tryAcquire(forever, 5_000)),
  );
  assert.deepEqual(taken.filter((won) => won).length, 1);
});

Deno.test("a holder whose lease was taken finds out with its next renewal", async () => {
  const leases = new MemoryLeases();
  const clock = new ManualClock();
  const me = candidate(leases, clock);
  await me.tryAcquire(forever, 5_000);
  leases.store(goSpec("other"));
  assert.equal(await me.tryAcquire(forever, 5_000), false);
  assert.equal(me.observedHolder, "other");
  assert.equal(leases.lease?.spec?.holderIdentity, "other");
});

Deno.test("a renewal whose answer was lost is recognised as our own", async () => {
  const leases = new MemoryLeases();
  const clock = new ManualClock();
  let lose = false;
  const client = leases.client({
    afterwards(verb) {
      if (lose && verb === "update") throw unreachable(verb);
    },
  });
  const me = candidate(leases, clock, "me", client);
  await me.tryAcquire(forever, 5_000);
  await clock.advance(2_000);
  lose = true;
  await assert.rejects(me.tryAcquire(forever, 5_000), /no answer/);
  lose = false;
  await clock.advance(2_000);
  assert.equal(await me.tryAcquire(forever, 5_000), true);
  assert.equal(leases.lease?.spec?.leaseTransitions, 0);
  assert.equal(leases.lease?.spec?.acquireTime, "2026-01-01T00:00:00.000000Z");
});

Deno.test("a lease that was deleted under its holder is made again", async () => {
  const leases = new MemoryLeases();
  const me = candidate(leases, new ManualClock());
  await me.tryAcquire(forever, 5_000);
  leases.remove();
  assert.equal(await me.tryAcquire(forever, 5_000), true);
  assert.equal(leases.lease?.spec?.holderIdentity, "me");
});

Deno.test("fields that we do not know stay in the lease", async () => {
  const leases = new MemoryLeases();
  leases.store({ ...goSpec(""), strategy: "OldestEmulationVersion" }, { keep: "me" });
  await candidate(leases, new ManualClock()).tryAcquire(forever, 5_000);
  assert.equal(leases.lease?.spec?.strategy, "OldestEmulationVersion");
  assert.deepEqual(leases.lease?.metadata.annotations, { keep: "me" });
});

Deno.test("release hands the lease back as client-go does", async () => {
  const leases = new MemoryLeases();
  const clock = new ManualClock();
  const me = candidate(leases, clock);
  await me.tryAcquire(forever, 5_000);
  await clock.advance(1_000);
  await me.release(5_000);
  const now = "2026-01-01T00:00:01.000000Z";
  assert.deepEqual(leases.lease?.spec, {
    holderIdentity: "",
    leaseDurationSeconds: 1,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: 0,
  });
  assert.equal(await candidate(leases, clock, "next").tryAcquire(forever, 5_000), true);
});

Deno.test("release survives a write that came between, and never takes from another", async () => {
  const leases = new MemoryLeases();
  const clock = new ManualClock();
  const me = candidate(leases, clock);
  await me.tryAcquire(forever, 5_000);
  leases.store(leases.lease?.spec, { touched: "yes" });
  await me.release(5_000);
  assert.deepEqual(leases.lease?.spec?.holderIdentity, "");

  await me.tryAcquire(forever, 5_000);
  leases.store(goSpec("other"));
  await me.release(5_000);
  assert.equal(leases.lease?.spec?.holderIdentity, "other");
});

Deno.test("release of a lease that is not ours, or is gone, asks for nothing more", async () => {
  const leases = new MemoryLeases();
  const clock = new ManualClock();
  const stranger = candidate(leases, clock, "stranger");
  await stranger.release(5_000);
  assert.deepEqual(leases.calls, []);
  const me = candidate(leases, clock);
  await me.tryAcquire(forever, 5_000);
  leases.remove();
  await me.release(5_000);
  assert.deepEqual(leases.calls, ["get", "create", "update"]);
});

Deno.test("release hands other failures on", async () => {
  const leases = new MemoryLeases();
  let broken = false;
  const client = leases.client({
    fault(verb) {
      if (broken) throw unreachable(verb);
    },
  });
  const me = candidate(leases, new ManualClock(), "me", client);
  await me.tryAcquire(forever, 5_000);
  broken = true;
  await assert.rejects(me.release(5_000), /update: no answer/);
});

Deno.test("times have microseconds, as metav1.MicroTime writes them", () => {
  assert.equal(microTime(Date.UTC(2026, 1, 3, 4, 5, 6, 7)), "2026-02-03T04:05:06.007000Z");
});
