import { deepEqual, equal } from "node:assert/strict";
import {
  comparisonRows,
  figuresOf,
  type LoadFigures,
  losses,
  middle,
  percentile,
  refusalsOf,
} from "./figures.ts";

const run = (perSecond: number, p50 = 1, p99 = 2): LoadFigures => ({ perSecond, p50, p99 });

Deno.test("a percentile is a value that was measured, whatever the order", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  equal(percentile(values, 0.5), 50);
  equal(percentile(values, 0.99), 99);
  equal(percentile(values, 1), 100);
  equal(percentile([7], 0.5), 7);
  equal(percentile([9, 10], 0.5), 9);
  equal(percentile([], 0.99), 0);
});

Deno.test("microseconds of turns become a rate and milliseconds", () => {
  deepEqual(figuresOf({ micros: [1_000, 3_000, 2_000, 9_000], seconds: 2 }), {
    perSecond: 2,
    p50: 2,
    p99: 9,
  });
  deepEqual(figuresOf({ micros: [], seconds: 2 }), { perSecond: 0, p50: 0, p99: 0 });
});

Deno.test("of several runs each figure is the median of its own", () => {
  deepEqual(middle([run(10, 5, 30), run(30, 1, 10), run(20, 9, 20)]), run(20, 5, 20));
});

Deno.test("a comparison says both rates, and is met at the ratio that is asked for", () => {
  const rows = comparisonRows({
    what: "LIST",
    ours: [run(80)],
    builtIn: [run(100)],
    atLeast: 0.8,
    before: "16 /s",
  });
  equal(rows.length, 2);
  equal(rows[0]?.measured, "100 /s, p50 1.0 ms, p99 2.0 ms");
  equal(rows[0]?.met, undefined);
  equal(rows[1]?.measured, "80 /s, p50 1.0 ms, p99 2.0 ms: 0.80 ×");
  deepEqual([rows[1]?.reach, rows[1]?.met, rows[1]?.before], ["≥ 0.8 ×", true, "16 /s"]);
});

Deno.test("a comparison below its ratio is missed, and one without a goal is neither", () => {
  const both = { what: "LIST", ours: [run(7.5)], builtIn: [run(10)] };
  equal(comparisonRows({ ...both, atLeast: 0.8 })[1]?.met, false);
  equal(comparisonRows(both)[1]?.met, undefined);
  equal(comparisonRows(both)[1]?.measured, "7.50 /s, p50 1.0 ms, p99 2.0 ms: 0.75 ×");
});

Deno.test("where the slowest answers count they have a row of their own", () => {
  const row = (p99: number) =>
    comparisonRows({ what: "LIST", ours: [run(9, 1, p99)], builtIn: [run(9, 1, 5)], p99Counts: true })[2];
  deepEqual([row(5)?.measured, row(5)?.met], ["5.0 ms, 5.0 ms", true]);
  equal(row(5.1)?.met, false);
});

Deno.test("answers other than 200 are counted by their codes", () => {
  deepEqual(refusalsOf({ "200": 5 }), { count: 0, text: "" });
  deepEqual(refusalsOf({ "200": 5, "429": 3, "0": 1 }), { count: 4, text: " (0: 1, 429: 3)" });
});

Deno.test("watchers that were all told everything alike have lost nothing", () => {
  equal(losses({ events: [3, 3], same: 2, ended: 0, codes: { "200": 2 } }, 3), "");
});

Deno.test("whatever a watcher was told less, more or otherwise is said", () => {
  equal(
    losses({ events: [3, 2, 4, 3], same: 1, ended: 1, codes: { "200": 3, "410": 1 } }, 3),
    "1 watchers were told less than 3 events, 1 watchers were told more, 3 watchers were told something else, " +
      "1 watches ended, answers other than 200 (410: 1)",
  );
});
