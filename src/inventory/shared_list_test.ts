/** One list and many who ask for it: sharing, ends, failures, changes. */
import assert from "node:assert/strict";
import { htmlPage, tooManyRequests } from "../../tests/fake-coder/mod.ts";
import { type InventoryRig, KEYS, PROXIES, startInventoryRig } from "../../tests/inventory/rig.ts";
import type { Ask } from "./mod.ts";

const keys = (rig: InventoryRig, ask: Partial<Ask> = {}) =>
  rig.listings.keys(rig.place, "default", { signal: rig.signal, ...ask });

/** Holds back the next request for keys until it is let go. */
function holdBack(rig: InventoryRig): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.coder.fake.faults.add({ route: KEYS, method: "GET", action: { do: "delay", until: promise } });
  return resolve;
}

/** Requests for keys that ended so. */
const count = async (rig: InventoryRig, outcome: string) =>
  await rig.coder.sample("coder_k8s_coder_lists_total", { kind: "keys", outcome }) ?? 0;

const fifteen = Array.from({ length: 15 }, (_, index) => index);

Deno.test("fifteen who ask at once share one request", async () => {
  await using rig = await startInventoryRig();
  const letGo = holdBack(rig);
  const answers = fifteen.map(() => keys(rig));
  await rig.arrived(1);
  letGo();
  for (const answer of await Promise.all(answers)) assert.equal(answer.isNewEnough, true);
  assert.equal(rig.sent(KEYS), 1);
});

Deno.test("one who goes away leaves the others their answer", async () => {
  await using rig = await startInventoryRig();
  const letGo = holdBack(rig);
  const stop = new AbortController();
  const gone = keys(rig, { signal: stop.signal });
  const stays = keys(rig);
  await rig.arrived(1);
  stop.abort(new Error("no time"));
  await assert.rejects(gone, /no time/);
  letGo();
  assert.equal((await stays).isNewEnough, true);
  assert.equal(rig.sent(KEYS), 1);
});

Deno.test("when all have gone the request ends, and says nothing to those who come later", async () => {
  await using rig = await startInventoryRig();
  const letGo = holdBack(rig);
  const stop = new AbortController();
  const gone = [keys(rig, { signal: stop.signal }), keys(rig, { signal: stop.signal })];
  await rig.arrived(1);
  stop.abort(new Error("no time"));
  for (const one of gone) await assert.rejects(one, /no time/);
  const later = await keys(rig);
  assert.deepEqual([later.isNewEnough, later.failure], [true, undefined]);
  letGo();
  assert.equal(rig.sent(KEYS), 2);
  assert.deepEqual([await count(rig, "abandoned"), await count(rig, "failed")], [1, 0]);
});

Deno.test("who has gone before asking sends nothing", async () => {
  await using rig = await startInventoryRig();
  await assert.rejects(keys(rig, { signal: AbortSignal.abort(new Error("gone")) }), /gone/);
  assert.equal(rig.sent(), 0);
});

Deno.test("after 429 all are told when to come back, and nobody asks before", async () => {
  await using rig = await startInventoryRig();
  rig.coder.fake.faults.add({ route: KEYS, action: tooManyRequests(60) });
  for (const _ of fifteen) {
    const { latest, failure, isNewEnough, lookAgainMs } = await keys(rig);
    assert.deepEqual([latest, isNewEnough, lookAgainMs], [undefined, false, 60_000]);
    assert.deepEqual([failure?.error.kind, failure?.failures, failure?.retryInMs], [
      "rateLimited",
      1,
      60_000,
    ]);
  }
  rig.clock.advanceSync(59_999);
  assert.equal((await keys(rig)).failure?.retryInMs, 1);
  assert.equal(rig.sent(KEYS), 1);
  rig.clock.advanceSync(1);
  assert.equal((await keys(rig)).isNewEnough, true);
  assert.equal(rig.sent(KEYS), 2);
});

Deno.test("while Coder limits requests, a change does not make anybody ask sooner", async () => {
  await using rig = await startInventoryRig();
  rig.coder.fake.faults.add({ route: KEYS, action: tooManyRequests(60) });
  await keys(rig);
  rig.clock.advanceSync(10_000);
  const { lookAgainMs } = await keys(rig, { newerThan: rig.wall() });
  assert.equal(lookAgainMs, 50_000);
  assert.equal(rig.sent(KEYS), 1);
});

