import assert from "node:assert/strict";
import { CoderNotSentError } from "../../coder/mod.ts";
import { Report } from "../pass/report.ts";
import { VisitRig, type WidgetSays, type WidgetVisit } from "../testing.ts";
import { type PeriodicOptions as Shared, periodicStep, repeat } from "./periodic.ts";
import type { VisitTools } from "./visit.ts";

type PeriodicOptions = Shared<WidgetVisit, VisitTools>;

const MINUTE = 60_000;

/** A step whose doings a test decides. */
class Play {
  given: unknown = { a: 1 };
  hold = false;
  asked = 0;
  answer: () => Promise<number | void> = () => Promise.resolve();
  readonly failures: string[] = [];

  step(changes: Partial<PeriodicOptions> = {}) {
    return periodicStep({ ...options(this), ...changes });
  }
}

function options(play: Play): PeriodicOptions {
  return {
    name: "Play",
    inputs: () => play.given,
    holds: () => play.hold,
    waiting: ({ report }) => report.status({ tier: "waiting" }),
    ask: (_visit, _tools, report) => {
      play.asked++;
      report.status({ tier: `answer ${play.asked}` });
      report.condition({ type: "T", status: "True", reason: "R", message: "" });
      return play.answer();
    },
    failed: (_visit, _tools, report, failure) => {
      play.failures.push(failure.reason);
      report.trouble({ reason: failure.reason, message: failure.message });
    },
  };
}

Deno.test("between two times it says again what it said, and asks nothing", async () => {
  const rig = new VisitRig();
  const play = new Play();
  const steps = [play.step()];
  const first = await rig.visit(steps);
  assert.equal(rig.lookAgainMs, 5 * MINUTE);
  rig.clock.advanceSync(2 * MINUTE);
  assert.deepEqual(await rig.visit(steps), first);
  assert.deepEqual([play.asked, rig.lookAgainMs], [1, 3 * MINUTE]);
  rig.clock.advanceSync(3 * MINUTE);
  const { status } = await rig.visit(steps);
  assert.deepEqual([play.asked, status.tier], [2, "answer 2"]);
});

Deno.test("the interval is spread by a tenth either way, and may be another", async () => {
  for (const [random, expected] of [[0, 540_000], [0.999999, 660_000]] as const) {
    const rig = new VisitRig(() => random);
    await rig.visit([new Play().step({ everyMs: 540_000 / 0.9 })]);
    assert.ok(Math.abs((rig.lookAgainMs ?? 0) - expected) <= 2, `${rig.lookAgainMs}`);
  }
  const rig = new VisitRig();
  const play = new Play();
  play.answer = () => Promise.resolve(1_234.5);
  await rig.visit([play.step()]);
  assert.equal(rig.lookAgainMs, 1_235, "whole milliseconds, never too early");
});

Deno.test("changed inputs are worth asking at once, whatever their order of keys", async () => {
  const rig = new VisitRig();
  const play = new Play();
  const steps = [play.step()];
  play.given = { a: 1, b: 2 };
  await rig.visit(steps);
  play.given = { b: 2, a: 1 };
  await rig.visit(steps);
  assert.equal(play.asked, 1);
  play.given = { b: 2, a: 3 };
  await rig.visit(steps);
  assert.equal(play.asked, 2);
});

Deno.test("without inputs nothing is done, and what was said is forgotten", async () => {
  const rig = new VisitRig();
  const play = new Play();
  const steps = [play.step()];
  await rig.visit(steps);
  play.given = undefined;
  const said = await rig.visit(steps);
  assert.deepEqual([said.status, play.asked], [{}, 1]);
  play.given = { a: 1 };
  await rig.visit(steps);
  assert.equal(play.asked, 2);
});

Deno.test("while it holds nothing is asked, and what was said before stands", async () => {
  const rig = new VisitRig();
  const play = new Play();
  const steps = [play.step()];
  play.hold = true;
  assert.deepEqual((await rig.visit(steps)).status, { tier: "waiting" });
  play.hold = false;
  await rig.visit(steps);
  play.hold = true;
  play.given = { a: "other" };
  rig.clock.advanceSync(60 * MINUTE);
  assert.deepEqual((await rig.visit(steps)).status, { tier: "answer 1" });
  play.hold = false;
  await rig.visit(steps);
  assert.equal(play.asked, 2);
  const { waiting: _, ...quiet } = { ...options(new Play()), holds: () => true };
  assert.deepEqual(
    (await rig.visit([periodicStep(quiet)])).status,
    {},
    "or nothing, where nothing is to be said",
  );
});

