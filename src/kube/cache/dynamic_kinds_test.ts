import assert from "node:assert/strict";
import { CRD_OPTIONS, CRD_TYPE, DynamicKinds } from "./dynamic_kinds.ts";
import { createSharedCache } from "./shared_cache.ts";
import { FakeApi, refusal } from "../testing/fake_api.ts";
import { ManualClock, settle } from "../testing/manual_clock.ts";
import { Widgets } from "../testing/objects.ts";

const CRD = { metadata: { name: "widgets.example.com" } };

/** Dynamic kinds on a server in memory that serves no widgets at first. */
async function dynamic(options: { crdsAllowed?: boolean } = {}) {
  const api = new FakeApi();
  api.serve(CRD_TYPE, true);
  api.serve(Widgets, false);
  if (options.crdsAllowed === false) {
    api.fail("watch", refusal(403, "Forbidden"), Infinity);
    api.fail("list", refusal(403, "Forbidden"), Infinity);
  }
  const clock = new ManualClock();
  const abort = new AbortController();
  const cache = createSharedCache({ client: api.client, clock, freeze: true, retry: { random: () => 0.5 } });
  const crds = cache.informer(CRD_TYPE, CRD_OPTIONS);
  const kinds = new DynamicKinds({ client: api.client, crds: () => crds, clock, random: () => 0.5 });
  cache.start(abort.signal);
  await settle();
  const stop = async () => {
    abort.abort(new Error("stop"));
    await cache.whenStopped();
    await settle();
    assert.equal(clock.sleeping, 0, "no timer is left");
  };
  /** Waits for widgets; `answers` collects what discovery said before. */
  const wait = (urgent = true) => {
    const answers: unknown[] = [];
    let served = false;
    const done = kinds.whenServed(Widgets, abort.signal, { urgent, onAnswer: (error) => answers.push(error) })
      .then(() => served = true);
    done.catch(() => {});
    return { answers, done, isServed: () => served };
  };
  return { api, clock, kinds, crds, wait, stop, signal: abort.signal };
}

Deno.test("discovery decides whether a kind is served", async () => {
  const { api, kinds, stop, signal } = await dynamic();
  assert.equal(await kinds.isServed(Widgets, signal), false);
  api.serve(Widgets, true);
  assert.equal(await kinds.isServed(Widgets, signal), true);
  assert.equal(
    await kinds.isServed({ ...Widgets, plural: "gadgets" }, signal),
    false,
    "its group is, it is not",
  );
  assert.deepEqual([
    ...new Set(api.calls.filter(({ verb }) => verb === "raw").map(({ resource }) => resource)),
  ], [
    "/apis/example.com/v1",
  ]);
  await stop();
});

Deno.test("an answer that is no list of resources is no answer", async () => {
  const kinds = new DynamicKinds({
    client: { raw: () => Promise.resolve({ resources: "none" }) },
    crds: () => assert.fail("not needed"),
  });
  const { signal } = new AbortController();
  await assert.rejects(
    kinds.isServed({ ...Widgets, group: "" }, signal),
    /GET \/api\/v1: the answer is not a list/,
  );
});

Deno.test("a kind that is served already is not waited for", async () => {
  const { api, wait, stop } = await dynamic();
  api.serve(Widgets, true);
  const { done, answers } = wait();
  await done;
  assert.deepEqual(answers, []);
  await stop();
});

Deno.test("a kind starts within moments of its CRD, though discovery follows a little later", async () => {
  const { api, clock, wait, isServedSoon, stop } = { ...await dynamic(), isServedSoon: 1_000 };
  const waiting = wait(false);
  await clock.advance(20_000);
  assert.equal(waiting.isServed(), false);
  const before = clock.now();
  api.put(CRD_TYPE, CRD);
  await clock.advance(400);
  assert.equal(waiting.isServed(), false);
  api.serve(Widgets, true);
  await clock.until(waiting.isServed, "the kind");
  assert.ok(clock.now() - before <= isServedSoon, `took ${clock.now() - before} ms`);
  await stop();
});

Deno.test("while there is no CRD of that name discovery is asked twice a minute", async () => {
  const { api, clock, wait, stop } = await dynamic();
  wait();
  await clock.advance(10_000);
  const asked = api.count("raw");
  await clock.advance(300_000);
  assert.ok(api.count("raw") - asked <= 11, `asked ${api.count("raw") - asked} times in 5 minutes`);
  assert.ok(api.count("raw") - asked >= 9, "it does ask, as an aggregated API has no CRD");
  await stop();
});

