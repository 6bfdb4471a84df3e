import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import type { WatchEvent } from "../types.ts";
import { Telling, whenRead } from "./telling.ts";

const problem = (message: string): WatchEvent => ({ kind: "problem", section: "jobs", message });

function rig(waiting: WatchEvent[]) {
  const clock = new FakeClock();
  const heard: string[] = [];
  let drained: (() => void) | undefined;
  const stream = {
    isOpen: true,
    unread: 0,
    event: (_: string, data: string) => void heard.push(JSON.parse(data).message),
    onceDrained: (run: () => void) => void (drained = run),
  };
  let stalls = 0;
  const telling = new Telling({
    stream,
    watcher: { next: () => waiting.shift() },
    clock,
    onStalled: () => void stalls++,
    mostUnread: 100,
  });
  return { clock, heard, stream, telling, drain: () => drained?.(), stalls: () => stalls };
}

Deno.test("what there is is told at once, and others get their turn in between", async () => {
  const { heard, telling, clock } = rig(Array.from({ length: 10 }, (_, index) => problem(String(index))));
  telling.start();
  assert.deepEqual(heard, ["0", "1", "2", "3"]);
  await clock.advance(0);
  assert.equal(heard.length, 10);
});

Deno.test("news waits a moment for more of it", async () => {
  const waiting: WatchEvent[] = [];
  const { heard, telling, clock } = rig(waiting);
  telling.start();
  waiting.push(problem("a"));
  telling.news();
  await clock.advance(49);
  waiting.push(problem("b"));
  assert.deepEqual(heard, []);
  await clock.advance(1);
  assert.deepEqual(heard, ["a", "b"]);
});

Deno.test("who does not read is told nothing more until they have read, and is let go of after a while", async () => {
  const waiting = [problem("a"), problem("b")];
  const { heard, telling, stream, clock, drain, stalls } = rig(waiting);
  stream.unread = 101;
  telling.start();
  assert.deepEqual(heard, []);
  await clock.advance(59_000);
  stream.unread = 0;
  drain();
  assert.deepEqual(heard, ["a", "b"]);
  await clock.advance(60_000);
  assert.equal(stalls(), 0);
  waiting.push(problem("c"));
  stream.unread = 101;
  telling.news();
  await clock.advance(60_050);
  assert.equal(stalls(), 1);
  drain();
  assert.deepEqual(heard, ["a", "b"], "it is over");
});

Deno.test("nothing is told to who has gone, or after the end", async () => {
  const gone = rig([problem("a")]);
  gone.stream.isOpen = false;
  gone.telling.start();
  assert.deepEqual(gone.heard, []);
  const waiting = [problem("a")];
  const ended = rig(waiting);
  ended.telling.news();
  ended.telling.end();
  await ended.clock.advance(1_000);
  assert.deepEqual(ended.heard, []);
  assert.equal(ended.clock.pendingTimers, 0);
});

Deno.test("that all was read is waited for, and not for ever", async () => {
  const { stream, clock, drain } = rig([]);
  const first = whenRead(stream, clock, 1_000);
  drain();
  assert.equal(await first, true);
  const second = whenRead(stream, clock, 1_000);
  await clock.advance(1_000);
  assert.equal(await second, false);
});
