import assert from "node:assert/strict";
import { FakeClock, settle } from "../telemetry/testing/fake_clock.ts";
import { WorkQueue, type WorkQueueOptions } from "./work_queue.ts";

function queue(options: Partial<WorkQueueOptions<string>> = {}) {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue<string>({ id: (key) => key, clock, random: () => 1, ...options }) };
}

/** What `get` gives at once, or "nothing yet". */
async function now(promise: Promise<{ key: string } | undefined>): Promise<string | undefined> {
  const item = await Promise.race([promise, settle().then(() => ({ key: "nothing yet" }))]);
  return item?.key;
}

Deno.test("a key that is added many times is handed out once", async () => {
  const { queue: q } = queue();
  for (let round = 0; round < 5; round++) q.add("a");
  assert.equal(q.depth, 1);
  assert.deepEqual(await q.get(), { key: "a", priority: 0 });
  assert.equal(await now(q.get()), "nothing yet");
});

Deno.test("a worker that waits gets the next key at once, workers in the order in which they came", async () => {
  const { queue: q } = queue();
  const [first, second] = [q.get(), q.get()];
  q.add("a");
  q.add("b");
  assert.deepEqual([(await first)!.key, (await second)!.key], ["a", "b"]);
});

Deno.test("what is added in the same breath is merged and goes by priority, also where workers wait", async () => {
  const { queue: q } = queue();
  const waiting = q.get();
  q.add("listed", { priority: -100 });
  q.add("live");
  q.add("live");
  assert.equal((await waiting)!.key, "live");
  q.done("live");
  assert.equal((await q.get())!.key, "listed");
  assert.equal(await now(q.get()), "nothing yet");
});

Deno.test("a key that is added while a worker has it is handed out again after done, not before", async () => {
  const { queue: q } = queue();
  q.add("a");
  await q.get();
  q.add("a");
  assert.equal(q.depth, 1);
  assert.equal(q.inHand, 1);
  const next = q.get();
  assert.equal(await now(next), "nothing yet");
  q.done("a");
  assert.equal((await next)!.key, "a");
  q.done("a");
  assert.equal(q.depth + q.inHand, 0);
});

Deno.test("higher priorities go first and merging keeps the highest", async () => {
  const { queue: q } = queue();
  q.add("listed", { priority: -100 });
  q.add("raised", { priority: -100 });
  q.add("live");
  q.add("raised", { priority: 5 });
  q.add("raised", { priority: -100 });
  const order = [await q.get(), await q.get(), await q.get()];
  assert.deepEqual(order, [
    { key: "raised", priority: 5 },
    { key: "live", priority: 0 },
    { key: "listed", priority: -100 },
  ]);
});

Deno.test("a key that is added for later comes at its time, by one timer for all", async () => {
  const { clock, queue: q } = queue();
  q.add("later", { afterMs: 100 });
  q.add("sooner", { afterMs: 50 });
  q.add("latest", { afterMs: 100.5 });
  assert.equal(clock.pendingTimers, 1);
  const first = q.get();
  await clock.advance(49);
  assert.equal(await now(first), "nothing yet");
  await clock.advance(1);
  assert.equal(await now(first), "sooner");
  const second = q.get();
  await clock.advance(50);
  assert.equal(await now(second), "later");
  await clock.advance(1);
  assert.equal(await now(q.get()), "latest");
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("merging keeps the soonest time", async () => {
  const { clock, queue: q } = queue();
  q.add("a", { afterMs: 100 });
  q.add("a", { afterMs: 20 });
  q.add("a", { afterMs: 60 });
  await clock.advance(20);
  assert.equal(await now(q.get()), "a");
  q.done("a");
  q.add("b", { afterMs: 1_000, priority: -100 });
  q.add("b");
  assert.deepEqual(await q.get(), { key: "b", priority: 0 });
  q.done("b");
  await clock.advance(2_000);
  assert.equal(await now(q.get()), "nothing yet");
});

Deno.test("a key that falls due while its worker has it waits for done", async () => {
  const { clock, queue: q } = queue();
  q.add("a");
  await q.get();
  q.add("a", { afterMs: 10 });
  await clock.advance(10);
  assert.equal(await now(q.get()), "nothing yet");
  q.done("a");
  await settle();
  assert.equal(q.inHand, 1, "the waiting worker has it");
});

Deno.test("a key that is done before it falls due is still handed out at its time", async () => {
  const { clock, queue: q } = queue();
  q.add("a");
  await q.get();
  q.add("a", { afterMs: 10 });
  q.done("a");
  const next = q.get();
  await clock.advance(10);
  assert.equal(await now(next), "a");
});

Deno.test("failures wait longer each time, and forget() starts anew", async () => {
  const { queue: q } = queue();
  assert.deepEqual([q.addRateLimited("a"), q.addRateLimited("a"), q.addRateLimited("a")], [5, 10, 20]);
  assert.equal(q.failures("a"), 3);
  assert.equal(q.failures("b"), 0);
  q.forget("a");
  assert.equal(q.failures("a"), 0);
  assert.equal(q.addRateLimited("a"), 5);
  assert.equal(await now(q.get()), "nothing yet");
});

Deno.test("a wait that a server asked for is kept where it is longer than the back-off", () => {
  const { queue: q } = queue({ backoff: { baseMs: 100 } });
  assert.equal(q.addRateLimited("a", { atLeastMs: 5_000 }), 5_000);
  assert.equal(q.addRateLimited("b", { atLeastMs: 1 }), 100);
});

Deno.test("get() ends without a key when its signal aborts, and loses none", async () => {
  const { queue: q } = queue();
  const abort = new AbortController();
  const waiting = q.get(abort.signal);
  abort.abort();
  assert.equal(await waiting, undefined);
  assert.equal(await q.get(abort.signal), undefined);
  q.add("a");
  assert.equal((await q.get())!.key, "a");
});

Deno.test("after shut-down nothing is handed out or taken in, and it resolves when all is handed back", async () => {
  const { clock, queue: q } = queue();
  q.add("in hand");
  q.add("queued");
  q.add("later", { afterMs: 10 });
  await q.get();
  const waiting = q.get();
  assert.equal((await waiting)!.key, "queued");
  const idle = q.get();
  let drained = false;
  const shut = q.shutDown().then(() => drained = true);
  assert.equal(await idle, undefined);
  assert.equal(await q.get(), undefined);
  q.add("in hand");
  q.addRateLimited("new");
  assert.equal(clock.pendingTimers, 0);
  q.done("queued");
  await settle();
  assert.equal(drained, false);
  q.done("in hand");
  await shut;
  await q.shutDown();
  assert.equal(q.closed, true);
  assert.equal(q.depth + q.inHand, 0);
});

Deno.test("handing back a key that nobody has does nothing", async () => {
  const { queue: q } = queue();
  q.done("never seen");
  q.add("a");
  q.done("a");
  assert.equal(q.inHand, 0);
  assert.equal((await q.get())!.key, "a");
});

Deno.test("depths, ages and times in hand are told for the metrics", async () => {
  const { clock, queue: q } = queue();
  assert.equal(q.waitingFor(), 0);
  q.add("a");
  await q.get();
  q.add("a");
  q.add("b", { priority: -100 });
  await clock.advance(30);
  assert.deepEqual([...q.depths()].sort(), [[-100, 1], [0, 1]]);
  assert.deepEqual([...q.workingFor()], [30]);
  assert.equal(q.waitingFor(), 30);
});
