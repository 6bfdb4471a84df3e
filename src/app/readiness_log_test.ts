import assert from "node:assert/strict";
import type { LogFields, Logger } from "../telemetry/logger.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { FakeClock } from "../telemetry/testing/fake_clock.ts";
import { logReadiness } from "./readiness_log.ts";

/** A process whose readiness the test decides. */
function watched() {
  const clock = new FakeClock();
  const lines: { level: string; text: string; fields: LogFields }[] = [];
  const write = (level: string) => (text: string, fields: LogFields = {}) =>
    void lines.push({ level, text, fields });
  const log: Logger = { ...silentLogger, info: write("info"), warn: write("warn") };
  const state = { trouble: "" };
  const ending = new AbortController();
  const done = logReadiness({
    health: { check: () => [{ name: "caches", trouble: state.trouble }, { name: "other", trouble: "" }] },
    log,
    signal: ending.signal,
    startedAt: -200,
    clock,
  });
  return { clock, lines, state, end: () => (ending.abort(), done) };
}

Deno.test("becoming ready is one line with the time it took", async () => {
  const { clock, lines, end } = watched();
  await clock.advance(0);
  assert.deepEqual(lines, [{ level: "info", text: "ready", fields: { startMs: 200 } }]);
  await clock.advance(10_000);
  assert.equal(lines.length, 1);
  await end();
});

Deno.test("while it waits, the reason is repeated once a minute, as it is then", async () => {
  const clock = new FakeClock();
  const said: unknown[] = [];
  const log: Logger = { ...silentLogger, warn: (text, fields) => void said.push([text, fields?.["why"]]) };
  const ending = new AbortController();
  let trouble = "a";
  const health = { check: () => [{ name: "caches", trouble }] };
  const done = logReadiness({ health, log, signal: ending.signal, clock, startPeriodMs: 1_000 });
  await clock.advance(2_500);
  assert.deepEqual(said, [], "patience first");
  await clock.advance(1_000);
  assert.deepEqual(said, [["not ready yet", "caches: a"]]);
  await clock.advance(55_000);
  assert.equal(said.length, 1, "nothing new to say");
  await clock.advance(10_000);
  assert.equal(said.length, 2, "once a minute");
  trouble = "b";
  await clock.advance(60_000);
  assert.deepEqual(said.at(-1), ["not ready yet", "caches: b"]);
  ending.abort();
  await done;
});

Deno.test("losing readiness is said at once, and coming back too", async () => {
  const { clock, lines, state, end } = watched();
  await clock.advance(0);
  state.trouble = "draining";
  await clock.advance(1_000);
  assert.deepEqual(lines.at(-1), {
    level: "warn",
    text: "not ready any more",
    fields: { why: "caches: draining" },
  });
  state.trouble = "";
  await clock.advance(1_000);
  assert.deepEqual(lines.at(-1), { level: "info", text: "ready", fields: {} });
  await end();
});

Deno.test("it ends with its signal and leaves no timer", async () => {
  const { clock, end } = watched();
  await clock.advance(100);
  assert.equal(clock.pendingTimers, 1);
  await end();
  assert.equal(clock.pendingTimers, 0);
});