for (const [urgent, withinMs] of [[true, 5_000], [false, 30_000]] as const) {
  Deno.test(`where CRDs may not be watched, ${urgent ? "a needed" : "an optional"} kind is found within ${withinMs} ms`, async () => {
    const { api, clock, wait, stop } = await dynamic({ crdsAllowed: false });
    const waiting = wait(urgent);
    await clock.advance(200_000);
    api.serve(Widgets, true);
    const before = clock.now();
    await clock.until(waiting.isServed, "the kind");
    assert.ok(clock.now() - before <= withinMs, `took ${clock.now() - before} ms`);
    await stop();
  });
}

Deno.test("every answer is told: null for a plain no, else the error", async () => {
  const { api, clock, wait, stop } = await dynamic({ crdsAllowed: false });
  const error = refusal(503, "ServiceUnavailable");
  api.fail("raw", error);
  const { answers } = wait();
  await settle();
  assert.deepEqual(answers, [error]);
  await clock.advance(1_000);
  assert.equal(answers[1], null);
  await stop();
});

Deno.test("an abort ends the waiting with its reason", async () => {
  const { wait, stop } = await dynamic();
  const { done } = wait();
  await settle();
  await stop();
  await assert.rejects(done, /stop/);
});

Deno.test("a kind is gone when its CRD is, and discovery agrees", async () => {
  const { api, clock, kinds, stop, signal } = await dynamic();
  kinds.onCrdChange(Widgets, () => {});
  await settle();
  assert.equal(await kinds.isGone(Widgets, signal), true);
  assert.equal(clock.now(), 0, "without a second question");
  api.serve(Widgets, true);
  assert.equal(await kinds.isGone(Widgets, signal), false);
  await stop();
});

Deno.test("a kind whose CRD is there is gone only when discovery says so twice", async () => {
  const { api, clock, kinds, stop, signal } = await dynamic();
  kinds.onCrdChange(Widgets, () => {});
  api.put(CRD_TYPE, CRD);
  await settle();
  const gone = kinds.isGone(Widgets, signal);
  await clock.advance(1_999);
  api.serve(Widgets, true);
  await clock.advance(1);
  assert.equal(await gone, false, "the server was only starting");
  api.serve(Widgets, false);
  const really = kinds.isGone(Widgets, signal);
  await clock.advance(2_000);
  assert.equal(await really, true);
  await stop();
});

Deno.test("where discovery gives no answer nothing counts as gone", async () => {
  const { api, kinds, stop, signal } = await dynamic();
  api.fail("raw", refusal(503, "ServiceUnavailable"), Infinity);
  assert.equal(await kinds.isGone(Widgets, signal), false);
  kinds.onCrdChange(Widgets, () => {});
  await settle();
  assert.equal(await kinds.hasGoneWithCrd(Widgets, signal), false);
  await stop();
});

Deno.test("after a CRD went, discovery may lag before the kind counts as gone", async () => {
  const { api, clock, kinds, stop, signal } = await dynamic();
  kinds.onCrdChange(Widgets, () => {});
  api.serve(Widgets, true);
  await settle();
  const gone = kinds.hasGoneWithCrd(Widgets, signal);
  await clock.advance(600);
  api.serve(Widgets, false);
  await clock.advance(2_000);
  assert.equal(await gone, true);
  await stop();
});

Deno.test("a CRD that is there takes nothing with it", async () => {
  const { api, kinds, stop, signal } = await dynamic();
  kinds.onCrdChange(Widgets, () => {});
  api.put(CRD_TYPE, CRD);
  await settle();
  assert.equal(await kinds.hasGoneWithCrd(Widgets, signal), false);
  assert.equal(api.count("raw"), 0);
  await stop();
});

Deno.test("listeners hear of their own CRD coming, changing and going, until they end", async () => {
  const { api, kinds, stop } = await dynamic();
  let heard = 0;
  const end = kinds.onCrdChange(Widgets, () => heard++);
  const endToo = kinds.onCrdChange(Widgets, () => {});
  api.put(CRD_TYPE, { metadata: { name: "others.example.com" } });
  api.put(CRD_TYPE, CRD);
  api.put(CRD_TYPE, CRD);
  api.delete(CRD_TYPE, { namespace: "", name: "widgets.example.com" });
  await settle();
  assert.equal(heard, 3);
  end();
  endToo();
  api.put(CRD_TYPE, CRD);
  await settle();
  assert.equal(heard, 3);
  await stop();
});

Deno.test("of CRDs the cache keeps names alone", async () => {
  const { api, crds, stop } = await dynamic();
  api.put(CRD_TYPE, {
    metadata: { ...CRD.metadata, annotations: { big: "x".repeat(1000) }, labels: { a: "b" } },
  });
  await settle();
  assert.deepEqual(Object.keys(crds.list()[0]!.metadata).sort(), ["name", "resourceVersion", "uid"]);
  await stop();
});
