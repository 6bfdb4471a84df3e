import assert from "node:assert/strict";
import { atMost, clock, megabytes, passed, type Report, table, without } from "./report.ts";

const report: Report = {
  facts: [["steps", "12"]],
  checks: [without("violations", []), atMost("memory", 101.23, 300, "MB")],
};

Deno.test("a table is aligned, and says of each check whether it holds", () => {
  assert.equal(
    table(report),
    "    steps       12\n  ✓ violations  none\n  ✓ memory      101.2 MB (at most 300 MB)",
  );
  assert.ok(passed(report));
});

Deno.test("what differed stands below the check that it failed, and not without end", () => {
  const details = Array.from({ length: 45 }, (_, i) => `plane-${i} differs`);
  const failed: Report = { facts: [], checks: [without("violations", details)] };
  const lines = table(failed).split("\n");
  assert.equal(lines[0], "  ✗ violations  45");
  assert.equal(lines[1], "      plane-0 differs");
  assert.equal(lines.at(-1), "      … and 5 more");
  assert.equal(lines.length, 42);
  assert.ok(!passed(failed));
});

Deno.test("marks are painted where colours are wanted", () => {
  const painted = table(
    { facts: [], checks: [atMost("writes", 1, 0)] },
    (style, text) => `<${style}>${text}`,
  );
  assert.equal(painted, "  <red>✗ writes  1 (at most 0)");
});

Deno.test("a limit may be reached", () => {
  assert.ok(atMost("writes", 0, 0).ok);
  assert.ok(!atMost("writes", 0.01, 0).ok);
});

Deno.test("a check may say what it looked at", () => {
  assert.equal(without("differences", [], "7 of 7 are right").result, "7 of 7 are right");
});

Deno.test("times are minutes and seconds, memory is in megabytes", () => {
  assert.equal(clock(0), "0:00");
  assert.equal(clock(65_900), "1:05");
  assert.equal(clock(600_000), "10:00");
  assert.equal(megabytes(2_500_000), 2.5);
});
