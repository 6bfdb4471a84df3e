import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { issueSession } from "./session_token.ts";
import { IDLE_MS, Sessions } from "./sessions.ts";

const key: Uint8Array = new Uint8Array(32).fill(7);

function rig() {
  const clock = new FakeClock();
  let held = { current: key, all: [key] };
  const shown: number[] = [];
  const sessions = new Sessions({
    keys: () => held,
    clock,
    now: () => clock.now(),
    gauge: { set: (_, value) => void shown.push(value), inc() {}, dec() {}, remove() {} },
  });
  const begin = (callerId = "ann") =>
    issueSession({ version: "2025-11-25", elicits: false, client: "c", callerId }, () => held, clock.now());
  return {
    clock,
    sessions,
    begin,
    shown,
    rotate: (next: Uint8Array[]) => held = { current: next[0]!, all: next },
  };
}

function stream() {
  const one = { ended: 0, end: () => void one.ended++ };
  return one;
}

Deno.test("a session is the same for its caller, and none for others", () => {
  const { sessions, begin } = rig();
  const token = begin();
  const session = sessions.find(token, "ann");
  assert.ok(session !== undefined);
  assert.equal(sessions.find(token, "ann"), session);
  assert.equal(sessions.find(token, "bob"), undefined);
  assert.equal(sessions.find("no token", "ann"), undefined);
  assert.equal(sessions.size, 1);
});

Deno.test("after a quarter of an hour without a request its streams end, and its token still counts", async () => {
  const { sessions, begin, clock, shown } = rig();
  const [quiet, busy, working] = [begin(), begin(), begin()];
  const own = stream();
  sessions.find(quiet, "ann")!.streams.add(own);
  sessions.find(working, "ann")!.calls.set(1, { cancel() {} });
  for (let past = 0; past < IDLE_MS + 60_000; past += 60_000) {
    sessions.find(busy, "ann");
    await clock.advance(60_000);
  }
  assert.deepEqual([own.ended, sessions.size, shown.at(-1)], [1, 2, 2]);
  assert.ok(sessions.find(quiet, "ann") !== undefined);
  sessions.close();
  assert.deepEqual([sessions.size, clock.pendingTimers], [0, 0]);
});

Deno.test("an ended session counts no more here, and takes its streams along", () => {
  const { sessions, begin } = rig();
  const token = begin();
  const session = sessions.find(token, "ann")!;
  const own = stream();
  session.streams.add(own);
  sessions.end(session);
  assert.equal(own.ended, 1);
  assert.equal(sessions.find(token, "ann"), undefined);
  sessions.end(session);
  assert.ok(sessions.find(begin(), "ann") !== undefined);
});

Deno.test("a session ends with its token, and with the key that has signed it", async () => {
  const { sessions, begin, clock, rotate } = rig();
  const token = begin();
  const own = stream();
  sessions.find(token, "ann")!.streams.add(own);
  const young = new Uint8Array(32).fill(8);
  rotate([Uint8Array.from(key)]);
  assert.equal(sessions.size, 1);
  rotate([young, key]);
  assert.ok(sessions.find(token, "ann") !== undefined);
  rotate([young]);
  assert.equal(sessions.find(token, "ann"), undefined);
  assert.equal(own.ended, 1);
  const next = begin();
  sessions.find(next, "ann")!.calls.set(1, { cancel() {} });
  await clock.advance(25 * 60 * 60 * 1_000);
  assert.equal(sessions.find(next, "ann"), undefined);
});

Deno.test("no more sessions are remembered than there is room for, those with streams last", () => {
  const { sessions, begin } = rig();
  const kept = begin();
  sessions.find(kept, "ann")!.streams.add(stream());
  for (let at = 0; at < 20_010; at++) sessions.find(begin(), "ann");
  assert.equal(sessions.size, 20_000);
  assert.equal(sessions.find(kept, "ann")!.streams.size, 1);
});
