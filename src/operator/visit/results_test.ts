import assert from "node:assert/strict";
import { EMPTY_REPORT } from "../pass/report.ts";
import type { WidgetSays } from "../testing.ts";
import { type VisitResult, VisitResults } from "./results.ts";

/** With facts of its own, as those of all kinds. */
interface Result extends VisitResult<WidgetSays> {
  readonly reachable: boolean;
  readonly version?: string;
}

const result = (changes: Partial<Result> = {}): Result => ({
  generation: 1,
  report: EMPTY_REPORT,
  reachable: true,
  ...changes,
});

Deno.test("the first result and every other one is news, the same one is not", () => {
  const results = new VisitResults<Result>();
  assert.equal(results.set("a", result()), true);
  assert.equal(results.set("a", result()), false);
  assert.equal(results.set("a", result({ reachable: false })), true);
  assert.equal(results.set("a", result({ reachable: false, version: "v2.30.0" })), true);
  assert.equal(results.set("a", result({ reachable: false, version: "v2.30.0", generation: 2 })), true);
  assert.equal(results.get("a")?.version, "v2.30.0");
});

Deno.test("the order of fields is no news, that of conditions is what it is", () => {
  const results = new VisitResults<Result>();
  results.set("a", result({ report: { ...EMPTY_REPORT, status: { tier: "none", version: "v1" } } }));
  assert.equal(
    results.set("a", result({ report: { ...EMPTY_REPORT, status: { version: "v1", tier: "none" } } })),
    false,
  );
});

Deno.test("objects keep apart", () => {
  const results = new VisitResults<Result>();
  results.set("a", result());
  assert.equal(results.set("b", result()), true);
  assert.equal(results.size, 2);
  assert.equal(results.get("c"), undefined);
});

Deno.test("ends are kept beside results, and forgotten with them", () => {
  const results = new VisitResults<Result>();
  results.set("a", result());
  assert.equal(results.ended("a"), undefined);
  results.setEnded("a", { done: false, message: "away" });
  results.setEnded("a", { done: true, message: "" });
  assert.deepEqual(results.ended("a"), { done: true, message: "" });
  results.delete("a");
  assert.deepEqual([results.get("a"), results.ended("a"), results.size], [undefined, undefined, 0]);
});
