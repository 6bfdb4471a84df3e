import assert from "node:assert/strict";
import { createRateLimiter, RateLimitError } from "./rate_limiter.ts";
import { ManualClock, settle } from "../testing/manual_clock.ts";

function limiterOf(qps: number, burst?: number) {
  const clock = new ManualClock();
  return { clock, limiter: createRateLimiter({ qps, burst, clock }) };
}

Deno.test("a full bucket admits its burst at once and then holds back", async () => {
  const { clock, limiter } = limiterOf(2, 3);
  assert.deepEqual(await Promise.all([limiter.acquire(), limiter.acquire(), limiter.acquire()]), [0, 0, 0]);
  let waited: number | undefined;
  const fourth = limiter.acquire().then((ms) => waited = ms);
  await clock.advance(499);
  assert.equal(waited, undefined);
  await clock.advance(1);
  await fourth;
  assert.equal(waited, 500);
});

Deno.test("waiting calls are admitted in the order in which they came, at the given rate", async () => {
  const { clock, limiter } = limiterOf(10, 1);
  await limiter.acquire();
  const order: [number, number][] = [];
  for (const call of [1, 2, 3, 4]) void limiter.acquire().then(() => order.push([call, clock.now()]));
  assert.equal(limiter.waiting, 4);
  await clock.advance(1_000);
  assert.deepEqual(order, [[1, 100], [2, 200], [3, 300], [4, 400]]);
  assert.equal(limiter.waiting, 0);
});

Deno.test("a call that comes while others wait does not overtake them", async () => {
  const { clock, limiter } = limiterOf(1, 1);
  await limiter.acquire();
  const order: string[] = [];
  void limiter.acquire().then(() => order.push("first"));
  await clock.advance(999);
  void limiter.acquire().then(() => order.push("second"));
  await clock.advance(1);
  assert.deepEqual(order, ["first"]);
  await clock.advance(1_000);
  assert.deepEqual(order, ["first", "second"]);
});

Deno.test("the bucket fills up in quiet times, but never beyond its burst", async () => {
  const { clock, limiter } = limiterOf(1, 2);
  await limiter.acquire();
  await limiter.acquire();
  await clock.advance(60_000);
  assert.deepEqual(await Promise.all([limiter.acquire(), limiter.acquire()]), [0, 0]);
  let third = false;
  void limiter.acquire().then(() => third = true);
  await settle();
  assert.equal(third, false);
  await clock.advance(1_000);
  assert.equal(third, true);
});

Deno.test("an aborted call leaves the queue and costs no token", async () => {
  const { clock, limiter } = limiterOf(1, 1);
  await limiter.acquire();
  const abort = new AbortController();
  const aborted = limiter.acquire(abort.signal);
  let admittedAt = -1;
  void limiter.acquire().then(() => admittedAt = clock.now());
  abort.abort(new Error("not wanted any more"));
  await assert.rejects(aborted, /not wanted any more/);
  assert.equal(limiter.waiting, 1);
  await clock.advance(1_000);
  assert.equal(admittedAt, 1_000);
});

Deno.test("a signal that has aborted already is refused without waiting", async () => {
  const { limiter } = limiterOf(1, 1);
  await assert.rejects(limiter.acquire(AbortSignal.abort(new Error("too late"))), /too late/);
  assert.equal(await limiter.acquire(), 0, "no token was used");
});

Deno.test("a call whose turn would come after its deadline is refused at once", async () => {
  const { clock, limiter } = limiterOf(1, 1);
  await limiter.acquire();
  void limiter.acquire();
  await assert.rejects(limiter.acquire(undefined, 1_500), RateLimitError);
  let admitted = false;
  void limiter.acquire(undefined, 2_000).then(() => admitted = true);
  await clock.advance(2_000);
  assert.equal(admitted, true);
});

Deno.test("the refusal names the limit and how many are waiting", async () => {
  const { limiter } = limiterOf(4, 1);
  await limiter.acquire();
  await assert.rejects(limiter.acquire(undefined, 10), /4 calls a second, 0 waiting/);
});

Deno.test("a rate of zero or less is no limit", async () => {
  for (const qps of [0, -1, Number.NaN]) {
    const { limiter } = limiterOf(qps);
    const waits = await Promise.all(Array.from({ length: 1_000 }, () => limiter.acquire()));
    assert.ok(waits.every((ms) => ms === 0));
    await assert.rejects(limiter.acquire(AbortSignal.abort(new Error("ended"))), /ended/);
  }
});

Deno.test("the burst is twice the rate where it is not given, and at least one", async () => {
  const { limiter } = limiterOf(3);
  const sixth = Promise.all(Array.from({ length: 6 }, () => limiter.acquire()));
  assert.deepEqual(await sixth, [0, 0, 0, 0, 0, 0]);
  await assert.rejects(limiter.acquire(undefined, 1), RateLimitError);
  const slow = limiterOf(0.1).limiter;
  assert.equal(await slow.acquire(), 0);
});

Deno.test("many waiting calls are admitted at the rate, with one timer", async () => {
  const { clock, limiter } = limiterOf(100, 1);
  let admitted = 0;
  for (let call = 0; call < 200; call++) void limiter.acquire().then(() => admitted++);
  await settle();
  assert.equal(clock.sleeping, 1);
  await clock.advance(1_000);
  assert.equal(admitted, 101);
  await clock.advance(1_000);
  assert.equal(admitted, 200);
  assert.equal(clock.sleeping, 0);
});
