import assert from "node:assert/strict";
import { seededRandom } from "../../telemetry/testing/random.ts";
import { type TerminalLife, TerminalPace } from "./terminal_pace.ts";

const VAIN = { livedMs: 0, wasUseful: false };
const USEFUL = { livedMs: 0, wasUseful: true };
const LONG = { livedMs: 5_000, wasUseful: false };
const most = () => 0.999_999;

/** Opens terminals that end as they are told to: the pauses before each. */
function pauses(pace: TerminalPace, ends: readonly TerminalLife[], from = 0): number[] {
  let now = from;
  return ends.map((end) => {
    const wait = pace.enter(now);
    now += wait;
    if (wait > 0) assert.equal(pace.enter(now), 0);
    now += end.livedMs;
    pace.ended(end, now);
    return Math.round(wait);
  });
}

const times = <T>(count: number, one: T) => Array.from({ length: count }, () => one);

Deno.test("the first one in vain is made up for at once; the pauses after more grow up to some seconds", () => {
  assert.deepEqual(
    pauses(new TerminalPace(most), times(10, VAIN)),
    [0, 0, 100, 200, 400, 800, 1_600, 3_200, 4_000, 4_000],
  );
});

Deno.test("pauses are random, and no shorter than the half", () => {
  const random = seededRandom(1);
  const seen = pauses(new TerminalPace(random), times(60, VAIN)).slice(8);
  assert.ok(seen.every((pause) => pause >= 2_000 && pause <= 4_000), seen.join());
  assert.ok(new Set(seen).size > 30, seen.join());
});

Deno.test("one that was useful, or lived long, is made up for at once, and pauses begin anew", () => {
  for (const good of [USEFUL, LONG]) {
    const ends = [...times(6, VAIN), good, VAIN, VAIN, VAIN];
    const [, , , , , , , ...after] = pauses(new TerminalPace(most), ends);
    assert.deepEqual(after, [0, 0, 100]);
  }
});

Deno.test("long ones never wait, however many", () => {
  assert.ok(pauses(new TerminalPace(most), times(1_000, LONG)).every((pause) => pause === 0));
});

Deno.test("short ones that are said to be useful wait as well, once they are many", () => {
  const pace = new TerminalPace(most);
  const seen = pauses(pace, times(100, USEFUL));
  assert.ok(seen.slice(0, 64).every((pause) => pause === 0));
  const rest = seen.slice(66);
  assert.ok(rest.every((pause) => pause >= 1_000 && pause <= 2_000), rest.join());
  // A while without any gives some of them back.
  const later = pauses(pace, times(20, USEFUL), 1_000_000);
  assert.ok(later.every((pause) => pause === 0), later.join());
});

Deno.test("what was waited for other reasons counts", () => {
  const pace = new TerminalPace(most);
  pauses(pace, times(8, VAIN));
  assert.equal(pace.enter(1_000_000), 0);
});

Deno.test("of those who wait together, one goes at a time", () => {
  const pace = new TerminalPace(most);
  for (let count = 0; count < 8; count++) pace.ended(VAIN, 0);
  const now = pace.enter(0);
  assert.equal(pace.enter(now), 0);
  assert.ok(pace.enter(now) > 3_000);
  // Without any in vain, as many as like to.
  const fresh = new TerminalPace(most);
  assert.deepEqual([fresh.enter(0), fresh.enter(0), fresh.enter(0)], [0, 0, 0]);
});
