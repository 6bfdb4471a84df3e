import assert from "node:assert/strict";
import type { TaskEvent } from "../link.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { GATHER_MS, MOST_TOLD, OutputEvents } from "./output_events.ts";

function rig() {
  const clock = new FakeClock();
  const told: TaskEvent[] = [];
  const events = new OutputEvents((event) => told.push(event), clock);
  const encoder = new TextEncoder();
  return { clock, told, events, say: (text: string) => events.add("stdout", encoder.encode(text)) };
}

const stdout = (text: string): TaskEvent => ({ kind: "output", stream: "stdout", text });

Deno.test("output of some milliseconds is told at once", async () => {
  const { clock, told, events, say } = rig();
  say("a");
  say("b");
  events.add("stderr", new TextEncoder().encode("no"));
  await clock.advance(GATHER_MS - 1);
  assert.deepEqual(told, []);
  await clock.advance(1);
  assert.deepEqual(told, [stdout("ab"), { kind: "output", stream: "stderr", text: "no" }]);
  await clock.advance(10 * GATHER_MS);
  assert.equal(told.length, 2);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("each piece is told once, in order", async () => {
  const { clock, told, say } = rig();
  for (const text of ["1", "2", "3"]) {
    say(text);
    await clock.advance(GATHER_MS);
  }
  assert.deepEqual(told, [stdout("1"), stdout("2"), stdout("3")]);
});

Deno.test("a character that comes in two pieces is one", async () => {
  const { clock, told, events } = rig();
  const [first, ...rest] = new TextEncoder().encode("ü");
  events.add("stdout", Uint8Array.of(first!));
  await clock.advance(GATHER_MS);
  assert.deepEqual(told, []);
  events.add("stdout", Uint8Array.from(rest));
  await clock.advance(GATHER_MS);
  assert.deepEqual(told, [stdout("ü")]);
});

Deno.test("of what comes too fast a part is told, and how much more there is", async () => {
  const { clock, told, say } = rig();
  say("x".repeat(MOST_TOLD - 2));
  say("yyyy");
  say("z".repeat(1_000));
  await clock.advance(GATHER_MS);
  assert.deepEqual(told, [stdout(`${"x".repeat(MOST_TOLD - 2)}yy\n[1002 more bytes: see the answer]\n`)]);
  say("later");
  await clock.advance(GATHER_MS);
  assert.deepEqual(told[1], stdout("later"));
});

Deno.test("the end tells the rest, and nothing comes after it", async () => {
  const { clock, told, events, say } = rig();
  say("last");
  events.end();
  assert.deepEqual(told, [stdout("last")]);
  say("too late");
  await clock.advance(10 * GATHER_MS);
  assert.equal(told.length, 1);
  assert.equal(clock.pendingTimers, 0);
});
