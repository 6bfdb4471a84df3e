import assert from "node:assert/strict";
import { ManualClock, settle } from "../../kube/testing/manual_clock.ts";
import { MemoryLeases, refusal, unreachable } from "../../kube/testing/memory_leases.ts";
import { InstallError } from "./error.ts";
import { turnOf, type TurnOptions } from "./turn.ts";

const LEASE_MS = 15_000;

function rig() {
  const leases = new MemoryLeases();
  const clock = new ManualClock();
  const lines: string[] = [];
  const waits: string[] = [];
  const say = {
    line: (text: string) => void lines.push(text),
    waiting: (text: string | undefined) => void (text !== undefined && waits.push(text)),
  };
  const turn = (holder: string, more: Partial<TurnOptions> = {}) =>
    turnOf({
      client: leases.client(),
      family: "product",
      namespace: "ns",
      holder,
      say,
      signal: new AbortController().signal,
      clock,
      lookMs: 1,
      ...more,
    });
  return { leases, clock, lines, waits, turn };
}

/** Until somebody waits, in real time. */
async function waited(waits: readonly string[], count = 1): Promise<void> {
  while (waits.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
}

Deno.test("who comes second waits, is told for whom, and begins when the first is done; nothing stays", async () => {
  const { leases, turn, waits } = rig();
  const first = turn("ann@laptop_1");
  assert.equal(await first.begin(), true);
  assert.equal(await first.begin(), false, "it has begun");
  const second = turn("bob@desk_2");
  const begun = second.begin();
  await waited(waits);
  assert.match(
    waits[0]!,
    /^another one to be done in ns: ann@laptop_1 is at work there since 2026-01-01T00:00:00Z$/,
  );
  assert.equal(leases.lease?.spec?.holderIdentity, "ann@laptop_1");
  await first[Symbol.asyncDispose]();
  assert.equal(await begun, true);
  assert.deepEqual(leases.holders, ["ann@laptop_1", "bob@desk_2"]);
  await second[Symbol.asyncDispose]();
  assert.equal(leases.lease, undefined);
});

Deno.test("a turn is kept for as long as it takes, and who has died without a word is not waited for forever", async () => {
  const { leases, clock, turn, waits } = rig();
  const first = turn("first");
  await first.begin();
  const second = turn("second");
  const begun = second.begin();
  await waited(waits);
  await clock.advance(10 * LEASE_MS);
  await waited(waits, waits.length + 3);
  assert.equal(leases.lease?.spec?.holderIdentity, "first");
  assert.equal(first.signal.aborted, false);
  // As another client would: nobody renews this one.
  leases.store({ holderIdentity: "dead", leaseDurationSeconds: 15 });
  await waited(waits, waits.length + 3);
  await clock.advance(LEASE_MS);
  assert.equal(await begun, true);
  assert.equal(leases.lease?.spec?.holderIdentity, "second");
  await second[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
});

Deno.test("whoever has lost the turn stops, and takes nothing of the next one away", async () => {
  const { leases, clock, turn } = rig();
  const mine = turn("mine");
  await mine.begin();
  leases.store({ holderIdentity: "other", leaseDurationSeconds: 15 });
  await clock.advance(LEASE_MS);
  assert.ok(mine.signal.aborted);
  assert.ok(mine.signal.reason instanceof InstallError);
  assert.match(mine.signal.reason.message, /^other may be at work in ns by now.*run it again/);
  await mine[Symbol.asyncDispose]();
  assert.equal(leases.lease?.spec?.holderIdentity, "other");
});

Deno.test("an API server that is away for a while costs nobody the turn; one that stays away does", async () => {
  const { leases, clock, turn } = rig();
  let isAway = false;
  const client = leases.client({
    fault: (verb) => {
      if (isAway) throw unreachable(verb);
    },
  });
  const mine = turn("mine", { client });
  await mine.begin();
  isAway = true;
  await clock.advance(LEASE_MS * 2 / 3);
  isAway = false;
  await clock.advance(LEASE_MS);
  assert.equal(mine.signal.aborted, false);
  isAway = true;
  await clock.advance(LEASE_MS * 2);
  assert.ok(mine.signal.aborted);
  assert.match(mine.signal.reason.message, /^somebody else may be at work/);
  await mine[Symbol.asyncDispose]();
});

Deno.test("a last write of which nothing was heard is ours, too", async () => {
  const { leases, clock, turn } = rig();
  let isLost = false;
  const client = leases.client({
    afterwards: (verb) => {
      if (isLost && verb === "update") throw unreachable(verb);
    },
  });
  const mine = turn("mine", { client });
  await mine.begin();
  isLost = true;
  await clock.advance(LEASE_MS / 3);
  await settle();
  await mine[Symbol.asyncDispose]();
  assert.equal(leases.lease, undefined);
});

Deno.test("where there is no namespace yet, or it is ending, there is nothing to wait for, and it can begin later", async () => {
  const { leases, turn, lines } = rig();
  let refused: Error | undefined = refusal(404, "NotFound");
  const client = leases.client({
    fault: (verb) => {
      if (refused !== undefined && verb === "create") throw refused;
    },
  });
  const mine = turn("mine", { client });
  assert.equal(await mine.begin(), false);
  refused = Object.assign(refusal(403, "Forbidden"), { message: "namespace ns is being terminated" });
  assert.equal(await mine.begin(), false);
  refused = undefined;
  assert.equal(await mine.begin(), true);
  await mine[Symbol.asyncDispose]();
  assert.deepEqual([leases.lease, lines], [undefined, []]);
});

Deno.test("who may not write Leases goes on, and is told once that nobody is waited for", async () => {
  const { leases, turn, lines } = rig();
  const client = leases.client({
    fault: (verb) => {
      if (verb === "create") throw refusal(403, "Forbidden");
    },
  });
  const mine = turn("mine", { client });
  assert.deepEqual([await mine.begin(), await mine.begin()], [false, false]);
  assert.deepEqual(lines, [
    "you may not write leases in ns: nobody else is to install there at this moment",
  ]);
  await mine[Symbol.asyncDispose]();
});

Deno.test("who may not delete the Lease gives it back", async () => {
  const { leases, turn } = rig();
  const client = leases.client({
    fault: (verb) => {
      if (verb === "delete") throw refusal(403, "Forbidden");
    },
  });
  const mine = turn("mine", { client });
  await mine.begin();
  await mine[Symbol.asyncDispose]();
  assert.equal(leases.lease?.spec?.holderIdentity, "");
  const next = turn("next");
  assert.equal(await next.begin(), true);
  await next[Symbol.asyncDispose]();
});

Deno.test("who has waited long enough is told for whom", async () => {
  const { leases, turn, waits } = rig();
  leases.store({ holderIdentity: "ann@laptop_1", leaseDurationSeconds: 15 });
  const late = new AbortController();
  const mine = turn("mine", { signal: late.signal });
  const begun = mine.begin();
  await waited(waits);
  late.abort(new DOMException("late", "TimeoutError"));
  await assert.rejects(begun, (error) =>
    error instanceof InstallError &&
    /in ns: ann@laptop_1 is at work there \(the time for it is over\)/.test(
      error.message,
    ));
  await mine[Symbol.asyncDispose]();
  assert.equal(leases.lease?.spec?.holderIdentity, "ann@laptop_1");
});
