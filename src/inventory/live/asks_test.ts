import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { Asks } from "./asks.ts";

const never = new AbortController().signal;

function questions(options: { perMinute?: number; burst?: number } = {}) {
  const clock = new FakeClock();
  const asks = new Asks({ clock, ...options });
  let asked = 0;
  return {
    clock,
    asks,
    get asked() {
      return asked;
    },
    ask: (question: string, run: () => Promise<void> = async () => {}) =>
      asks.ask(question, () => {
        asked++;
        return run();
      }, never),
  };
}

Deno.test("a question is asked once for all who come while it is under way", async () => {
  const rig = questions();
  const { promise, resolve } = Promise.withResolvers<void>();
  const answers = Promise.all(Array.from({ length: 5 }, () => rig.ask("a", () => promise)));
  await Promise.resolve();
  resolve();
  assert.deepEqual(await answers, Array(5).fill("answered"));
  assert.equal(rig.asked, 1);
});

Deno.test("an answer is believed for a moment", async () => {
  const rig = questions();
  assert.equal(await rig.ask("a"), "answered");
  assert.equal(await rig.ask("a"), "remembered");
  await rig.clock.advance(5_001);
  assert.equal(await rig.ask("a"), "answered");
  assert.equal(rig.asked, 2);
});

Deno.test("a failure is told to all who ask soon after", async () => {
  const rig = questions();
  await assert.rejects(rig.ask("a", () => Promise.reject(new Error("down"))), /down/);
  await assert.rejects(rig.ask("a"), /down/);
  assert.equal(rig.asked, 1);
  await rig.clock.advance(5_001);
  assert.equal(await rig.ask("a"), "answered");
});

Deno.test("a failure before anything is asked leaves nothing behind", async () => {
  const rig = questions();
  await assert.rejects(
    rig.ask("a", () => {
      throw new Error("at once");
    }),
    /at once/,
  );
  await rig.clock.advance(5_001);
  assert.equal(await rig.ask("a"), "answered");
});

Deno.test("too many questions are not asked, and after a while they are", async () => {
  const rig = questions({ perMinute: 60, burst: 3 });
  const outcomes: string[] = [];
  for (let index = 0; index < 5; index++) outcomes.push(await rig.ask(`q${index}`));
  assert.deepEqual(outcomes, ["answered", "answered", "answered", "spared", "spared"]);
  await rig.clock.advance(2_000);
  assert.deepEqual(await Promise.all([rig.ask("x"), rig.ask("y"), rig.ask("z")]), [
    "answered",
    "answered",
    "spared",
  ]);
});

Deno.test("a question that nobody waits for any more ends, and can be asked anew", async () => {
  const rig = questions();
  const impatient = new AbortController();
  let ended: AbortSignal | undefined;
  const left = rig.asks.ask("a", (signal) => {
    ended = signal;
    return new Promise(() => {});
  }, impatient.signal);
  await Promise.resolve();
  impatient.abort(new Error("enough"));
  await assert.rejects(left, /enough/);
  assert.equal(ended?.aborted, true);
  assert.equal(await rig.ask("a"), "answered");
});

Deno.test("very many questions are not remembered for ever", async () => {
  const rig = questions({ perMinute: 1e9, burst: 1e9 });
  for (let index = 0; index < 4_096; index++) await rig.ask(`q${index}`);
  assert.equal(await rig.ask("q0"), "remembered");
  await rig.ask("one more");
  assert.equal(await rig.ask("q0"), "answered");
  await rig.clock.advance(6_000);
  for (let index = 0; index < 5_000; index++) await rig.ask(`r${index}`);
  assert.equal(await rig.ask("r4999"), "remembered");
});
