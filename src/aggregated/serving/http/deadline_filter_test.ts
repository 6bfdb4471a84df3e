import assert from "node:assert/strict";
import { FakeClock } from "../../../telemetry/testing/fake_clock.ts";
import { StatusError } from "../status_errors.ts";
import { exchangeOf } from "../testing/exchanges.ts";
import { deadlineFilter } from "./deadline_filter.ts";
import type { Answer } from "./exchange.ts";

const ROOT = "/apis/gadgets.coder.test/v1alpha1/gadgets";

Deno.test("an answer in time leaves no timer behind", async () => {
  const clock = new FakeClock();
  const filter = deadlineFilter(60_000, clock);
  assert.deepEqual(await filter(exchangeOf(), () => Promise.resolve({ code: 200 })), { code: 200 });
  assert.equal(clock.pendingTimers, 0);
  await assert.rejects(filter(exchangeOf(), () => Promise.reject(new Error("x"))), /x/);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("after the deadline the request is answered, and its work is aborted", async () => {
  const clock = new FakeClock();
  const exchange = exchangeOf();
  const late = deadlineFilter(60_000, clock)(exchange, () => new Promise(() => {}));
  const refused = assert.rejects(late, (error) => error instanceof StatusError && error.code === 504);
  await clock.advance(59_999);
  assert.equal(exchange.signal.aborted, false);
  await clock.advance(1);
  await refused;
  assert.ok(exchange.signal.reason instanceof StatusError);
});

Deno.test("the client's own deadline counts where it is shorter", async () => {
  for (
    const [query, ms] of [["timeout=5s", 5_000], ["timeout=2m", 60_000], ["timeout=0s", 60_000], [
      "watch=1&timeout=5s",
      60_000,
    ], ["watch=1&timeout=junk", 60_000]] as const
  ) {
    const clock = new FakeClock();
    let isOver = false;
    const late = deadlineFilter(60_000, clock)(
      exchangeOf({ target: `${ROOT}?${query}` }),
      () => new Promise<Answer>(() => {}),
    );
    const refused = assert.rejects(late).then(() => isOver = true);
    await clock.advance(ms - 1);
    assert.equal(isOver, false, query);
    await clock.advance(1);
    await refused;
  }
});

Deno.test("what goes on has a deadline until it has begun alone", async () => {
  const clock = new FakeClock();
  const exchange = exchangeOf({ target: `${ROOT}?watch=1` });
  const answer = { code: 200 as const, contentType: "application/json", run() {} };
  assert.equal(await deadlineFilter(60_000, clock)(exchange, () => Promise.resolve(answer)), answer);
  await clock.advance(3_600_000);
  assert.equal(exchange.signal.aborted, false);
});

Deno.test("a handler that throws at once leaves no timer behind either", async () => {
  const clock = new FakeClock();
  const filter = deadlineFilter(60_000, clock);
  await assert.rejects(
    filter(exchangeOf(), () => {
      throw new Error("at once");
    }),
    /at once/,
  );
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a wish that cannot be read is a bad request before anything is done", () => {
  const filter = deadlineFilter(60_000, new FakeClock());
  assert.throws(
    () => void filter(exchangeOf({ target: `${ROOT}?timeout=soon` }), () => assert.fail("it went on")),
    (error) => error instanceof StatusError && error.code === 400,
  );
});
