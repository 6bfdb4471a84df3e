import assert from "node:assert/strict";
import { ageOf, humanDuration } from "./human_duration.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

Deno.test("lengths of time are written as kubectl writes them", () => {
  const cases: [number, string][] = [
    [0, "0s"],
    [999, "0s"],
    [SECOND, "1s"],
    [119 * SECOND, "119s"],
    [2 * MINUTE, "2m"],
    [2 * MINUTE + 5 * SECOND, "2m5s"],
    [9 * MINUTE + 59 * SECOND, "9m59s"],
    [10 * MINUTE + 30 * SECOND, "10m"],
    [179 * MINUTE, "179m"],
    [3 * HOUR, "3h"],
    [3 * HOUR + MINUTE, "3h1m"],
    [8 * HOUR + 59 * MINUTE, "8h"],
    [47 * HOUR, "47h"],
    [2 * DAY, "2d"],
    [2 * DAY + HOUR, "2d1h"],
    [8 * DAY + HOUR, "8d"],
    [729 * DAY, "729d"],
    [730 * DAY, "2y"],
    [731 * DAY, "2y1d"],
    [8 * 365 * DAY, "8y"],
    [100 * 365 * DAY + DAY, "100y"],
    [-1, "0s"],
    [-1_999, "0s"],
    [-2 * SECOND, "<invalid>"],
  ];
  for (const [ms, text] of cases) assert.equal(humanDuration(ms), text, `${ms} ms`);
});

Deno.test("the age of something is told by its time, where it has one that is a time", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  assert.equal(ageOf("2026-01-01T23:59:30.5Z", now), "29s");
  assert.equal(ageOf("2026-01-01T00:00:00+01:00", now), "25h");
  assert.equal(ageOf("", now), "<unknown>");
  assert.equal(ageOf("yesterday", now), "<invalid>");
});
