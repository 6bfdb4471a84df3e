import assert from "node:assert/strict";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { Background } from "./core.ts";
import { keepingLogger } from "./testing.ts";

function background() {
  const clock = new FakeClock();
  const { log, lines } = keepingLogger();
  return { clock, lines, background: new Background({ clock, log, timeoutMs: 1_000 }) };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

Deno.test("what fails in the background is logged, and fails nobody", async () => {
  const { background: work, lines } = background();
  await work.run("counting", () => Promise.reject(new Error("no")));
  assert.deepEqual(lines.map(({ msg }) => msg), ["counting: this did not work"]);
  assert.match(String(lines[0]?.["error"]), /no/);
});

Deno.test("what takes too long in the background is ended, and said", async () => {
  const { background: work, clock, lines } = background();
  const running = work.run("counting", untilAborted);
  await clock.advance(1_000);
  await running;
  assert.match(String(lines[0]?.["error"]), /counting: not done within 1000 ms/);
});

Deno.test("it is idle when nothing runs, what began meanwhile included", async () => {
  const { background: work } = background();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  void work.run("first", async () => {
    await first.promise;
    void work.run("second", () => second.promise);
  });
  let isIdle = false;
  const idle = work.idle().then(() => isIdle = true);
  first.resolve();
  await settle();
  assert.equal(isIdle, false);
  second.resolve();
  await idle;
});

Deno.test("closing ends what runs, says nothing of it, and lets nothing begin", async () => {
  const { background: work, clock, lines } = background();
  const running = work.run("counting", untilAborted);
  await work.close();
  await running;
  let isRun = false;
  await work.run("late", () => {
    isRun = true;
    return Promise.resolve();
  });
  assert.deepEqual([isRun, lines, clock.pendingTimers], [false, [], 0]);
});