Deno.test("failures are told by their class, and tried again ever later until one succeeds", async () => {
  const rig = new VisitRig();
  const play = new Play();
  const steps = [play.step({ backoff: { firstMs: 1_000, longestMs: 8_000 } })];
  play.answer = () => Promise.reject(new Error("hm"));
  const waits: unknown[] = [];
  for (let i = 0; i < 5; i++) {
    const said = await rig.visit(steps);
    assert.deepEqual(said.status, {}, "what it had begun to say is not said");
    assert.equal(said.troubles[0]?.reason, "Failed");
    waits.push(rig.lookAgainMs);
    rig.clock.advanceSync(rig.lookAgainMs ?? 0);
  }
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 8_000]);
  play.answer = () => Promise.resolve();
  await rig.visit(steps);
  assert.equal(rig.lookAgainMs, 5 * MINUTE);
  rig.clock.advanceSync(5 * MINUTE);
  play.answer = () => Promise.reject(new Error("hm"));
  await rig.visit(steps);
  assert.equal(rig.lookAgainMs, 1_000, "it counts from the beginning");
});

Deno.test("a failure is said again too, and ends when inputs change", async () => {
  const rig = new VisitRig();
  const play = new Play();
  const steps = [play.step()];
  play.answer = () => Promise.reject(new Error("hm"));
  const first = await rig.visit(steps);
  assert.deepEqual(await rig.visit(steps), first);
  assert.equal(play.asked, 1);
  play.answer = () => Promise.resolve();
  play.given = 2;
  assert.deepEqual((await rig.visit(steps)).troubles, []);
});

Deno.test("a wait that Coder named is kept", async () => {
  const rig = new VisitRig();
  const play = new Play();
  const limited = { kind: "rateLimited" as const, call: { method: "GET", route: "/" }, retryAfterMs: 90_000 };
  play.answer = () => Promise.reject(new CoderNotSentError("held", limited));
  await rig.visit([play.step()]);
  assert.equal(rig.lookAgainMs, 90_000);
  assert.deepEqual(play.failures, ["RateLimited"]);
});

Deno.test("a visit that is ended is no failure", async () => {
  const rig = new VisitRig();
  const play = new Play();
  const abort = new AbortController();
  const reason = new Error("the leader is another");
  play.answer = () => {
    abort.abort(reason);
    return Promise.reject(new Error("broken off"));
  };
  const step = play.step();
  await assert.rejects(rig.visit([step], abort.signal), reason);
  assert.deepEqual(play.failures, []);
  play.answer = () => Promise.resolve();
  await rig.visit([step]);
  assert.equal(play.asked, 2, "and is not remembered");
});

Deno.test("a clock that is set back does not silence it", async () => {
  const rig = new VisitRig();
  const play = new Play();
  const steps = [play.step()];
  rig.clock.advanceSync(60 * MINUTE);
  await rig.visit(steps);
  rig.clock.advanceSync(-50 * MINUTE);
  await rig.visit(steps);
  assert.equal(play.asked, 2);
});

Deno.test("objects keep apart, and are forgotten one by one", async () => {
  const rig = new VisitRig();
  const play = new Play();
  const step = play.step();
  for (const uid of ["a", "b", "a", "b"]) {
    rig.uid = uid;
    await rig.visit([step]);
  }
  assert.equal(play.asked, 2);
  step.forget?.("a");
  for (const uid of ["a", "b"]) {
    rig.uid = uid;
    await rig.visit([step]);
  }
  assert.equal(play.asked, 3);
});

Deno.test("all that a report holds is repeated", () => {
  const report = new Report<WidgetSays>();
  report.condition({ type: "A", status: "True", reason: "R", message: "m" });
  report.noCondition("B");
  report.trouble({ reason: "T", message: "t" });
  report.warning({ reason: "W", message: "w" });
  report.status({ version: "v1", tier: undefined });
  const again = new Report<WidgetSays>();
  again.condition({ type: "B", status: "True", reason: "R", message: "m" });
  repeat(report.data(), again);
  assert.deepEqual(again.data(), report.data());
});
