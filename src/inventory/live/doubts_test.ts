import assert from "node:assert/strict";
import { Doubts } from "./doubts.ts";

const MS = 1_000_000n;
const T0 = 1_000_000n * MS;
const at = (ms: number) => T0 + BigInt(ms) * MS;
const told = (doubts: Doubts, version: number, now: number) => {
  const until = doubts.until(at(version), at(now));
  return until === undefined ? "sure" : Number((until - T0) / MS);
};

Deno.test("where nobody came from elsewhere, nobody is in doubt", () => {
  assert.equal(new Doubts().until(T0, T0), undefined);
});

Deno.test("versions of after an arrival are in doubt until its time is over, those of before are not", () => {
  const doubts = new Doubts();
  doubts.arrived(at(5_000), 60_000);
  assert.equal(told(doubts, 4_999, 6_000), "sure");
  assert.equal(told(doubts, 5_000, 6_000), 65_000);
  assert.equal(told(doubts, 64_000, 64_999), 65_000);
  assert.equal(told(doubts, 64_000, 65_000), "sure");
});

Deno.test("of several arrivals the last one before a version counts", () => {
  const doubts = new Doubts();
  doubts.arrived(at(0), 60_000);
  doubts.arrived(at(30_000), 60_000);
  doubts.arrived(at(50_000), 60_000);
  assert.equal(told(doubts, 40_000, 55_000), 110_000);
  assert.equal(told(doubts, 50_000, 55_000), 110_000);
  assert.equal(told(doubts, 50_000, 110_000), "sure");
});

Deno.test("a thousand who come at once are as one, and the last one's time counts for all", () => {
  const doubts = new Doubts();
  for (let ms = 0; ms < 1_000; ms++) doubts.arrived(at(ms), 60_000);
  assert.equal(told(doubts, 0, 1_000), 60_999);
  assert.equal(told(doubts, 999, 60_998), 60_999);
});

Deno.test("a shorter time than somebody else was given shortens nothing", () => {
  const doubts = new Doubts();
  doubts.arrived(at(0), 120_000);
  doubts.arrived(at(5_000), 10_000);
  assert.equal(told(doubts, 1_000, 20_000), 120_000);
  assert.equal(told(doubts, 6_000, 20_000), 120_000);
});
