import assert from "node:assert/strict";
import { Flight } from "./flight.ts";

function take() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let abandoned = 0;
  let signal: AbortSignal | undefined;
  const flight = new Flight((_, given) => {
    signal = given;
    return promise;
  }, () => abandoned++);
  return {
    flight,
    resolve,
    reject,
    get abandoned() {
      return abandoned;
    },
    get ended() {
      return signal?.aborted;
    },
  };
}

const never = new AbortController().signal;

Deno.test("all who wait see the end", async () => {
  const trip = take();
  const all = Promise.all([trip.flight.join(never), trip.flight.join(never)]);
  trip.resolve();
  assert.deepEqual(await all, [undefined, undefined]);
  await trip.flight.join(never);
  assert.deepEqual([trip.abandoned, trip.ended], [0, false]);
});

Deno.test("all who wait see a mistake, and where nobody waits it is nobody's", async () => {
  const trip = take();
  const all = [trip.flight.join(never), trip.flight.join(never)];
  trip.reject(new Error("mistake"));
  for (const one of all) await assert.rejects(one, /mistake/);
  const alone = take();
  alone.reject(new Error("mistake"));
  await assert.rejects(alone.flight.join(never), /mistake/);
});

Deno.test("one who goes does not end it for the others", async () => {
  const trip = take();
  const [first, second] = [new AbortController(), new AbortController()];
  const gone = trip.flight.join(first.signal);
  const stays = trip.flight.join(second.signal);
  first.abort(new Error("enough"));
  await assert.rejects(gone, /enough/);
  assert.deepEqual([trip.abandoned, trip.ended], [0, false]);
  trip.resolve();
  await stays;
  second.abort(new Error("too late"));
  assert.deepEqual([trip.abandoned, trip.ended], [0, false]);
});

Deno.test("the last one who goes ends it, once", async () => {
  const trip = take();
  const stop = new AbortController();
  const waits = [trip.flight.join(stop.signal), trip.flight.join(stop.signal)];
  stop.abort(new Error("enough"));
  for (const one of waits) await assert.rejects(one, /enough/);
  assert.deepEqual([trip.abandoned, trip.ended], [1, true]);
  trip.reject(new Error("ended"));
});

Deno.test("who has gone already does not wait", async () => {
  const trip = take();
  await assert.rejects(trip.flight.join(AbortSignal.abort(new Error("gone"))), /gone/);
  assert.equal(trip.abandoned, 1);
});
