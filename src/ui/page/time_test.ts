import { equal } from "node:assert/strict";
import { absolute, relative, timeOf } from "./time.js";

const NOW = Date.UTC(2026, 10, 22, 12);
const SECOND = 1_000;

Deno.test("times are in words, in the largest unit that fits", () => {
  for (
    const [seconds, words] of [
      [0, "just now"],
      [-4, "just now"],
      [4, "just now"],
      [-5, "5s ago"],
      [-59, "59s ago"],
      [-60, "1m ago"],
      [-3_599, "59m ago"],
      [-3_600, "1h ago"],
      [-86_399, "23h ago"],
      [-86_400, "1d ago"],
      [-86_400 * 400, "400d ago"],
      [30, "in 30s"],
      [7_200, "in 2h"],
    ] as const
  ) equal(relative(NOW + seconds * SECOND, NOW).replace("min", "m"), words, String(seconds));
});

Deno.test("only RFC 3339 is a time", () => {
  equal(timeOf("2026-11-22T12:00:00Z"), NOW);
  equal(timeOf("2026-11-22T13:00:00.000+01:00"), NOW);
  for (const text of ["", "yesterday", "2026-11-22", "2026-99-22T12:00:00Z", "12", undefined, null, 5, {}]) {
    equal(Number.isNaN(timeOf(text)), true, String(text));
  }
});

Deno.test("the whole of a time says its zone", () => {
  equal(absolute(NOW, "UTC").replaceAll("\u202f", " "), "Nov 22, 2026, 12:00:00 PM UTC");
});
