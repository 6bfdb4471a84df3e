import assert from "node:assert/strict";
import { PrometheusMetrics } from "../telemetry/prometheus.ts";
import { FakeClock, settle } from "../telemetry/testing/fake_clock.ts";
import { below, seededRandom } from "../telemetry/testing/random.ts";
import { createBudget, type Permit } from "./budget.ts";

const long = { maxWaitMs: 3_600_000 };

Deno.test("a burst goes at once, then requests go at the steady rate", async () => {
  const clock = new FakeClock();
  const budget = createBudget({ clock, perMinute: 60, burst: 3 });
  for (let index = 0; index < 3; index++) {
    assert.deepEqual(await budget.acquire("/a", long), { granted: true });
  }
  const granted: number[] = [];
  for (let index = 0; index < 3; index++) {
    void budget.acquire("/a", long).then(() => granted.push(clock.now()));
  }
  await clock.advance(10_000);
  assert.deepEqual(granted, [1_000, 2_000, 3_000]);
});

Deno.test("a quiet time fills the burst again, and not beyond it", async () => {
  const clock = new FakeClock();
  const budget = createBudget({ clock, perMinute: 60, burst: 2 });
  for (let index = 0; index < 2; index++) await budget.acquire("/a", long);
  clock.advanceSync(3_600_000);
  const answers: Permit[] = [];
  for (let index = 0; index < 3; index++) answers.push(await budget.acquire("/a", { maxWaitMs: 0 }));
  assert.deepEqual(answers.map(({ granted }) => granted), [true, true, false]);
});

Deno.test("a turn that would come after the call's end is refused at once, with when to come back", async () => {
  const clock = new FakeClock();
  const budget = createBudget({ clock, perMinute: 6, burst: 1 });
  await budget.acquire("/a", long);
  const refused = await budget.acquire("/a", { maxWaitMs: 5_000 });
  assert.deepEqual(refused, { granted: false, reason: "budget", retryAfterMs: 10_000 });
});

Deno.test("a refused turn costs nothing", async () => {
  const clock = new FakeClock();
  const budget = createBudget({ clock, perMinute: 6, burst: 1 });
  await budget.acquire("/a", long);
  for (let index = 0; index < 50; index++) await budget.acquire("/a", { maxWaitMs: 0 });
  clock.advanceSync(10_000);
  assert.deepEqual(await budget.acquire("/a", { maxWaitMs: 0 }), { granted: true });
});

Deno.test("a caller that gives up while waiting returns its turn", async () => {
  const clock = new FakeClock();
  const budget = createBudget({ clock, perMinute: 60, burst: 1 });
  await budget.acquire("/a", long);
  const giveUp = new AbortController();
  const waiting = budget.acquire("/a", { ...long, signal: giveUp.signal });
  await settle();
  giveUp.abort();
  assert.deepEqual(await waiting, { granted: false, reason: "aborted", retryAfterMs: 0 });
  assert.equal(clock.pendingTimers, 0);
  clock.advanceSync(1_000);
  assert.deepEqual(await budget.acquire("/a", { maxWaitMs: 0 }), { granted: true });
});

Deno.test("a call that has ended already gets no turn", async () => {
  const budget = createBudget({ clock: new FakeClock() });
  const permit = await budget.acquire("/a", { ...long, signal: AbortSignal.abort() });
  assert.equal(permit.granted, false);
});

Deno.test("a silenced path is refused at once, whatever the caller would wait", async () => {
  const clock = new FakeClock();
  const budget = createBudget({ clock, jitter: 0 });
  budget.limited("/a", 60_000);
  assert.deepEqual(await budget.acquire("/a", long), {
    granted: false,
    reason: "held",
    retryAfterMs: 60_000,
  });
  assert.deepEqual(await budget.acquire("/b", long), { granted: true });
  assert.equal(budget.waitMs("/a"), 60_000);
  clock.advanceSync(60_000);
  assert.deepEqual(await budget.acquire("/a", long), { granted: true });
});

