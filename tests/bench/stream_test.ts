import { equal, ok } from "node:assert/strict";
import { inStream, PER_SECOND } from "./stream.ts";

/** Time that passes only where somebody waits or works. */
function clock() {
  let ms = 1_000;
  const waits: number[] = [];
  return {
    waits,
    now: () => ms,
    pause(wait: number) {
      waits.push(wait);
      ms += wait;
      return Promise.resolve();
    },
    work: (wait: number) => void (ms += wait),
  };
}

Deno.test("a stream creates objects in order, each at its time", async () => {
  const time = clock();
  const created: [number, number][] = [];
  const { last, seconds } = await inStream(5, (index) => {
    created.push([index, time.now() - 1_000]);
    return Promise.resolve();
  }, { ...time, perSecond: 10 });
  equal(created.map((each) => each.join("@")).join(" "), "0@0 1@100 2@200 3@300 4@400");
  equal(seconds, 0.4);
  equal(last, 1_400);
});

Deno.test("a stream that is late does not wait until it has made up for it", async () => {
  const time = clock();
  const created: number[] = [];
  await inStream(6, (index) => {
    created.push(time.now() - 1_000);
    if (index === 0) time.work(250);
    return Promise.resolve();
  }, { ...time, perSecond: 10 });
  equal(created.join(" "), "0 250 250 300 400 500");
  equal(time.waits.join(" "), "50 100 100");
});

Deno.test("the last create counts with the time that it takes", async () => {
  const time = clock();
  const { last, seconds } = await inStream(1, () => {
    time.work(30);
    return Promise.resolve();
  }, time);
  equal(last, 1_030);
  equal(seconds, 0.03);
});

Deno.test("a create that fails ends the stream", async () => {
  const time = clock();
  let created = 0;
  const failed = await inStream(10, () => {
    created++;
    return created === 3 ? Promise.reject(new Error("409")) : Promise.resolve();
  }, time).then(() => "", (error: Error) => error.message);
  equal(failed, "409");
  equal(created, 3);
});

Deno.test("the usual pace is that of 200 objects in 5.4 seconds", async () => {
  const time = clock();
  const { seconds } = await inStream(200, () => Promise.resolve(), time);
  ok(Math.abs(seconds - 5.4 * 199 / 200) < 0.01, String(seconds));
  ok(PER_SECOND > 37 && PER_SECOND < 37.1);
});
