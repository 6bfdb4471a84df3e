import assert from "node:assert/strict";
import { lastLines } from "./failure.ts";

Deno.test("of a log the last lines that say something are told, without what a terminal obeys", () => {
  assert.deepEqual(lastLines(["", "\x1b[31mError:\x1b[0m no\x07 such \u009bfile", "   ", "tab\there"]), [
    "Error: no such file",
    "tab\there",
  ]);
  const many = lastLines(Array.from({ length: 50 }, (_, index) => `${index} ${"x".repeat(1_000)}`));
  assert.deepEqual([many.length, many[0]?.slice(0, 3), many[0]?.length], [20, "30 ", 400]);
});