Deno.test("a request that the client held back is waited for, and no further failure", async () => {
  await using rig = await startInventoryRig({ requestTimeoutMs: 1_000 });
  rig.coder.fake.faults.add({ route: KEYS, method: "POST", action: tooManyRequests(20) });
  await assert.rejects(rig.coder.client.provisioners.createKey("default", { name: "a" }));
  const { failure, lookAgainMs } = await keys(rig);
  assert.deepEqual([failure?.error.reason, failure?.failures, lookAgainMs], ["held", 1, 20_000]);
  rig.clock.advanceSync(lookAgainMs);
  assert.equal((await keys(rig)).isNewEnough, true);
});

Deno.test("lost answers: few tries, at growing distances, until one gets through", async () => {
  await using rig = await startInventoryRig();
  const { faults } = rig.coder.fake;
  const end = faults.add({ route: KEYS, times: Infinity, action: { do: "loseAnswer" } });
  const waits: number[] = [];
  for (let visit = 0; visit < 3; visit++) {
    const answers = await Promise.all(fifteen.map(() => keys(rig)));
    for (const { failure } of answers) assert.equal(failure?.error.kind, "unavailable");
    const [wait, ...others] = new Set(answers.map(({ lookAgainMs }) => lookAgainMs));
    assert.deepEqual(others, []);
    waits.push(wait!);
    rig.clock.advanceSync(wait!);
  }
  assert.deepEqual(waits, [5_000, 40_000, 80_000]);
  assert.equal(await count(rig, "failed"), 3);
  end();
  assert.equal((await keys(rig)).isNewEnough, true);
  // What was is over.
  rig.clock.advanceSync(60_000);
  faults.add({ route: KEYS, times: Infinity, action: { do: "truncate" } });
  assert.equal((await keys(rig)).lookAgainMs, 5_000);
});

Deno.test("the last list stays while no newer one can be had", async () => {
  await using rig = await startInventoryRig();
  const first = await keys(rig);
  rig.clock.advanceSync(60_000);
  rig.coder.fake.faults.add({ route: KEYS, times: Infinity, action: htmlPage(502, "Bad Gateway") });
  const { latest, isNewEnough, failure } = await keys(rig);
  assert.deepEqual(latest, first.latest);
  assert.deepEqual([isNewEnough, failure?.error.reason], [false, "notCoder"]);
  // Whoever takes an older one has no failure.
  const content = await keys(rig, { maxAgeMs: 120_000 });
  assert.deepEqual([content.isNewEnough, content.failure, content.lookAgainMs], [true, undefined, 60_000]);
});

Deno.test("an answer in a form that is not understood is a failure like others", async () => {
  await using rig = await startInventoryRig();
  rig.coder.fake.faults.add({ route: KEYS, action: { do: "body", body: `[{"id":"x","name":""}]` } });
  const { latest, failure } = await keys(rig);
  assert.deepEqual([latest, failure?.error.kind, failure?.retryInMs], [undefined, "badResponse", 60_000]);
});

Deno.test("where the licence is missing, a change is reason enough to look again, once", async () => {
  await using rig = await startInventoryRig({ licensed: false });
  assert.equal((await keys(rig)).failure?.error.reason, "notEntitled");
  rig.clock.advanceSync(10_000);
  assert.equal((await keys(rig)).lookAgainMs, 50_000);
  assert.equal(rig.sent(KEYS), 1);
  const changedAt = rig.wall() - 1_000;
  for (const _ of fifteen) {
    const { failure } = await keys(rig, { newerThan: changedAt });
    assert.deepEqual([failure?.failures, failure?.retryInMs], [2, 120_000]);
  }
  assert.equal(rig.sent(KEYS), 2);
});

Deno.test("after a change only a list that was sent later will do, and it comes at once", async () => {
  await using rig = await startInventoryRig();
  const old = await keys(rig);
  rig.clock.advanceSync(10_000);
  await rig.coder.client.provisioners.createKey("default", { name: "a" });
  const changedAt = rig.wall();
  rig.clock.advanceSync(1);
  assert.deepEqual((await keys(rig)).latest, old.latest);
  const { latest, isNewEnough } = await keys(rig, { newerThan: changedAt });
  assert.equal(isNewEnough, true);
  assert.deepEqual(latest?.keys.map(({ name }) => name), ["a"]);
  assert.ok(latest !== undefined && latest.takenAt > changedAt);
});

