import assert from "node:assert/strict";
import type { WidgetSays } from "../testing.ts";
import { EMPTY_REPORT, Report } from "./report.ts";

const shown = (reason: string) => ({ type: "Shown", status: "True" as const, reason, message: "m" });
const odd = { reason: "Odd", message: "m" };

Deno.test("a report of which nobody says anything is empty", () => {
  const report = new Report();
  assert.deepEqual(report.data(), EMPTY_REPORT);
  assert.equal(report.lookAgainMs, undefined);
});

Deno.test("the last word on a condition counts, whether it is there or not", () => {
  const report = new Report();
  report.condition(shown("First"));
  report.condition(shown("Second"));
  assert.deepEqual(report.data().conditions, [shown("Second")]);
  report.noCondition("Shown");
  assert.deepEqual([report.data().conditions, report.data().absent], [[], ["Shown"]]);
  report.condition(shown("Third"));
  assert.deepEqual([report.data().conditions, report.data().absent], [[shown("Third")], []]);
});

Deno.test("the last word on a field counts, and undefined takes it away", () => {
  const report = new Report<WidgetSays>();
  report.status({ version: "v1", tier: "none" });
  report.status({ tier: undefined });
  assert.deepEqual(report.data().status, { version: "v1", tier: undefined });
});

Deno.test("troubles and warnings are kept apart, and in order", () => {
  const report = new Report();
  report.trouble(odd);
  report.warning({ ...odd, reason: "W" });
  report.trouble({ ...odd, reason: "Other" });
  const { troubles, warnings } = report.data();
  assert.deepEqual([troubles.map(({ reason }) => reason), warnings.map(({ reason }) => reason)], [
    ["Odd", "Other"],
    ["W"],
  ]);
});

Deno.test("the shortest wait counts", () => {
  const report = new Report();
  for (const wait of [5_000, 60_000, 2_000, 3_000]) report.lookAgain(wait);
  assert.equal(report.lookAgainMs, 2_000);
});

Deno.test("what was taken out of a report does not change with it", () => {
  const report = new Report<WidgetSays>();
  report.status({ version: "v1" });
  const before = report.data();
  report.status({ version: "v2" });
  report.trouble(odd);
  report.condition(shown("New"));
  assert.deepEqual(before, { ...EMPTY_REPORT, status: { version: "v1" } });
});
