import assert from "node:assert/strict";
import { formatDuration, parseDuration } from "./duration.ts";

Deno.test("a duration is read as Go's time.ParseDuration reads it", () => {
  const cases: readonly [string, number][] = [
    ["0", 0],
    ["0s", 0],
    ["30s", 30_000],
    ["1m30s", 90_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["1.s", 1_000],
    ["10us", 0.01],
    ["10µs", 0.01],
    ["10μs", 0.01],
    ["5ns", 0.000005],
    ["-2s", -2_000],
    ["+2s", 2_000],
    [" 30s ", 30_000],
    ["2h1m3s4ms", 7_263_004],
  ];
  for (const [text, expected] of cases) assert.equal(parseDuration(text), expected, text);
});

Deno.test("what Go refuses as a duration is refused", () => {
  for (
    const text of ["", " ", "30", "s", "30 s", "30x", "1h30", "--1s", "-", "1e3s", "abc", "30S", "1d", "1m,"]
  ) {
    assert.equal(parseDuration(text), undefined, JSON.stringify(text));
  }
});

Deno.test("fractions do not leave binary noise behind", () => {
  assert.equal(parseDuration("0.1s0.2s"), 300);
});

Deno.test("milliseconds are written as a short duration", () => {
  assert.equal(formatDuration(0), "0s");
  assert.equal(formatDuration(30_000), "30s");
  assert.equal(formatDuration(90_000), "1m30s");
  assert.equal(formatDuration(5_400_000), "1h30m");
  assert.equal(formatDuration(250), "250ms");
  assert.equal(formatDuration(1_500), "1s500ms");
  assert.equal(formatDuration(-2_000), "-2s");
  assert.equal(formatDuration(0.5), "0.5ms");
});

Deno.test("a written duration reads back as the same number", () => {
  for (const value of [1, 999, 1_000, 61_001, 3_600_000, 86_399_999, 12.25]) {
    assert.equal(parseDuration(formatDuration(value)), value);
  }
});