Deno.test("many changes one after the other share lists, some seconds apart", async () => {
  await using rig = await startInventoryRig();
  await keys(rig);
  let last = 0;
  for (const _ of fifteen) {
    rig.clock.advanceSync(199);
    last = rig.wall();
    rig.clock.advanceSync(1);
    await keys(rig, { newerThan: last });
  }
  // Three seconds: one request at the start, one for those after two.
  assert.equal(rig.sent(KEYS), 2);
  const { isNewEnough, lookAgainMs, failure } = await keys(rig, { newerThan: last });
  assert.deepEqual([isNewEnough, lookAgainMs, failure], [false, 1_000, undefined]);
  rig.clock.advanceSync(lookAgainMs);
  assert.equal((await keys(rig, { newerThan: last })).isNewEnough, true);
});

Deno.test("a list that is on its way since before a change is waited for, and then another one", async () => {
  await using rig = await startInventoryRig({ freshGapMs: 100 });
  const letGo = holdBack(rig);
  const early = keys(rig);
  await rig.arrived(1);
  rig.clock.advanceSync(100);
  await rig.coder.client.provisioners.createKey("default", { name: "a" });
  const changedAt = rig.wall();
  rig.clock.advanceSync(1);
  const late = keys(rig, { newerThan: changedAt });
  letGo();
  assert.equal((await early).isNewEnough, true);
  assert.deepEqual((await late).latest?.keys.map(({ name }) => name), ["a"]);
  assert.equal(rig.sent(KEYS), 3);
});

Deno.test("a change at a time to come counts as one of now", async () => {
  await using rig = await startInventoryRig();
  await keys(rig);
  rig.clock.advanceSync(3_000);
  const { isNewEnough, lookAgainMs } = await keys(rig, { newerThan: rig.wall() + 3_600_000 });
  assert.deepEqual([isNewEnough, lookAgainMs], [false, 2_000]);
  assert.equal(rig.sent(KEYS), 2);
});

Deno.test("a list from before the wall clock was set back is not taken for a later one", async () => {
  await using rig = await startInventoryRig();
  await keys(rig);
  rig.clock.advanceSync(10_000);
  rig.setWall(-3_600_000);
  await rig.coder.client.provisioners.createKey("default", { name: "a" });
  const changedAt = rig.wall();
  rig.clock.advanceSync(1_000);
  const kept = await keys(rig);
  assert.equal(kept.latest?.takenAt, rig.wall() - 11_000);
  const { latest } = await keys(rig, { newerThan: changedAt });
  assert.deepEqual(latest?.keys.map(({ name }) => name), ["a"]);
});

Deno.test("who wants a list of now gets one that is sent now, in its turn", async () => {
  await using rig = await startInventoryRig();
  const first = await keys(rig, { maxAgeMs: 0 });
  assert.deepEqual([first.isNewEnough, first.lookAgainMs], [true, 2_000]);
  rig.clock.advanceSync(2_000);
  const second = await keys(rig, { maxAgeMs: 0 });
  assert.deepEqual([second.isNewEnough, second.lookAgainMs], [false, 58_000]);
  assert.equal(rig.sent(KEYS), 1);
});

Deno.test("a list that takes longer than it may be old is good enough for those who waited for it", async () => {
  await using rig = await startInventoryRig();
  const letGo = holdBack(rig);
  const answer = keys(rig, { maxAgeMs: 1_000 });
  await rig.arrived(1);
  rig.clock.advanceSync(5_000);
  letGo();
  assert.equal((await answer).isNewEnough, true);
  assert.equal(rig.sent(KEYS), 1);
});

Deno.test("a request that hangs ends by itself", async () => {
  await using rig = await startInventoryRig({ requestTimeoutMs: 50 });
  rig.coder.fake.faults.add({ route: PROXIES, action: { do: "hang" } });
  const { failure } = await rig.listings.proxies(rig.place, rig);
  assert.equal(failure?.error.reason, "timeout");
});

Deno.test("a mistake of our own is thrown, and not remembered as one of Coder's", async () => {
  await using rig = await startInventoryRig();
  const listKeys = () => Promise.reject(new TypeError("mistake"));
  const { provisioners } = rig.place.client;
  const broken = {
    ...rig.place,
    client: { ...rig.place.client, provisioners: { ...provisioners, listKeys } },
  };
  const asks = [1, 2].map(() => rig.listings.keys(broken, "default", rig));
  for (const ask of asks) await assert.rejects(ask, /mistake/);
  assert.equal((await keys(rig)).isNewEnough, true);
});
