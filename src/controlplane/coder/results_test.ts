import assert from "node:assert/strict";
import { EMPTY_REPORT } from "../../operator/pass/report.ts";
import { type VisitResult, VisitResults } from "./results.ts";

const result = (changes: Partial<VisitResult> = {}): VisitResult => ({
  generation: 1,
  report: EMPTY_REPORT,
  reachable: true,
  ...changes,
});

Deno.test("the first result and every other one is news, the same one is not", () => {
  const results = new VisitResults();
  assert.equal(results.set("a", result()), true);
  assert.equal(results.set("a", result()), false);
  assert.equal(results.set("a", result({ reachable: false })), true);
  assert.equal(results.set("a", result({ reachable: false, version: "v2.30.0" })), true);
  assert.equal(results.set("a", result({ reachable: false, version: "v2.30.0", generation: 2 })), true);
  assert.equal(results.get("a")?.version, "v2.30.0");
});

Deno.test("the order of fields is no news, that of conditions is what it is", () => {
  const results = new VisitResults();
  results.set("a", result({ report: { ...EMPTY_REPORT, status: { licenseTier: "none", version: "v1" } } }));
  assert.equal(
    results.set("a", result({ report: { ...EMPTY_REPORT, status: { version: "v1", licenseTier: "none" } } })),
    false,
  );
});

Deno.test("control planes keep apart", () => {
  const results = new VisitResults();
  results.set("a", result());
  assert.equal(results.set("b", result()), true);
  assert.equal(results.size, 2);
  assert.equal(results.get("c"), undefined);
});

Deno.test("ends are kept beside results, and forgotten with them", () => {
  const results = new VisitResults();
  results.set("a", result());
  assert.equal(results.ended("a"), undefined);
  results.setEnded("a", { done: false, message: "away" });
  results.setEnded("a", { done: true, message: "" });
  assert.deepEqual(results.ended("a"), { done: true, message: "" });
  results.delete("a");
  assert.deepEqual([results.get("a"), results.ended("a"), results.size], [undefined, undefined, 0]);
});
