import { deepEqual, equal } from "node:assert/strict";
import { ToldRows } from "./told_rows.ts";

Deno.test("rows are told as they come, and kept in their order", () => {
  const lines: string[] = [];
  const rows = new ToldRows((line) => lines.push(line));
  rows.push({ what: "a", measured: "1 s", value: 1 }, { what: "b", measured: "2 MB", value: 2e6 });
  equal(lines.join("|"), "a: 1 s|b: 2 MB");
  equal(rows.list.map(({ what }) => what).join(), "a,b");
});

Deno.test("a figure that should be at most so much is met up to that, and missed above", () => {
  const rows = new ToldRows(() => {});
  rows.atMost(5, { what: "exact", value: 5, text: "5.00 s", unit: " s" });
  rows.atMost(5, { what: "more", value: 5.01, text: "5.01 s", unit: " s", before: "8.0 s" });
  deepEqual(rows.list, [
    { what: "exact", measured: "5.00 s", reach: "≤ 5 s", met: true, value: 5 },
    { what: "more", measured: "5.01 s", reach: "≤ 5 s", met: false, value: 5.01, before: "8.0 s" },
  ]);
});

Deno.test("a goal of nothing at all is a plain zero", () => {
  const rows = new ToldRows(() => {});
  rows.atMost(0, { what: "writes", value: 0, text: "0" });
  rows.atMost(0, { what: "writes", value: 1, text: "1" });
  equal(rows.list.map(({ reach, met }) => `${reach} ${met}`).join(), "0 true,0 false");
});
