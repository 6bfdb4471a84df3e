import assert from "node:assert/strict";
import { LoopMonitor } from "./loop_monitor.ts";
import { PrometheusMetrics } from "./prometheus.ts";
import { FakeClock } from "./testing/fake_clock.ts";

Deno.test("a loop that beats within its bound is fine, and one that does not is named", () => {
  const clock = new FakeClock();
  const monitor = new LoopMonitor({ clock });
  const beating = monitor.register("dispatch", 1_000);
  monitor.register("poller", 5_000);
  for (let round = 0; round < 5; round++) {
    clock.advanceSync(1_000);
    beating.beat();
  }
  assert.equal(monitor.check(), "");
  clock.advanceSync(500);
  assert.equal(monitor.check(), "poller has given no sign of life for 5.5 s (bound 5.0 s)");
  clock.advanceSync(1_000);
  assert.match(monitor.check(), /^dispatch .*; poller /);
});

Deno.test("a loop that ended as it should is watched no longer, and its name is free", () => {
  const clock = new FakeClock();
  const monitor = new LoopMonitor({ clock });
  const first = monitor.register("poller", 1_000);
  assert.throws(() => monitor.register("poller", 1_000), /poller is watched already/);
  first.stop();
  clock.advanceSync(10_000);
  assert.equal(monitor.check(), "");
  monitor.register("poller", 1_000);
  first.stop();
  clock.advanceSync(2_000);
  assert.match(monitor.check(), /poller/);
});

Deno.test("a blocked event loop is noticed, reported at the next scrape and forgiven", async () => {
  const clock = new BlockableClock();
  const metrics = new PrometheusMetrics();
  const monitor = new LoopMonitor({ clock, metrics, intervalMs: 1_000, lagLimitMs: 15_000 });
  const stop = new AbortController();
  monitor.start(stop.signal);
  clock.advanceSync(1_000);
  assert.equal(monitor.lagMs, 0);
  clock.block(20_000);
  assert.equal(monitor.lagMs, 19_000);
  assert.equal(monitor.check(), "the event loop was blocked for 19.0 s");
  assert.match(await metrics.text(), /^nodejs_eventloop_lag_seconds 19$/m);
  clock.advanceSync(1_000);
  assert.equal(monitor.check(), "");
  assert.match(await metrics.text(), /^nodejs_eventloop_lag_max_seconds 19$/m);
  assert.match(await metrics.text(), /^nodejs_eventloop_lag_max_seconds 0$/m);
  stop.abort();
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("measuring does not start after its end", () => {
  const clock = new FakeClock();
  new LoopMonitor({ clock }).start(AbortSignal.abort());
  assert.equal(clock.pendingTimers, 0);
});

/** Time can pass without timers running, as it does while the event loop is blocked. */
class BlockableClock extends FakeClock {
  #ahead = 0;
  override now(): number {
    return super.now() + this.#ahead;
  }
  block(ms: number): void {
    this.#ahead += ms - 1_000;
    this.advanceSync(1_000);
  }
}