Deno.test("a path silenced while a call waits for its turn is refused when the turn comes", async () => {
  const clock = new FakeClock();
  const budget = createBudget({ clock, perMinute: 60, burst: 1, jitter: 0 });
  await budget.acquire("/a", long);
  const waiting = budget.acquire("/a", long);
  await settle();
  budget.limited("/a", 30_000);
  await clock.advance(1_000);
  assert.deepEqual(await waiting, { granted: false, reason: "held", retryAfterMs: 29_000 });
});

Deno.test("an answer ends the silence's count", async () => {
  const clock = new FakeClock();
  const budget = createBudget({ clock, jitter: 0 });
  budget.limited("/a", 1_000);
  clock.advanceSync(1_000);
  budget.passed("/a");
  assert.deepEqual(await budget.acquire("/a", long), { granted: true });
});

Deno.test("held requests and waits show in the metrics", async () => {
  const clock = new FakeClock();
  const metrics = new PrometheusMetrics();
  const budget = createBudget({ clock, metrics, perMinute: 60, burst: 1 });
  budget.limited("/quiet", 60_000);
  await budget.acquire("/quiet", long);
  await budget.acquire("/a", long);
  await budget.acquire("/a", { maxWaitMs: 10 });
  void budget.acquire("/a", long);
  await clock.advance(1_000);
  const text = await metrics.text();
  assert.match(text, /coder_k8s_coder_requests_held_total\{reason="held"\} 1/);
  assert.match(text, /coder_k8s_coder_requests_held_total\{reason="budget"\} 1/);
  assert.match(text, /coder_k8s_coder_request_wait_seconds_count 1/);
});

for (const seed of [1, 2, 3, 4, 5]) {
  Deno.test(`whatever callers do, no window sees more than burst and rate allow (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const clock = new FakeClock();
    const burst = 1 + below(random, 10);
    const perMinute = 30 + below(random, 300);
    const budget = createBudget({ clock, perMinute, burst });
    const granted: number[] = [];
    const open: Promise<void>[] = [];
    for (let step = 0; step < 60; step++) {
      const giveUp = new AbortController();
      const permit = budget.acquire("/a", { maxWaitMs: below(random, 5_000), signal: giveUp.signal });
      open.push(permit.then((one) => {
        if (one.granted) granted.push(clock.now());
      }));
      if (random() < 0.2) giveUp.abort();
      if (random() < 0.5) await clock.advance(below(random, 1_000));
    }
    await clock.advance(60_000);
    await Promise.all(open);
    granted.sort((a, b) => a - b);
    for (let first = 0; first < granted.length; first++) {
      for (let last = first; last < granted.length; last++) {
        const allowed = burst + (granted[last]! - granted[first]!) * perMinute / 60_000 + 1e-6;
        assert.ok(last - first + 1 <= allowed + 1, `${last - first + 1} requests, ${allowed} allowed`);
      }
    }
    assert.ok(granted.length >= burst);
  });
}

Deno.test("a rate beside another one is used up by its own requests alone", async () => {
  const clock = new FakeClock();
  const budget = createBudget({ clock, perMinute: 60, burst: 1 });
  const beside = budget.beside({ perMinute: 600, burst: 2 });
  await budget.acquire("/a", long);
  const now = { maxWaitMs: 0 };
  assert.deepEqual(await beside.acquire("/a", now), { granted: true });
  assert.deepEqual(await beside.acquire("/a", now), { granted: true });
  const refused = await beside.acquire("/a", now);
  assert.deepEqual(refused, { granted: false, reason: "budget", retryAfterMs: 100 });
  clock.advanceSync(100);
  assert.deepEqual(await beside.acquire("/a", now), { granted: true });
  assert.deepEqual(await budget.acquire("/a", now), {
    granted: false,
    reason: "budget",
    retryAfterMs: 900,
  });
});

Deno.test("rates beside each other share the silence that Coder asks for", async () => {
  const clock = new FakeClock();
  const budget = createBudget({ clock, jitter: 0 });
  const beside = budget.beside({});
  budget.limited("/a", 5_000);
  assert.deepEqual(await beside.acquire("/a", long), { granted: false, reason: "held", retryAfterMs: 5_000 });
  beside.limited("/b", 7_000);
  assert.equal(budget.waitMs("/b"), 7_000);
});
