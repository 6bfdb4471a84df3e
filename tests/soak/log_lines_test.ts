import assert from "node:assert/strict";
import { mistakesIn } from "./log_lines.ts";

const line = (level: string, msg: string, more: object = {}) => JSON.stringify({ level, msg, ...more });

Deno.test("troubles of the world are no mistakes of the program", () => {
  for (
    const fine of [
      "",
      line("info", "reconciled"),
      line("error", "reconcile failed, trying again", { error: { name: "KubeConnectionError" } }),
      line("warn", "a watch ended", { error: "TypeError in somebody's answer" }),
    ]
  ) assert.deepEqual(mistakesIn(fine), []);
});

Deno.test("a line that is not JSON comes from the runtime, not from the log", () => {
  assert.match(mistakesIn("    at file:///main.ts:1:1")[0] ?? "", /not JSON: {5}at file/);
});

Deno.test("rejections that nobody handled and panics are found, at every level", () => {
  for (const text of ["Unhandled rejection", "uncaught exception", "a pass panicked", "panic"]) {
    assert.match(mistakesIn(line("warn", text))[0] ?? "", /accident/, text);
  }
});

Deno.test("errors that only a mistake in the program throws are found", () => {
  for (const name of ["TypeError", "ReferenceError", "RangeError"]) {
    const found = mistakesIn(line("error", "reconcile failed, trying again", { error: { name } }));
    assert.match(found[0] ?? "", /mistake in the program/, name);
  }
});

Deno.test("a very long line is cut short", () => {
  const [found = ""] = mistakesIn("x".repeat(10_000));
  assert.ok(found.length < 700 && found.endsWith("…"));
});
